/* What the driver wants of layers that only the portable store can do. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/beneath.h"
#include "base/error.h"
#include "graphdriver/driver.h"
#include "layer/internal.h"

wcl_status wcl_graphdriver_prepare(const wcl_graphdriver *driver, const char *id, const char *label,
                                   wcl_error *error)
{
    /* BuildKit mounts a layer to read it while others stand on it already. */
    const wcl_overlay_options options = { .mount_label = label,
                                          .shares_lower = true,
                                          .is_volatile = wcl_graphdriver_is_init(id),
                                          .suid = true };
    const wcl_parents no_parents = { NULL, 0 };

    if (wcl_mounts_is_store(&driver->layers))
        return wcl_store_prepare_with(&driver->layers, id, no_parents, &options, error);
    if (!label || !*label)
        return wcl_layer_prepare(&driver->layers, id, no_parents, error);
    return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                    "the layer is to be mounted with the label '%.100s', but its provider has no "
                    "labels",
                    label);
}

wcl_status wcl_graphdriver_freeze(const wcl_graphdriver *driver, const char *id, bool alone,
                                  wcl_error *error)
{
    if (!wcl_mounts_is_store(&driver->layers))
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "the layer is writable, and its provider cannot make it read-only");
    return wcl_store_freeze_sandbox(&driver->layers, id, alone, error);
}

wcl_status wcl_graphdriver_lay_over(const wcl_graphdriver *driver, const char *id, const char *path,
                                    wcl_error *error)
{
    WCL_CLEANUP_FD int root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

    if (!wcl_mounts_is_store(&driver->layers))
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "cannot apply a diff to a writable layer of this provider");
    if (root < 0)
        return wcl_fail_errno(error, errno, "cannot open '%s'", path);
    return wcl_store_lay_over(&driver->layers, id, root, error);
}
