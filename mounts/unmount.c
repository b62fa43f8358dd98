/* Undoing a layer's mount without waiting for what need not be waited for. */
#include "base/error.h"
#include "layer/internal.h"
#include "mounts/mounts.h"

bool wcl_mounts_is_store(const wcl_driver *layers)
{
    const wcl_layer_provider *provider;

    return wcl_layer_provider_find(layers->provider, &provider, NULL) == WCL_OK &&
           provider == &wcl_store_provider;
}

static wcl_status unmount_lazily(const wcl_driver *layers, const char *id, wcl_error *error)
{
    WCL_CLEANUP_WORK wcl_work work = WCL_WORK_INIT;

    if (!wcl_mounts_is_store(layers))
        return wcl_fail(error, WCL_CODE_BUSY, "the layer is in use");
    if (wcl_work_begin(layers, id, &work, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_mount_repair(&work.store, id, error);
}

wcl_status wcl_mounts_unmount(const wcl_mounts *mounts, const char *id, wcl_error *error)
{
    const wcl_driver *layers = mounts->layers;
    wcl_error why = WCL_ERROR_INIT;

    wcl_status status = wcl_mounts_is_store(layers) ? wcl_store_unprepare_behind(layers, id, &why)
                                                    : wcl_layer_unprepare(layers, id, &why);
    if (status == WCL_OK)
        status = wcl_layer_deactivate(layers, id, &why);
    else if (why.code == WCL_CODE_INVALID_STATE && wcl_layer_deactivate(layers, id, NULL) == WCL_OK)
        return WCL_OK;
    if (status == WCL_OK || why.code == WCL_CODE_INVALID_STATE)
        return WCL_OK;
    if (why.code == WCL_CODE_BUSY)
        return unmount_lazily(layers, id, error);
    return wcl_error_pass(error, &why);
}
