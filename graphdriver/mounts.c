/* Get and Put: mounting layers and counting who wants them mounted. */
#include <string.h>

#include "base/error.h"
#include "graphdriver/driver.h"

static wcl_status check_there(wcl_graphdriver *driver, const char *id, wcl_error *error)
{
    bool found;

    if (wcl_layer_exists(&driver->layers, id, &found, error) != WCL_OK)
        return WCL_FAILED;
    return found ? WCL_OK : wcl_fail(error, WCL_CODE_FILE_NOT_FOUND, "there is no layer '%s'", id);
}

/* Mounts it; what an earlier process left mounted counts as its reference. */
static wcl_status mount_layer(wcl_graphdriver *driver, const char *id, const char *label,
                              wcl_layer_use *reference, wcl_error *error)
{
    wcl_error why = WCL_ERROR_INIT;

    if (wcl_layer_activate(&driver->layers, id, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_graphdriver_prepare(driver, id, label, &why) == WCL_OK)
        return WCL_OK;
    if (why.code == WCL_CODE_INVALID_STATE) {
        reference->count = 1;
        reference->adopted = true;
        return WCL_OK;
    }
    wcl_layer_deactivate(&driver->layers, id, NULL);
    if (error)
        *error = why;
    return WCL_FAILED;
}

wcl_status wcl_graphdriver_get_held(wcl_graphdriver *driver, const char *id, const char *label,
                                    wcl_layer_use *reference, char **path, wcl_error *error)
{
    if (reference->count == 0 && (wcl_graphdriver_make_open(driver, id, error) != WCL_OK ||
                                  check_there(driver, id, error) != WCL_OK ||
                                  mount_layer(driver, id, label, reference, error) != WCL_OK))
        return WCL_FAILED;
    if (wcl_layer_mount_path(&driver->layers, id, path, error) == WCL_OK) {
        reference->looks_forsaken = false;
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

    if (wcl_layer_id_check(id, error) != WCL_OK ||
        wcl_layer_uses_enter(&driver->references, id, &reference, error) != WCL_OK)
        return wcl_error_context(error, "get", id);
    wcl_status status = wcl_graphdriver_get_held(driver, id, mount_label, reference, path, error);
    wcl_layer_uses_leave(&driver->references, reference);
    return status == WCL_OK ? WCL_OK : wcl_error_context(error, "get", id);
}

wcl_status wcl_graphdriver_unmount(wcl_graphdriver *driver, const char *id, wcl_error *error)
{
    wcl_error why = WCL_ERROR_INIT;

    wcl_status status = wcl_graphdriver_unprepare(driver, id, &why);
    if (status == WCL_OK)
        status = wcl_layer_deactivate(&driver->layers, id, &why);
    else if (why.code == WCL_CODE_INVALID_STATE &&
             wcl_layer_deactivate(&driver->layers, id, NULL) == WCL_OK)
        return WCL_OK;
    if (status == WCL_OK || why.code == WCL_CODE_INVALID_STATE)
        return WCL_OK;
    if (why.code == WCL_CODE_BUSY)
        return wcl_graphdriver_unmount_lazily(driver, id, error);
    if (error)
        *error = why;
    return WCL_FAILED;
}

/* A reference that was found mounted is a container's, or of a call whose answer got lost. */
static bool is_void(const wcl_graphdriver *driver, const char *id, const wcl_layer_use *reference)
{
    return reference->adopted && !wcl_graphdriver_is_lived_in(driver, id);
}

/* Whether it was created, and nothing was done with it yet. */
static bool is_noted_only(const wcl_graphdriver *driver, const char *id)
{
    WCL_CLEANUP_FREE char *parent = NULL;
    bool found = false;

    return wcl_pending_parent(driver, id, &parent, NULL) == WCL_OK &&
           wcl_layer_exists(&driver->layers, id, &found, NULL) == WCL_OK && !found;
}

wcl_status wcl_graphdriver_put_held(wcl_graphdriver *driver, const char *id,
                                    wcl_layer_use *reference, wcl_error *error)
{

    if (reference->count > 1 && !(reference->count == 2 && is_void(driver, id, reference))) {
        reference->count--;
        return WCL_OK;
    }
    if (reference->count == 0 && is_noted_only(driver, id))
        return WCL_OK;
    if (check_there(driver, id, error) != WCL_OK ||
        wcl_graphdriver_unmount(driver, id, error) != WCL_OK)
        return WCL_FAILED;
    reference->count = 0;
    reference->adopted = false;
    return WCL_OK;
}

wcl_status wcl_graphdriver_put(wcl_graphdriver *driver, const char *id, wcl_error *error)
{
    wcl_layer_use *reference;

    if (wcl_layer_id_check(id, error) != WCL_OK ||
        wcl_layer_uses_enter(&driver->references, id, &reference, error) != WCL_OK)
        return wcl_error_context(error, "put", id);
    wcl_status status = wcl_graphdriver_put_held(driver, id, reference, error);
    wcl_layer_uses_leave(&driver->references, reference);
    return status == WCL_OK ? WCL_OK : wcl_error_context(error, "put", id);
}
