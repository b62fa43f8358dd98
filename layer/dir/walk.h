/*
 * Walking through a layer's folder: depth first, names in byte order, a folder before what is in
 * it, with a fixed number of open files and without following links.
 */
#ifndef WCL_DIR_WALK_H
#define WCL_DIR_WALK_H

#include "layer/dir/sidecar.h"

typedef struct wcl_walk wcl_walk;

typedef struct wcl_walk_item {
    const char *path;      /* in the layer */
    const char *disk_path; /* in the folder */
    const char *disk_name; /* its last component */
    int folder;            /* the folder that it is in, open for reading */
    struct stat status;    /* a symbolic link's own */
} wcl_walk_item;

typedef struct wcl_walk_rules {
    size_t name_max;      /* see wcl_disk_name() */
    bool has_companions;  /* folders have companions, which are no items (see names.h) */
    bool is_plain;        /* no name means anything, and there are no true names */
    wcl_sidecar *sidecar; /* for the true names of items */
} wcl_walk_rules;

/* `root` stays the caller's. */
wcl_status wcl_walk_new(int root, const wcl_walk_rules *rules, wcl_walk **walk, wcl_error *error);
void wcl_walk_free(wcl_walk *walk);

/* The next item, valid until the next call. WCL_END behind the last. */
wcl_status wcl_walk_next(wcl_walk *walk, wcl_walk_item *item, wcl_error *error);

/* The record of an item: from the extended attributes of `fd` (-1: it has none), or the sidecar. */
wcl_status wcl_file_record_look_up(wcl_sidecar *sidecar, int fd, const char *disk_path,
                                   wcl_file_record *record, bool *found, wcl_error *error);

#endif
