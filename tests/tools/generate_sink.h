/* Adding generated entries to a layer. The same calls first only measure: they count the entries
 * and weigh the files, so that both numbers that were asked for can be met. */
#ifndef GENERATE_SINK_H
#define GENERATE_SINK_H

#include <wcl/backupstream.h>
#include <wcl/layer.h>

#include "generate_content.h"

#define DESCRIPTORS 320

typedef struct generator {
    uint64_t seed;
    bool is_linux;
    bool repetitive; /* the contents */
    /* What was measured, or is being. */
    bool measuring;
    uint64_t entries;
    uint64_t weight;
    /* For writing. */
    double scale; /* bytes for each unit of weight */
    wcl_layer_writer *writer;
    wcl_backup_writer *backup;
    content *content;
    void *descriptors[DESCRIPTORS];
    size_t descriptor_sizes[DESCRIPTORS];
    wcl_status status; /* stays WCL_FAILED once something failed */
    wcl_error error;
} generator;

/* A file or folder to add. */
typedef struct entry_shape {
    const char *path;
    uint64_t id;
    content_kind kind;
    uint64_t weight; /* 0: empty */
    /* Windows */
    uint32_t attributes;
    uint32_t reparse_tag; /* 0: none; a link's target is `target` */
    const char *target;
    bool is_sparse;
    bool has_eas;
    bool has_stream;
    /* Linux */
    uint32_t mode;
    uint32_t uid;
    uint32_t gid;
    const char *xattr;
} entry_shape;

wcl_status generator_start(generator *generator, wcl_layer_writer *writer);
void generator_free(generator *generator);

void add_directory(generator *generator, const entry_shape *shape);
void add_file(generator *generator, const entry_shape *shape);
void add_hard_link(generator *generator, const char *path, const char *target);
void add_deleted(generator *generator, const char *path);
/* Linux: a symbolic link, device, FIFO or opaque mark. */
void add_special(generator *generator, wcl_entry_kind kind, const char *path, const char *target,
                 uint64_t id);

#endif
