/*
 * What a sandbox stands on, as its reader needs it: the chain's index and tars, and the uppers of
 * sandboxes in between.
 */
#ifndef WCL_STORE_SANDBOX_LOWER_H
#define WCL_STORE_SANDBOX_LOWER_H

#include "erofs/image.h"
#include "layer/store/store.h"

typedef struct wcl_lower {
    wcl_erofs_image *image;
    wcl_nid root; /* what the mount's root is in the image: of a Windows layer its Files */
    bool has_root;
    char root_name[256];    /* "Files", as the chain spells it */
    wcl_layer_record chain; /* of the read-only layer */
    const wcl_store *store;
    int *tars;   /* by device - 1; -1 until opened */
    int *uppers; /* nearest first */
    size_t upper_count;
} wcl_lower;

#define WCL_LOWER_INIT                                                                             \
    {                                                                                              \
        .image = NULL                                                                              \
    }

/* The store must outlive it. Makes the chain's index if need be. */
wcl_status wcl_lower_open(const wcl_store *store, const wcl_layer_record *sandbox, wcl_lower *lower,
                          wcl_error *error);
void wcl_lower_close(wcl_lower *lower);

/* The tar of a device of the index, which stays the lower's, and its size. */
wcl_status wcl_lower_tar(wcl_lower *lower, uint32_t device, int *fd, uint64_t *size,
                         wcl_error *error);

/* Calls `visit` for the names that the folder `path` ("" is the mount's root) has there, in byte
 * order; none where it is no folder. */
wcl_status wcl_lower_each(const wcl_lower *lower, const char *path,
                          wcl_status (*visit)(void *context, const char *name, wcl_error *error),
                          void *context, wcl_error *error);

/* S_IFDIR, S_IFREG, ... of what is at `path`, without following links; 0 where nothing is. */
wcl_status wcl_lower_type(const wcl_lower *lower, const char *path, uint32_t *type,
                          wcl_error *error);

/* The inode that `path` has in the image, whatever lies above it; WCL_END where it has none. */
wcl_status wcl_lower_nid(const wcl_lower *lower, const char *path, wcl_nid *nid, wcl_error *error);

#endif
