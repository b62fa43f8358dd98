/* Making and removing layers. */
#include <string.h>

#include "base/error.h"
#include "base/options.h"
#include "graphdriver/driver.h"

static wcl_status check_new(wcl_graphdriver *driver, const char *id, wcl_error *error)
{
    bool found;

    if (wcl_graphdriver_exists(driver, id, &found, error) != WCL_OK)
        return WCL_FAILED;
    return found ? wcl_fail(error, WCL_CODE_ALREADY_EXISTS, "there is a layer '%s' already", id)
                 : WCL_OK;
}

static wcl_status check_parent(wcl_graphdriver *driver, const char *parent, wcl_error *error)
{
    bool found;

    if (wcl_layer_id_check(parent, error) != WCL_OK)
        return wcl_error_context(error, NULL, "its parent");
    if (wcl_graphdriver_exists(driver, parent, &found, error) != WCL_OK)
        return WCL_FAILED;
    return found
               ? WCL_OK
               : wcl_fail(error, WCL_CODE_PATH_NOT_FOUND, "its parent '%s' does not exist", parent);
}

/* ---- Layers that are written to by a diff, or by BuildKit ------------------------------------ */

static bool is_filled(const wcl_graphdriver *driver, const char *id)
{
    bool found = false;

    return wcl_layer_exists(&driver->layers, id, &found, NULL) != WCL_OK || found;
}

/* A call whose answer got lost is made again: it finds what it asked for. */
static bool is_noted(const wcl_graphdriver *driver, const char *id, const char *parent)
{
    WCL_CLEANUP_FREE char *noted = NULL;

    return wcl_pending_parent(driver, id, &noted, NULL) == WCL_OK && strcmp(noted, parent) == 0 &&
           !is_filled(driver, id);
}

static wcl_status graphdriver_create_run(wcl_graphdriver *driver, const char *id,
                                         const char *parent,
                                         const wcl_graphdriver_create_options *options,
                                         wcl_error *error)
{
    if (options->storage_option_count)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "storage options are for writable layers only, not '%.80s' for this one",
                        options->storage_options[0]);
    if (is_noted(driver, id, parent))
        return WCL_OK;
    if (check_new(driver, id, error) != WCL_OK ||
        (*parent && check_parent(driver, parent, error) != WCL_OK))
        return WCL_FAILED;
    return wcl_pending_add(driver, id, parent, error);
}

wcl_status wcl_graphdriver_create(wcl_graphdriver *driver, const char *id, const char *parent,
                                  const wcl_graphdriver_create_options *options, wcl_error *error)
{
    wcl_graphdriver_create_options own = WCL_GRAPHDRIVER_CREATE_OPTIONS_INIT;
    wcl_mount_use *use;
    wcl_status status = WCL_TAKE(wcl_graphdriver_create_options, &own, options, __func__, error);

    if (status == WCL_OK)
        status = wcl_mounts_enter(&driver->mounts, id, &use, error);
    if (status == WCL_OK)
        status =
            wcl_mounts_leave(&driver->mounts, use,
                             graphdriver_create_run(driver, id, wcl_text(parent), &own, error));
    return status == WCL_OK ? WCL_OK : wcl_error_context(error, "create layer", id);
}

/* ---- Writable layers ------------------------------------------------------------------------- */

/* Likewise: a layer like the one that is asked for, in which nothing was done yet. */
static bool is_as_new(const wcl_graphdriver *driver, const char *id, const char *parent,
                      uint64_t size)
{
    WCL_CLEANUP_FREE wcl_layer_info *info = NULL;

    if (!is_filled(driver, id) || wcl_layer_get_info(&driver->layers, id, &info, NULL) != WCL_OK ||
        strcmp(info->kind, "sandbox") != 0 || info->limit != size || info->is_mounted)
        return false;
    bool same = *parent ? strcmp(info->parents[0], parent) == 0
                        : wcl_graphdriver_is_scratch_of(info->parents[0], id);
    return same && !wcl_graphdriver_has_changes(driver, id);
}

static wcl_status create_writable(wcl_graphdriver *driver, const char *id, const char *parent,
                                  const wcl_graphdriver_create_options *options, wcl_error *error)
{
    uint64_t size = driver->size;

    if (wcl_storage_options_parse(options->storage_options, options->storage_option_count, &size,
                                  error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_graphdriver_is_init(id))
        size = 0;
    if (is_as_new(driver, id, parent, size))
        return WCL_OK;
    if (check_new(driver, id, error) != WCL_OK)
        return WCL_FAILED;
    if (*parent && check_parent(driver, parent, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_graphdriver_make_writable(driver, id, parent, size, error);
}

wcl_status wcl_graphdriver_create_read_write(wcl_graphdriver *driver, const char *id,
                                             const char *parent,
                                             const wcl_graphdriver_create_options *options,
                                             wcl_error *error)
{
    wcl_graphdriver_create_options own = WCL_GRAPHDRIVER_CREATE_OPTIONS_INIT;
    wcl_mount_use *use;
    wcl_status status = WCL_TAKE(wcl_graphdriver_create_options, &own, options, __func__, error);

    if (status == WCL_OK)
        status = wcl_mounts_enter(&driver->mounts, id, &use, error);
    if (status == WCL_OK)
        status = wcl_mounts_leave(&driver->mounts, use,
                                  create_writable(driver, id, wcl_text(parent), &own, error));
    return status == WCL_OK ? WCL_OK : wcl_error_context(error, "create writable layer", id);
}

/* ---- Removing -------------------------------------------------------------------------------- */

static wcl_status destroy(wcl_graphdriver *driver, const char *id, wcl_error *error)
{
    wcl_error first = WCL_ERROR_INIT;

    if (wcl_layer_destroy(&driver->layers, id, &first) == WCL_OK)
        return WCL_OK;
    /* Docker removes only what it is done with, even if some of its Puts got lost. */
    if (first.code == WCL_CODE_BUSY) {
        if (wcl_mounts_unmount(&driver->mounts, id, error) != WCL_OK)
            return WCL_FAILED;
        return wcl_layer_destroy(&driver->layers, id, error);
    }
    return wcl_error_pass(error, &first);
}

static wcl_status graphdriver_create_remove_layer(wcl_graphdriver *driver, const char *id,
                                                  wcl_mount_use *use, wcl_error *error)
{
    char applied[WCL_COMPANION_SIZE];
    bool found = false;

    if (wcl_pending_check_unused(driver, id, error) != WCL_OK ||
        wcl_layer_exists(&driver->layers, id, &found, error) != WCL_OK)
        return WCL_FAILED;
    if (found && destroy(driver, id, error) != WCL_OK)
        return WCL_FAILED;
    wcl_pending_remove(driver, id);
    use->count = 0;
    use->adopted = false;
    if (wcl_graphdriver_discard_applied(driver, id, applied, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_graphdriver_remove_scratch(driver, id, error);
}

wcl_status wcl_graphdriver_remove(wcl_graphdriver *driver, const char *id, wcl_error *error)
{
    wcl_mount_use *use;
    wcl_status status = wcl_mounts_enter(&driver->mounts, id, &use, error);

    if (status == WCL_OK)
        status = wcl_mounts_leave(&driver->mounts, use,
                                  graphdriver_create_remove_layer(driver, id, use, error));
    return status == WCL_OK ? WCL_OK : wcl_error_context(error, "remove", id);
}
