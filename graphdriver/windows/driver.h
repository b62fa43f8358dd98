/*
 * The graph driver on vmcompute.dll, which does what docker's own "windowsfilter" does: a layer's
 * chain is in its layerchain.json, a removed layer is renamed to ID-removing before it is
 * destroyed, and a layer is mounted while it has references.
 */
#ifndef WCL_GRAPHDRIVER_WINDOWS_DRIVER_H
#define WCL_GRAPHDRIVER_WINDOWS_DRIVER_H

#include <wcl/graphdriver.h>

#include "base/buffer.h"
#include "mounts/mounts.h"
#include "platform/windows/vmcompute.h"

struct wcl_graphdriver {
    wcl_driver layers;    /* of wcl/layer.h; its texts are the driver's */
    wcl_vm_driver driver; /* the same for vmcompute.dll */
    char *home;
    char *root;      /* the home as a long path */
    wcl_hooks hooks; /* the log alone */
    uint64_t size;   /* of writable layers that do not say theirs; 0: what Windows gives them */
    wcl_mounts mounts;
};

/* A failure of that operation on that layer, or success. */
wcl_status wcl_graphdriver_done(wcl_status status, const char *operation, const char *id,
                                wcl_error *error);

/* Activates and prepares a layer, and the other way round; with the layer's turn held. */
wcl_status wcl_graphdriver_mount(wcl_graphdriver *driver, const char *id, wcl_error *error);
wcl_status wcl_graphdriver_unmount(wcl_graphdriver *driver, const char *id, wcl_error *error);

/* What a layer that is being removed is renamed to. */
#define WCL_REMOVING "-removing"

/* Destroys what an earlier removal left. */
wcl_status wcl_graphdriver_destroy_leftovers(const wcl_graphdriver *driver, wcl_error *error);

#endif
