/* Trees of all kinds with files as devices, for what compares images with the kernel's view of
 * them. */
#ifndef WCL_TEST_EROFS_WORLD_H
#define WCL_TEST_EROFS_WORLD_H

#include <stddef.h>

#include "erofs/image.h"
#include "erofs/write.h"

#define MAX_DEVICES 300

typedef struct world {
    wcl_erofs_tree *tree;
    char folder[64]; /* where its files are */
    int devices[MAX_DEVICES];
    uint64_t sizes[MAX_DEVICES];
    size_t device_count;
    uint64_t random;
} world;

typedef struct world_case {
    const char *name;
    void (*build)(world *w);
} world_case;

extern const world_case world_cases[];
extern const size_t world_case_count;

/* An empty tree in a folder of its own. */
void world_make(world *w, const char *name, wcl_tree_names names);
/* Closes and removes all of it. */
void world_remove(world *w);

/* The next of the world's random numbers. */
uint64_t world_random(world *w);

/* Writes the tree as `image` in the folder. */
void world_write_image(const world *w);
/* Where a device is, counted from 1. */
void world_device_path(const world *w, size_t device, char path[128]);

#endif
