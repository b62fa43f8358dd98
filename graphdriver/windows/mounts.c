/* Get and Put on Windows: mounting layers, and counting who wants them mounted. */
#include "base/error.h"
#include "graphdriver/windows/driver.h"

static const wcl_parents own_chain = { NULL, 0 };

wcl_status wcl_graphdriver_mount(wcl_graphdriver *driver, const char *id, wcl_error *error)
{
    if (wcl_layer_activate(&driver->layers, id, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_layer_prepare(&driver->layers, id, own_chain, error) == WCL_OK)
        return WCL_OK;
    wcl_layer_deactivate(&driver->layers, id, NULL);
    return WCL_FAILED;
}

wcl_status wcl_graphdriver_unmount(wcl_graphdriver *driver, const char *id, wcl_error *error)
{
    if (wcl_layer_unprepare(&driver->layers, id, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_layer_deactivate(&driver->layers, id, error);
}

static wcl_status get(wcl_graphdriver *driver, const char *id, wcl_mount_use *use, char **path,
                      wcl_error *error)
{
    if (use->count == 0 && wcl_graphdriver_mount(driver, id, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_layer_mount_path(&driver->layers, id, path, error) == WCL_OK) {
        use->count++;
        return WCL_OK;
    }
    if (use->count == 0)
        wcl_graphdriver_unmount(driver, id, NULL);
    return WCL_FAILED;
}

wcl_status wcl_graphdriver_get(wcl_graphdriver *driver, const char *id, const char *mount_label,
                               char **path, wcl_error *error)
{
    wcl_mount_use *use;

    if (mount_label && *mount_label) {
        wcl_fail(error, WCL_CODE_NOT_SUPPORTED, "Windows has no mount labels");
        return wcl_error_context(error, "get", id);
    }
    wcl_status status = wcl_mounts_enter(&driver->mounts, id, &use, error);
    if (status == WCL_OK)
        status = wcl_mounts_leave(&driver->mounts, use, get(driver, id, use, path, error));
    return wcl_graphdriver_done(status, "get", id, error);
}

static wcl_status put(wcl_graphdriver *driver, const char *id, wcl_mount_use *use, wcl_error *error)
{
    if (use->count == 1 && wcl_graphdriver_unmount(driver, id, error) != WCL_OK)
        return WCL_FAILED;
    use->count -= use->count > 0;
    return WCL_OK;
}

wcl_status wcl_graphdriver_put(wcl_graphdriver *driver, const char *id, wcl_error *error)
{
    wcl_mount_use *use;
    wcl_status status = wcl_mounts_enter(&driver->mounts, id, &use, error);

    if (status == WCL_OK)
        status = wcl_mounts_leave(&driver->mounts, use, put(driver, id, use, error));
    return wcl_graphdriver_done(status, "put", id, error);
}
