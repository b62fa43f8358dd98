/* What the driver wants of mounts that only the portable store can do. */
#include <string.h>

#include "base/error.h"
#include "graphdriver/driver.h"
#include "layer/provider.h"
#include "layer/store/mount.h"
#include "layer/store/sandbox.h"
#include "layer/store/sandbox_work.h"

static bool is_store(const wcl_graphdriver *driver)
{
    const wcl_layer_provider *provider;

    return wcl_layer_provider_find(driver->provider, &provider, NULL) == WCL_OK &&
           provider == &wcl_store_provider;
}

wcl_status wcl_graphdriver_unmount_lazily(const wcl_graphdriver *driver, const char *id,
                                          wcl_error *error)
{
    WCL_CLEANUP_WORK wcl_work work = WCL_WORK_INIT;

    if (!is_store(driver))
        return wcl_fail(error, WCL_CODE_BUSY, "the layer is in use");
    if (wcl_work_begin(&driver->layers, id, &work, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_mount_repair(&work.store, id, error);
}

wcl_status wcl_graphdriver_prepare_labelled(const wcl_graphdriver *driver, const char *id,
                                            const char *label, wcl_error *error)
{
    const wcl_overlay_options options = { .mount_label = label };

    if (!is_store(driver))
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "the layer shall be mounted with the label '%.100s', but its provider "
                        "knows no labels",
                        label);
    return wcl_store_prepare_with(&driver->layers, id, (wcl_parents) { NULL, 0 }, &options, error);
}
