/* Undoing mounts that a process which died left half done. */
#include "base/error.h"
#include "layer/store/mount/mount.h"
#include "layer/store/sandbox/sandbox.h"

typedef struct release_context {
    const wcl_store *store;
    const char *user;
} release_context;

static wcl_status release_one(void *context, const wcl_store_layer *layer, wcl_error *error)
{
    const release_context *release = context;

    return wcl_mount_release(release->store, layer, release->user, true, error);
}

/* A layer of which nothing is known any more may have used any other. */
static wcl_status release_by_id(void *context, const char *id, wcl_error *error)
{
    const release_context *release = context;
    WCL_CLEANUP_STORE_LAYER wcl_store_layer layer = WCL_STORE_LAYER_INIT;

    if (wcl_store_layer_open(release->store, id, WCL_LOCK_NONE, &layer, error) != WCL_OK)
        return WCL_OK;
    return release_one(context, &layer, error);
}

static wcl_status repair_sandbox(const wcl_store *store, const wcl_store_layer *layer,
                                 wcl_error *error)
{
    const char *id = layer->record.id;
    release_context context = { store, id };

    if (wcl_mount_undo(store, id, "merged", true, error) != WCL_OK ||
        wcl_sandbox_each_used(store, &layer->record, WCL_LOCK_NONE, release_one, &context, error) !=
            WCL_OK)
        return WCL_FAILED;
    wcl_sandbox_clear_active(layer);
    return wcl_mount_release(store, layer, id, true, error);
}

wcl_status wcl_mount_repair(const wcl_store *store, const char *id, wcl_error *error)
{
    WCL_CLEANUP_STORE_LAYER wcl_store_layer layer = WCL_STORE_LAYER_INIT;
    release_context context = { store, id };

    if (wcl_layer_id_check(id, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_store_layer_open(store, id, WCL_LOCK_NONE, &layer, error) != WCL_OK)
        return wcl_store_each(store, release_by_id, &context, error);
    if (layer.record.kind == WCL_LAYER_SANDBOX)
        return repair_sandbox(store, &layer, error);
    return wcl_mount_release(store, &layer, id, true, error);
}
