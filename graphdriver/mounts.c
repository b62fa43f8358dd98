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
                              wcl_mount_use *use, wcl_error *error)
{
    wcl_error why = WCL_ERROR_INIT;

    if (wcl_layer_activate(&driver->layers, id, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_graphdriver_prepare(driver, id, label, &why) == WCL_OK)
        return WCL_OK;
    if (why.code == WCL_CODE_INVALID_STATE) {
        use->count = 1;
        use->adopted = true;
        return WCL_OK;
    }
    wcl_layer_deactivate(&driver->layers, id, NULL);
    return wcl_error_pass(error, &why);
}

wcl_status wcl_graphdriver_get_held(wcl_graphdriver *driver, const char *id, const char *label,
                                    wcl_mount_use *use, char **path, wcl_error *error)
{
    if (use->count == 0 && (wcl_graphdriver_make_open(driver, id, error) != WCL_OK ||
                            check_there(driver, id, error) != WCL_OK ||
                            mount_layer(driver, id, label, use, error) != WCL_OK))
        return WCL_FAILED;
    if (wcl_layer_mount_path(&driver->layers, id, path, error) == WCL_OK) {
        use->looks_forsaken = false;
        use->count++;
        return WCL_OK;
    }
    if (use->count == 0)
        wcl_mounts_unmount(&driver->mounts, id, NULL);
    return WCL_FAILED;
}

wcl_status wcl_graphdriver_get(wcl_graphdriver *driver, const char *id, const char *mount_label,
                               char **path, wcl_error *error)
{
    wcl_mount_use *use;
    wcl_status status = wcl_mounts_enter(&driver->mounts, id, &use, error);

    *path = NULL;
    if (status == WCL_OK)
        status =
            wcl_mounts_leave(&driver->mounts, use,
                             wcl_graphdriver_get_held(driver, id, mount_label, use, path, error));
    return status == WCL_OK ? WCL_OK : wcl_error_context(error, "get", id);
}

/* A reference that was found mounted is a container's, or of a call whose answer got lost. */
static bool is_void(const wcl_graphdriver *driver, const char *id, const wcl_mount_use *use)
{
    return use->adopted && !wcl_mounts_is_lived_in(&driver->mounts, id);
}

/* Whether it was created, and nothing was done with it yet. */
static bool is_noted_only(const wcl_graphdriver *driver, const char *id)
{
    WCL_CLEANUP_FREE char *parent = NULL;
    bool found = false;

    return wcl_pending_parent(driver, id, &parent, NULL) == WCL_OK &&
           wcl_layer_exists(&driver->layers, id, &found, NULL) == WCL_OK && !found;
}

wcl_status wcl_graphdriver_put_held(wcl_graphdriver *driver, const char *id, wcl_mount_use *use,
                                    wcl_error *error)
{
    if (use->count > 1 && !(use->count == 2 && is_void(driver, id, use))) {
        use->count--;
        return WCL_OK;
    }
    if (use->count == 0 && is_noted_only(driver, id))
        return WCL_OK;
    if (check_there(driver, id, error) != WCL_OK ||
        wcl_mounts_unmount(&driver->mounts, id, error) != WCL_OK)
        return WCL_FAILED;
    use->count = 0;
    use->adopted = false;
    return WCL_OK;
}

wcl_status wcl_graphdriver_put(wcl_graphdriver *driver, const char *id, wcl_error *error)
{
    wcl_mount_use *use;
    wcl_status status = wcl_mounts_enter(&driver->mounts, id, &use, error);

    if (status == WCL_OK)
        status = wcl_mounts_leave(&driver->mounts, use,
                                  wcl_graphdriver_put_held(driver, id, use, error));
    return status == WCL_OK ? WCL_OK : wcl_error_context(error, "put", id);
}
