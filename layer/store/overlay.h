/* The overlay of a sandbox: its upper over what it stands on. */
#ifndef WCL_STORE_OVERLAY_H
#define WCL_STORE_OVERLAY_H

#include "layer/store/store.h"

/* What a caller may want of a sandbox's mount beyond the usual. */
typedef struct wcl_overlay_options {
    const char *mount_label; /* an SELinux context for all files; NULL or "": none */
} wcl_overlay_options;

/*
 * Attaches the overlay at the sandbox's merged folder. All that it stands on is acquired. A new
 * sandbox gets its upper here, with the root's metadata as it is below. `options` may be NULL.
 */
wcl_status wcl_overlay_mount(const wcl_store *store, const wcl_store_layer *sandbox,
                             const wcl_overlay_options *options, wcl_error *error);

#endif
