/*
 * Mounts of the store. A chain of read-only layers is one EROFS mount (of chain.erofs, with the
 * tars as its devices) at HOME/ID/merged of the nearest layer; all sandboxes on that layer share
 * it. A sandbox is an overlayfs over it at HOME/SANDBOX/merged.
 *
 * Callers hold the layer's lock exclusively, and its parents' shared.
 */
#ifndef WCL_STORE_MOUNT_H
#define WCL_STORE_MOUNT_H

#include "layer/store/store.h"

/* How chains get mounted on this host. */
typedef enum wcl_mount_way {
    WCL_MOUNT_FILES = 1,  /* EROFS straight on the files */
    WCL_MOUNT_LOOP = 2,   /* EROFS on loop devices */
    WCL_MOUNT_UNPACK = 3, /* a folder the chain is unpacked into */
} wcl_mount_way;

/* The way that WCL_MOUNT (files, loop, unpack) forces, else the first that works; why the better
 * ones do not is put into `reason`. Found out by trying. */
wcl_status wcl_mount_choose(const wcl_store *store, wcl_mount_way *way, char reason[200],
                            wcl_error *error);

/* Whether a layer's merged folder is mounted now. */
bool wcl_mount_is_mounted(const wcl_store *store, const char *id);

/* After an interrupted change: unmounts what is half done of layer `id`, or of one that is no more,
 * so that it is as if never activated. */
wcl_status wcl_mount_repair(const wcl_store *store, const char *id, wcl_error *error);

#endif
