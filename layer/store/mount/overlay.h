/* The overlay of a sandbox: its upper over what it stands on. */
#ifndef WCL_STORE_OVERLAY_H
#define WCL_STORE_OVERLAY_H

#include "base/buffer.h"
#include "layer/store/store.h"

/* What a caller may want of a sandbox's mount beyond the usual. */
typedef struct wcl_overlay_options {
    const char *mount_label; /* an SELinux context for all files; NULL or "": none */
    bool is_volatile;        /* what is written need not be on disk when it is unmounted */
    bool shares_lower; /* the sandboxes it stands on may be mounted, since nobody writes to them */
    bool suid;         /* set-uid files count: it is to be a container's root as it is */
    const int *user_namespace; /* by which the ids of what it stands on are mapped; or NULL */
} wcl_overlay_options;

/* What a sandbox stands on, as overlayfs is told of it: nearest first. */
typedef struct wcl_overlay_lower {
    int *fds;
    size_t count;
    size_t capacity;
    wcl_buffer names; /* each ends with a NUL */
} wcl_overlay_lower;

#define WCL_OVERLAY_LOWER_INIT                                                                     \
    {                                                                                              \
        NULL, 0, 0, WCL_BUFFER_INIT                                                                \
    }

/* Adds the next layer, which was acquired: a read-only one's chain, or a sandbox's upper. */
wcl_status wcl_overlay_lower_add(wcl_overlay_lower *lower, const wcl_store *store,
                                 const wcl_store_layer *layer, wcl_error *error);
void wcl_overlay_lower_free(wcl_overlay_lower *lower);

/* The source of a sandbox's overlay, by which it is known in every mount namespace: its id, and
 * where its folder is. */
#define WCL_OVERLAY_SOURCE_SIZE 192
wcl_status wcl_overlay_source(const wcl_store_layer *sandbox, char source[WCL_OVERLAY_SOURCE_SIZE],
                              wcl_error *error);

/*
 * Attaches the overlay at the sandbox's merged folder. A new sandbox gets its upper here, with the
 * root's metadata as it is below. `options` may be NULL.
 */
wcl_status wcl_overlay_mount(const wcl_store *store, const wcl_store_layer *sandbox,
                             wcl_overlay_lower *lower, const wcl_overlay_options *options,
                             wcl_error *error);

/* Gives the folder `to` the owner, mode, attributes and time of `from`. */
wcl_status wcl_overlay_copy_root(int from, int to, wcl_error *error);

#endif
