/* The root folder of a container: a sandbox of a layer store, or a folder that is ready. */
#ifndef WCL_CONTAINER_OCI_ROOT_H
#define WCL_CONTAINER_OCI_ROOT_H

#include "base/buffer.h"
#include "container/config.h"

/* Where a container's root comes from. */
typedef struct wcl_root {
    char *home; /* the layer's store and id there; NULL when the folder is used as it is */
    char *layer;
    char *path;    /* the root; of a layer, set once it is prepared */
    char *storage; /* a folder on the device that writes to the root end on */
} wcl_root;

/* Tells where the root is to come from, and refuses fields that do not go with it. */
wcl_status wcl_root_resolve(const wcl_container_config *config, wcl_root *root, wcl_error *error);
/* Activates, expands and prepares the layer; nothing is left of it after a failure. */
wcl_status wcl_root_prepare(const wcl_container_config *config, wcl_root *root, wcl_error *error);
/* Shows the root in `path`/rootfs, of the container's folder, as a mount of the container's own:
 * device nodes of the layer cannot be opened there, and set-uid files count only there. `path` of
 * the root is that one then. */
wcl_status wcl_root_attach(wcl_root *root, int folder, const char *path, wcl_error *error);
/* Undoes that, which need not have been done. */
wcl_status wcl_root_detach(int folder, const char *path, wcl_error *error);
/* Undoes the preparation; what was undone before is no failure. */
wcl_status wcl_root_unprepare(const char *home, const char *layer, wcl_error *error);
/* Removes the layer from its home; one that is not there is no failure. */
wcl_status wcl_root_remove(const char *home, const char *layer, wcl_error *error);
void wcl_root_free(wcl_root *root);
#define WCL_CLEANUP_ROOT __attribute__((cleanup(wcl_root_free)))

#endif
