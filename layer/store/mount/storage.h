/*
 * The storage of a sandbox, where its upper and work folders are: the layer's folder itself, or for
 * a sandbox of limited size
 *
 *     HOME/ID/sandbox.img   an ext4, sparse, and larger than the limit (see ext4.h)
 *     HOME/ID/storage/      where it is mounted
 *
 * The file's lock is held for as long as a loop device has it, so that it never gets two.
 */
#ifndef WCL_STORE_STORAGE_H
#define WCL_STORE_STORAGE_H

#include "layer/store/store.h"

/* Makes the storage of a new sandbox in its folder, which is at `path`; `limit` 0 is none. */
wcl_status wcl_storage_make(int layer_fd, const char *path, uint64_t limit, wcl_error *error);

/* Mounts the storage of a limited sandbox nowhere, as a descriptor. Fails with BUSY where it is
 * mounted already. */
wcl_status wcl_storage_mount(const wcl_store_layer *layer, int *mount, wcl_error *error);

/* Mounts the storage of a limited sandbox; nothing is to be done for another. */
wcl_status wcl_storage_attach(const wcl_store_layer *layer, wcl_error *error);

/* After it was unmounted: waits, for ten seconds at most, until no loop device has the image. */
void wcl_storage_wait_detached(const wcl_store_layer *layer);

/* Whether it is there to be used. */
bool wcl_storage_is_attached(const wcl_store_layer *layer);

/* The folder that holds upper and work, of an attached storage. */
wcl_status wcl_storage_open(const wcl_store_layer *layer, int *folder, wcl_error *error);

/* Raises the limit of an attached storage, and lets image and file system grow if that needs it. */
wcl_status wcl_storage_grow(const wcl_store_layer *layer, uint64_t limit, wcl_error *error);

#endif
