/* The portable provider where it cannot mount: sandboxes and mounts are refused, by what to use. */
#include "base/error.h"
#include "layer/store/entries.h"
#include "layer/store/mount.h"
#include "layer/store/sandbox.h"

static wcl_status refuse(wcl_error *error)
{
    return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                    "the store mounts no layers on this system, which needs vmcompute; use the "
                    "provider 'vmcompute'");
}

wcl_status wcl_store_create_sandbox(const wcl_driver *driver, const char *id, const char *parent,
                                    wcl_parents parents, uint64_t size, wcl_error *error)
{
    (void)driver;
    (void)id;
    (void)parent;
    (void)parents;
    (void)size;
    return refuse(error);
}

wcl_status wcl_store_activate(const wcl_driver *driver, const char *id, wcl_error *error)
{
    (void)driver;
    (void)id;
    return refuse(error);
}

wcl_status wcl_store_deactivate(const wcl_driver *driver, const char *id, wcl_error *error)
{
    return wcl_store_activate(driver, id, error);
}

wcl_status wcl_store_prepare(const wcl_driver *driver, const char *id, wcl_parents parents,
                             wcl_error *error)
{
    (void)parents;
    return wcl_store_activate(driver, id, error);
}

wcl_status wcl_store_unprepare(const wcl_driver *driver, const char *id, wcl_error *error)
{
    return wcl_store_activate(driver, id, error);
}

wcl_status wcl_store_mount_path(const wcl_driver *driver, const char *id, char **path,
                                wcl_error *error)
{
    (void)path;
    return wcl_store_activate(driver, id, error);
}

wcl_status wcl_store_expand_sandbox(const wcl_driver *driver, const char *id, uint64_t size,
                                    wcl_error *error)
{
    (void)size;
    return wcl_store_activate(driver, id, error);
}

/* A home that another system made may hold sandboxes. */
wcl_status wcl_sandbox_reader_open(wcl_store *store, wcl_store_layer *layer,
                                   wcl_layer_reader **reader, wcl_error *error)
{
    (void)reader;
    wcl_store_layer_close(layer);
    wcl_store_close(store);
    return refuse(error);
}

wcl_status wcl_sandbox_changes(wcl_store *store, wcl_store_layer *layer, wcl_change_fn change,
                               void *context, wcl_error *error)
{
    (void)change;
    (void)context;
    return wcl_sandbox_reader_open(store, layer, NULL, error);
}

/* ---- Nothing is mounted -----------------------------------------------------------------------
 */

wcl_status wcl_sandbox_check_unmounted(const wcl_store *store, const wcl_store_layer *layer,
                                       wcl_error *error)
{
    (void)store;
    (void)layer;
    (void)error;
    return WCL_OK;
}

wcl_status wcl_mount_repair(const wcl_store *store, const char *id, wcl_error *error)
{
    (void)store;
    (void)id;
    (void)error;
    return WCL_OK;
}

bool wcl_mount_is_mounted(const wcl_store *store, const char *id)
{
    (void)store;
    (void)id;
    return false;
}
