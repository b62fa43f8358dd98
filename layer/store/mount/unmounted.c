/* The portable provider where it cannot mount: sandboxes and mounts are refused, by what to use. */
#include "base/error.h"
#include "layer/driver.h"
#include "layer/store/home/behind.h"
#include "layer/store/read/entries.h"
#include "layer/store/mount/mount.h"
#include "layer/store/home/private.h"
#include "layer/store/sandbox/sandbox.h"

static wcl_status unmounted_refuse(wcl_error *error)
{
    return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                    "the store mounts no layers on this system, which needs vmcompute; use the "
                    "provider 'vmcompute'");
}

/* A layer that is not there is told as such. */
static void refuse_layer(const wcl_driver *driver, const char *id, wcl_error *error)
{
    WCL_CLEANUP_STORE wcl_store store = WCL_STORE_INIT;
    WCL_CLEANUP_STORE_LAYER wcl_store_layer layer = WCL_STORE_LAYER_INIT;

    if (wcl_store_open(driver, &store, error) == WCL_OK &&
        wcl_store_layer_open(&store, id, WCL_LOCK_SHARED, &layer, error) == WCL_OK)
        unmounted_refuse(error);
}

static wcl_status refuse_to(const char *operation, const wcl_driver *driver, const char *id,
                            wcl_error *error)
{
    refuse_layer(driver, id, error);
    return wcl_error_context(error, operation, id);
}

wcl_status wcl_store_create_sandbox(const wcl_driver *driver, const char *id, const char *parent,
                                    wcl_parents parents, uint64_t size, wcl_error *error)
{
    const char *parent_id;

    (void)size;
    if ((!parent || !*parent) && parents.count > 0)
        parent = parents.paths[0];
    if (!parent || !*parent)
        wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "a sandbox needs a parent layer");
    else if (wcl_layer_parent_id(parent, &parent_id, error) == WCL_OK)
        refuse_layer(driver, parent_id, error);
    return wcl_error_context(error, "create sandbox", id);
}

wcl_status wcl_store_activate(const wcl_driver *driver, const char *id, wcl_error *error)
{
    return refuse_to("activate", driver, id, error);
}

wcl_status wcl_store_deactivate(const wcl_driver *driver, const char *id, wcl_error *error)
{
    return refuse_to("deactivate", driver, id, error);
}

wcl_status wcl_store_prepare(const wcl_driver *driver, const char *id, wcl_parents parents,
                             wcl_error *error)
{
    (void)parents;
    return refuse_to("prepare", driver, id, error);
}

wcl_status wcl_store_unprepare(const wcl_driver *driver, const char *id, wcl_error *error)
{
    return refuse_to("unprepare", driver, id, error);
}

wcl_status wcl_store_mount_path(const wcl_driver *driver, const char *id, char **path,
                                wcl_error *error)
{
    (void)path;
    return refuse_to("get the mount path of", driver, id, error);
}

wcl_status wcl_store_expand_sandbox(const wcl_driver *driver, const char *id, uint64_t size,
                                    wcl_error *error)
{
    (void)size;
    return refuse_to("expand", driver, id, error);
}

/* A home that another system made may hold sandboxes. */
wcl_status wcl_sandbox_reader_open(wcl_store *store, wcl_store_layer *layer,
                                   wcl_layer_reader **reader, wcl_error *error)
{
    (void)reader;
    wcl_store_layer_close(layer);
    wcl_store_close(store);
    return unmounted_refuse(error);
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

/* Files have no modes; who may look into a home is said by what it inherits. */
void wcl_store_make_private(const wcl_store *store)
{
    (void)store;
}

bool wcl_mount_is_mounted(const wcl_store *store, const char *id)
{
    (void)store;
    (void)id;
    return false;
}

/* ---- Nothing is done behind -------------------------------------------------------------------
 */

bool wcl_behind_is_running(void)
{
    return false;
}

bool wcl_behind_remove(const wcl_store *store, const char *name, int lock)
{
    (void)store;
    (void)name;
    (void)lock;
    return false;
}
