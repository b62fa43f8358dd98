/* Entries that are no files on disk (deleted, opaque, hard links), waiting for their place among
 * those that are. */
#ifndef WCL_DIR_EXTRAS_H
#define WCL_DIR_EXTRAS_H

#include "layer/dir/sidecar.h"

typedef struct wcl_extra {
    wcl_entry_kind kind;
    char *path;
    char *target;        /* of a hard link */
    wcl_basic_info info; /* what its own entry said of the file; zeros where nothing */
    bool on_disk;        /* the link is one on disk too */
    bool met;            /* and was met there */
    bool given;
    size_t number;        /* the order in which they were added */
    size_t folder_length; /* bytes of `path` that name the folder after which it is given */
} wcl_extra;

typedef struct wcl_extras {
    wcl_extra *items;
    size_t count;
    size_t capacity;
    size_t rest; /* where wcl_extras_next_rest() stands */
} wcl_extras;

void wcl_extras_free(wcl_extras *extras);

wcl_status wcl_extras_add(wcl_extras *extras, wcl_entry_kind kind, const char *path,
                          const char *target, bool on_disk, wcl_error *error);

/* Adds all those of a sidecar. */
wcl_status wcl_extras_load(wcl_extras *extras, wcl_sidecar *sidecar, wcl_error *error);

/* To be called once, when all were added. */
void wcl_extras_sort(wcl_extras *extras);

/* The next deleted or opaque entry to be given after `folder`, or NULL. */
wcl_extra *wcl_extras_next_in(wcl_extras *extras, const char *folder);

/* The next one that was not given, links last and in their own order; or NULL. */
wcl_extra *wcl_extras_next_rest(wcl_extras *extras);

/* The link of that path, or NULL. */
wcl_extra *wcl_extras_find_link(wcl_extras *extras, const char *path);

/* Makes `entry` the extra. */
static inline void wcl_extra_give(const wcl_extra *extra, wcl_entry *entry)
{
    entry->kind = extra->kind;
    entry->path = extra->path;
    entry->target = extra->target;
    entry->info = extra->info;
}

#endif
