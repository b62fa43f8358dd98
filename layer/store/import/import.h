/* Importing a layer's tar: inflating, hashing, writing and indexing, all at once. */
#ifndef WCL_STORE_IMPORT_H
#define WCL_STORE_IMPORT_H

#include "base/digest.h"
#include "layer/store/index/index.h"

/* For a layer that is imported while its parents are: they are looked for only when `pass` has
 * returned, so that the options must say the system. */
typedef struct wcl_import_gate {
    /* NULL, or may put a file layer.tar into the layer's folder `stage_fd`, which holds by the end
     * what is read: the import then writes none of its own. `*is_there` says that it did. */
    wcl_status (*place_tar)(void *context, int stage_fd, bool *is_there, wcl_error *error);
    /* Called when all is read, checked and indexed, with the result so far: waits until the parents
     * are there, or refuses the layer. */
    wcl_status (*pass)(void *context, const wcl_import_result *result, wcl_error *error);
    void *context;
} wcl_import_gate;

typedef struct wcl_import_request {
    const char *id;
    wcl_parents parents;
    /* The tar comes from `read`, or is there as layer.tar of `stage`: it is not a stranger's then,
     * and nothing limits it. The stage stays the caller's to end. */
    wcl_read_fn read;
    void *context;
    wcl_stage *stage;
    const wcl_import_options *options; /* NULL: the usual ones */
    const wcl_import_gate *gate;       /* NULL: the parents are there from the start */
    bool is_floating;                  /* it has no parents yet: wcl_store_rebase() gives it some */
} wcl_import_request;

/* Imports a layer and puts it in place. `result` may be NULL. */
wcl_status wcl_store_import(const wcl_store *store, const wcl_import_request *request,
                            wcl_import_result *result, wcl_error *error);

/*
 * Puts a read-only layer, on which nothing stands, on a parent, as if it had been imported on it;
 * done again, on another. The parent is not a sandbox, and of the same system unless the layer is
 * empty.
 */
wcl_status wcl_store_rebase(const wcl_driver *driver, const char *id, const char *parent,
                            wcl_error *error);

/* Indexes a tar that is there, for `os`, and, unless `diff_id` is NULL, hashes it. `size` may be
 * NULL. */
wcl_status wcl_store_scan_tar(const wcl_store *store, int tar_fd, wcl_os os, const char *operation,
                              wcl_index **index, char diff_id[WCL_DIGEST_TEXT_SIZE], uint64_t *size,
                              wcl_error *error);

#endif
