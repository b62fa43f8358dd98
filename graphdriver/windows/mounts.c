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

static wcl_status get(wcl_graphdriver *driver, const char *id, wcl_layer_use *reference,
                      char **path, wcl_error *error)
{
    if (reference->count == 0 && wcl_graphdriver_mount(driver, id, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_layer_mount_path(&driver->layers, id, path, error) == WCL_OK) {
        reference->count++;
        return WCL_OK;
    }
    if (reference->count == 0)
        wcl_graphdriver_unmount(driver, id, NULL);
    return WCL_FAILED;
}

wcl_status wcl_graphdriver_get(wcl_graphdriver *driver, const char *id, const char *mount_label,
                               char **path, wcl_error *error)
{
    wcl_layer_use *reference;

    if (mount_label && *mount_label) {
        wcl_fail(error, WCL_CODE_NOT_SUPPORTED, "Windows has no mount labels");
        return wcl_error_context(error, "get", id);
    }
    if (wcl_layer_id_check(id, error) != WCL_OK ||
        wcl_layer_uses_enter(&driver->references, id, &reference, error) != WCL_OK)
        return wcl_error_context(error, "get", id);
    wcl_status status = get(driver, id, reference, path, error);
    wcl_layer_uses_leave(&driver->references, reference);
    return wcl_graphdriver_done(status, "get", id, error);
}

wcl_status wcl_graphdriver_put(wcl_graphdriver *driver, const char *id, wcl_error *error)
{
    wcl_layer_use *reference;
    wcl_status status = WCL_OK;

    if (wcl_layer_id_check(id, error) != WCL_OK ||
        wcl_layer_uses_enter(&driver->references, id, &reference, error) != WCL_OK)
        return wcl_error_context(error, "put", id);
    if (reference->count == 1)
        status = wcl_graphdriver_unmount(driver, id, error);
    if (status == WCL_OK && reference->count)
        reference->count--;
    wcl_layer_uses_leave(&driver->references, reference);
    return wcl_graphdriver_done(status, "put", id, error);
}
