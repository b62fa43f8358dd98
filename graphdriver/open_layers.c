/*
 * Layers made by Create: writable until their first Diff or until something stands on them, since
 * BuildKit makes, fills and reads them in this way.
 */
#include <string.h>

#include "base/error.h"
#include "graphdriver/driver.h"

#define NO_PARENTS                                                                                 \
    (wcl_parents)                                                                                  \
    {                                                                                              \
        NULL, 0                                                                                    \
    }

/* ---- Writable -------------------------------------------------------------------------------- */

wcl_status wcl_graphdriver_make_writable(wcl_graphdriver *driver, const char *id,
                                         const char *parent, uint64_t size, wcl_error *error)
{
    char scratch[WCL_COMPANION_SIZE];

    if (*parent)
        return wcl_graphdriver_settle(driver, parent, error) == WCL_OK
                   ? wcl_layer_create_sandbox(&driver->layers, id, parent, NO_PARENTS, size, error)
                   : WCL_FAILED;
    if (wcl_graphdriver_make_scratch(driver, id, scratch, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_layer_create_sandbox(&driver->layers, id, scratch, NO_PARENTS, size, error) == WCL_OK)
        return WCL_OK;
    wcl_layer_destroy(&driver->layers, scratch, NULL);
    return WCL_FAILED;
}

bool wcl_graphdriver_has_changes(const wcl_graphdriver *driver, const char *id)
{
    wcl_layer_reader *reader = NULL;
    wcl_entry entry = WCL_ENTRY_INIT;

    if (wcl_layer_reader_open(&driver->layers, id, NO_PARENTS, &reader, NULL) != WCL_OK)
        return true;
    bool found = wcl_layer_reader_next(reader, &entry, NULL) != WCL_END;
    wcl_layer_reader_close(reader, NULL);
    return found;
}

wcl_status wcl_graphdriver_make_open(wcl_graphdriver *driver, const char *id, wcl_error *error)
{
    WCL_CLEANUP_FREE char *parent = NULL;
    bool found;

    wcl_status status = wcl_pending_parent(driver, id, &parent, error);
    if (status != WCL_OK)
        return status == WCL_END ? WCL_OK : WCL_FAILED;
    if (wcl_layer_exists(&driver->layers, id, &found, error) != WCL_OK)
        return WCL_FAILED;
    return found ? WCL_OK : wcl_graphdriver_make_writable(driver, id, parent, 0, error);
}

/* ---- Read-only ------------------------------------------------------------------------------- */

/* Nothing was done with it: it is empty for good. */
static wcl_status fill_with_nothing(wcl_graphdriver *driver, const char *id, const char *parent,
                                    wcl_error *error)
{
    WCL_CLEANUP_FREE wcl_layer_info *info = NULL;

    if (*parent && wcl_graphdriver_settle(driver, parent, error) != WCL_OK)
        return WCL_FAILED;
    if (*parent && wcl_layer_get_info(&driver->layers, parent, &info, error) != WCL_OK)
        return WCL_FAILED;
    /* Only a writable layer can stand on what is writable still. */
    if (info && strcmp(info->kind, "sandbox") == 0)
        return wcl_graphdriver_make_writable(driver, id, parent, 0, error);
    if (wcl_layer_create(&driver->layers, id, parent, error) != WCL_OK)
        return WCL_FAILED;
    wcl_pending_remove(driver, id);
    return WCL_OK;
}

static wcl_status freeze(wcl_graphdriver *driver, const char *id, const char *parent,
                         wcl_error *error)
{
    wcl_error why = WCL_ERROR_INIT;

    if (*parent && wcl_graphdriver_settle(driver, parent, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_graphdriver_freeze(driver, id, !*parent, &why) != WCL_OK) {
        if (why.code == WCL_CODE_BUSY)
            return WCL_OK;
        return wcl_error_pass(error, &why);
    }
    wcl_pending_remove(driver, id);
    /* A layer that was mounted when this one was written to may stand on it still. */
    wcl_graphdriver_remove_scratch(driver, id, NULL);
    return WCL_OK;
}

static wcl_status open_layers_settle(wcl_graphdriver *driver, const char *id, wcl_error *error)
{
    WCL_CLEANUP_FREE char *parent = NULL;
    bool found;

    wcl_status status = wcl_pending_parent(driver, id, &parent, error);
    if (status != WCL_OK)
        return status == WCL_END ? WCL_OK : WCL_FAILED;
    if (wcl_layer_exists(&driver->layers, id, &found, error) != WCL_OK)
        return WCL_FAILED;
    return found ? freeze(driver, id, parent, error) : fill_with_nothing(driver, id, parent, error);
}

wcl_status wcl_graphdriver_settle(wcl_graphdriver *driver, const char *id, wcl_error *error)
{
    wcl_mount_use *use;
    wcl_status status = wcl_mounts_enter(&driver->mounts, id, &use, error);

    if (status == WCL_OK)
        status = wcl_mounts_leave(&driver->mounts, use, open_layers_settle(driver, id, error));
    return status == WCL_OK ? WCL_OK : wcl_error_context(error, "complete layer", id);
}
