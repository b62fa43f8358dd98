/* Importing a layer's tar: inflating, hashing, writing and indexing, all at once. */
#ifndef WCL_STORE_IMPORT_H
#define WCL_STORE_IMPORT_H

#include "base/digest.h"
#include "layer/store/index/index.h"

wcl_status wcl_store_import_tar(const wcl_driver *driver, const char *id, wcl_parents parents,
                                wcl_read_fn read, void *context, const wcl_import_options *options,
                                wcl_import_result *result, wcl_error *error);

/*
 * The same in two steps, so that a layer can be imported while its parents are: `pass` is called
 * when all is read, checked and indexed and has the result so far. It waits until the parents are
 * there, or refuses the layer. The parents are looked for only then, so that `os` must be said.
 */
typedef struct wcl_import_gate {
    /* NULL, or may put a file layer.tar into the layer's folder `stage_fd`, which holds by the end
     * what `read` gives: the import then writes none of its own. `*is_there` says that it did. */
    wcl_status (*place_tar)(void *context, int stage_fd, bool *is_there, wcl_error *error);
    wcl_status (*pass)(void *context, const wcl_import_result *result, wcl_error *error);
    void *context;
} wcl_import_gate;
wcl_status wcl_store_import_gated(const wcl_driver *driver, const char *id, wcl_parents parents,
                                  wcl_read_fn read, void *context,
                                  const wcl_import_options *options, const wcl_import_gate *gate,
                                  wcl_error *error);

/*
 * The rest of an import, for whoever has a whole layer.tar in a stage already: indexes and hashes
 * it, writes layer.json, and puts the layer in place. The stage stays the caller's to end.
 */
wcl_status wcl_store_adopt_tar(const wcl_store *store, wcl_stage *stage, const char *id, wcl_os os,
                               wcl_parents parents, wcl_error *error);

/* Indexes a tar that is there, for `os`, and, unless `diff_id` is NULL, hashes it. `size` may be
 * NULL. */
wcl_status wcl_store_scan_tar(const wcl_store *store, int tar_fd, wcl_os os, const char *operation,
                              wcl_index **index, char diff_id[WCL_DIGEST_TEXT_SIZE], uint64_t *size,
                              wcl_error *error);

#endif
