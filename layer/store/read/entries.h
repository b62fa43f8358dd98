/* Readers and writers of layers of the store. */
#ifndef WCL_STORE_ENTRIES_H
#define WCL_STORE_ENTRIES_H

#include "layer/store/store.h"

/* A reader of a read-only layer, which is locked for sharing; takes over store and layer in any
 * case. */
wcl_status wcl_store_reader_open(wcl_store *store, wcl_store_layer *layer,
                                 wcl_layer_reader **reader, wcl_error *error);

/* A reader of what changed in a sandbox, which is locked for sharing; likewise. */
wcl_status wcl_sandbox_reader_open(wcl_store *store, wcl_store_layer *layer,
                                   wcl_layer_reader **reader, wcl_error *error);

/* Calls `change` for each path that a sandbox changes; store and layer are taken over in any case.
 */
typedef wcl_status (*wcl_change_fn)(void *context, const char *path, wcl_change_kind kind,
                                    wcl_error *error);
wcl_status wcl_sandbox_changes(wcl_store *store, wcl_store_layer *layer, wcl_change_fn change,
                               void *context, wcl_error *error);

/* Writes what changed in a sandbox as a tar; store and layer are taken over in any case. */
wcl_status wcl_sandbox_export(wcl_store *store, wcl_store_layer *layer, wcl_write_fn write,
                              void *context, const wcl_tar_writer_options *options,
                              wcl_error *error);

/* A writer of a new layer; the store is taken over in any case. */
wcl_status wcl_store_writer_open(wcl_store *store, const char *id, wcl_parents parents,
                                 wcl_layer_writer **writer, wcl_error *error);

/* Lets the layer take the place of a folder that is no layer, when the writer is closed. */
void wcl_store_writer_replaces(wcl_layer_writer *writer);

/* A reader of a layer merged with its parents, from its chain's index. Likewise. */
wcl_status wcl_store_merged_open(wcl_store *store, wcl_store_layer *layer,
                                 wcl_layer_reader **reader, wcl_error *error);

#endif
