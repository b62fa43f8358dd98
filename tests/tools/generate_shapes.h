/* The shapes of generated layers. */
#ifndef GENERATE_SHAPES_H
#define GENERATE_SHAPES_H

#include "generate_sink.h"

/* What a layer is made from; the same plan always gives the same layer. */
typedef struct layer_plan {
    uint64_t seed;
    uint64_t units; /* assemblies (Windows) or packages (Linux) */
    uint64_t fill;  /* single files that make the number of entries exact */
    /* Of a child: what it changes in its parent. */
    bool is_child;
    uint64_t parent_seed;
    uint64_t touched; /* the first so many units of the parent */
} layer_plan;

void generate_windows(generator *generator, const layer_plan *plan);
void generate_linux(generator *generator, const layer_plan *plan);

#endif
