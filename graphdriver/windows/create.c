/* Making and removing layers of the graph driver of Windows. */
#include <string.h>
#include <windows.h>

#include "base/error.h"
#include "base/options.h"
#include "graphdriver/storage_options.h"
#include "graphdriver/windows/driver.h"
#include "platform/windows/files.h"
#include "platform/windows/wide.h"
#include "platform/windows/win32_error.h"

/* ---- Making ---------------------------------------------------------------------------------- */

static wcl_status read_size(const wcl_graphdriver_create_options *options, uint64_t *size,
                            wcl_error *error)
{
    return wcl_storage_options_parse(options->storage_options, options->storage_option_count, size,
                                     error);
}

/* Whether the layer that another is to stand on is there, and is not a sandbox. */
static wcl_status check_parent(wcl_graphdriver *driver, const char *parent, wcl_error *error)
{
    WCL_CLEANUP_FREE wcl_layer_info *info = NULL;

    if (wcl_layer_get_info(&driver->layers, parent, &info, error) != WCL_OK)
        return WCL_FAILED;
    if (strcmp(info->kind, "sandbox") == 0)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "the parent '%s' is writable; Windows puts layers on read-only ones alone",
                        parent);
    return WCL_OK;
}

static wcl_status windows_create_run(wcl_graphdriver *driver, const char *id, const char *parent,
                                     bool writable, const wcl_graphdriver_create_options *options,
                                     wcl_error *error)
{
    uint64_t size = 0;
    bool exists;

    if (read_size(options, &size, error) != WCL_OK ||
        wcl_layer_exists(&driver->layers, id, &exists, error) != WCL_OK)
        return WCL_FAILED;
    if (exists)
        return wcl_fail(error, WCL_CODE_ALREADY_EXISTS, "there is a layer of that name already");
    if (parent && *parent && check_parent(driver, parent, error) != WCL_OK)
        return WCL_FAILED;
    if (writable)
        return wcl_layer_create_sandbox(&driver->layers, id, parent, (wcl_parents) { NULL, 0 },
                                        size ? size : driver->size, error);
    if (size)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED, "a read-only layer has no size limit");
    return wcl_layer_create(&driver->layers, id, parent, error);
}

wcl_status wcl_graphdriver_create(wcl_graphdriver *driver, const char *id, const char *parent,
                                  const wcl_graphdriver_create_options *options, wcl_error *error)
{
    wcl_graphdriver_create_options own = WCL_GRAPHDRIVER_CREATE_OPTIONS_INIT;
    wcl_status status = WCL_TAKE(wcl_graphdriver_create_options, &own, options, __func__, error);

    if (status == WCL_OK)
        status = windows_create_run(driver, id, parent, false, &own, error);
    return wcl_graphdriver_done(status, "create", id, error);
}

wcl_status wcl_graphdriver_create_read_write(wcl_graphdriver *driver, const char *id,
                                             const char *parent,
                                             const wcl_graphdriver_create_options *options,
                                             wcl_error *error)
{
    wcl_graphdriver_create_options own = WCL_GRAPHDRIVER_CREATE_OPTIONS_INIT;
    wcl_status status = WCL_TAKE(wcl_graphdriver_create_options, &own, options, __func__, error);

    if (status == WCL_OK)
        status = windows_create_run(driver, id, parent, true, &own, error);
    return wcl_graphdriver_done(status, "create writable layer", id, error);
}

/* ---- Removing -------------------------------------------------------------------------------- */

/* Refuses where another layer stands on this one. */
static wcl_status check_unused(wcl_graphdriver *driver, const char *id, wcl_error *error)
{
    WCL_CLEANUP_FREE char **ids = NULL;
    size_t count = 0;

    if (wcl_layer_list(&driver->layers, &ids, &count, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i < count; i++) {
        WCL_CLEANUP_FREE wcl_layer_info *info = NULL;
        if (wcl_layer_get_info(&driver->layers, ids[i], &info, NULL) == WCL_OK &&
            info->parent_count && strcmp(info->parents[0], id) == 0)
            return wcl_fail(error, WCL_CODE_SHARING_VIOLATION, "the layer '%s' stands on it",
                            ids[i]);
    }
    return WCL_OK;
}

/* Renames the layer's folder; WCL_END where there is none. */
static wcl_status rename_layer(const wcl_graphdriver *driver, const char *id, const char *to,
                               wcl_error *error)
{
    WCL_CLEANUP_FREE char *path = wcl_long_join(driver->root, id, error);
    WCL_CLEANUP_FREE char *new_path = wcl_long_join(driver->root, to, error);
    WCL_CLEANUP_FREE wchar_t *wide = path ? wcl_wide_of(path, error) : NULL;
    WCL_CLEANUP_FREE wchar_t *new_wide = new_path ? wcl_wide_of(new_path, error) : NULL;

    if (!wide || !new_wide)
        return WCL_FAILED;
    if (MoveFileExW(wide, new_wide, 0))
        return WCL_OK;
    DWORD code = GetLastError();
    if (code == ERROR_FILE_NOT_FOUND || code == ERROR_PATH_NOT_FOUND)
        return WCL_END;
    return wcl_fail_win32(error, code, "cannot rename its folder");
}

/* Once it is renamed the layer is gone; what destroying leaves is destroyed by a cleanup. */
static wcl_status windows_create_remove_layer(wcl_graphdriver *driver, const char *id,
                                              wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer removing = WCL_BUFFER_INIT;

    if (check_unused(driver, id, error) != WCL_OK ||
        wcl_buffer_printf(&removing, error, "%s" WCL_REMOVING, id) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = rename_layer(driver, id, wcl_buffer_text(&removing), error);
    if (status != WCL_OK)
        return status == WCL_END ? WCL_OK : status;
    return wcl_vm_destroy_layer(&driver->driver, wcl_buffer_text(&removing), error);
}

static wcl_status unmount_and_remove(wcl_graphdriver *driver, const char *id, wcl_mount_use *use,
                                     wcl_error *error)
{
    if (use->count && wcl_graphdriver_unmount(driver, id, error) != WCL_OK)
        return WCL_FAILED;
    use->count = 0;
    return windows_create_remove_layer(driver, id, error);
}

wcl_status wcl_graphdriver_remove(wcl_graphdriver *driver, const char *id, wcl_error *error)
{
    wcl_mount_use *use;
    wcl_status status = wcl_mounts_enter(&driver->mounts, id, &use, error);

    if (status == WCL_OK)
        status = wcl_mounts_leave(&driver->mounts, use, unmount_and_remove(driver, id, use, error));
    return wcl_graphdriver_done(status, "remove", id, error);
}

/* ---- Cleaning up ----------------------------------------------------------------------------- */

static bool is_leftover(const char *name)
{
    size_t length = strlen(name), end = strlen(WCL_REMOVING);

    return length > end && strcmp(name + length - end, WCL_REMOVING) == 0;
}

wcl_status wcl_graphdriver_destroy_leftovers(const wcl_graphdriver *driver, wcl_error *error)
{
    WCL_CLEANUP_FREE char *names = wcl_folder_names(driver->root, error);
    wcl_status status = WCL_OK;

    if (!names)
        return WCL_FAILED;
    /* One that cannot be destroyed does not keep the others. */
    for (const char *name = names; *name; name += strlen(name) + 1)
        if (is_leftover(name) &&
            wcl_vm_destroy_layer(&driver->driver, name, status == WCL_OK ? error : NULL) != WCL_OK)
            status = WCL_FAILED;
    return status;
}

wcl_status wcl_graphdriver_cleanup(wcl_graphdriver *driver, wcl_error *error)
{
    WCL_CLEANUP_FREE char **ids = NULL;
    size_t count = 0;

    if (wcl_layer_list(&driver->layers, &ids, &count, error) != WCL_OK)
        return wcl_error_context(error, "clean up", driver->home);
    for (size_t i = 0; i < count; i++) {
        wcl_mount_use *use;
        if (wcl_mounts_enter(&driver->mounts, ids[i], &use, error) != WCL_OK)
            return wcl_error_context(error, "clean up", ids[i]);
        if (use->count && wcl_graphdriver_unmount(driver, ids[i], NULL) == WCL_OK)
            use->count = 0;
        wcl_mounts_leave(&driver->mounts, use, WCL_OK);
    }
    return wcl_graphdriver_done(wcl_graphdriver_destroy_leftovers(driver, error), "clean up",
                                driver->home, error);
}
