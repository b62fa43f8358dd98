/* Apply: a layer tar becomes the layer that a snapshot will be once it is committed; nothing is
 * unpacked. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wcl/tar.h>

#include "base/buffer.h"
#include "base/error.h"
#include "layer/internal.h"
#include "snapshotter/driver.h"
#include "snapshotter/mounts.h"

#define APPLIED_SUFFIX ".applied"

/* The layers that what is applied stands on: the sandbox's own parents, or those that it gets when
 * it is committed. */
static wcl_status import_applied(const wcl_snapshotter *snapshotter, const wcl_snapshot *snapshot,
                                 const char *layer, const char *digest, wcl_read_fn read,
                                 void *context, const wcl_hooks *hooks, wcl_import_result *result,
                                 wcl_error *error)
{
    WCL_CLEANUP_FREE wcl_layer_info *info = NULL;
    const wcl_import_options options = { .struct_size = sizeof(options), .expect_digest = digest };
    WCL_CLEANUP_STORE wcl_store store = WCL_STORE_INIT;
    wcl_driver driver = snapshotter->layers;

    driver.hooks = hooks;
    if (wcl_layer_get_info(&snapshotter->layers, snapshot->id, &info, error) != WCL_OK ||
        wcl_store_open(&driver, &store, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_store_import(
        &store,
        &(wcl_import_request) {
            .id = layer,
            .parents = { info->parents, *snapshot->parent ? info->parent_count : 0 },
            .read = read,
            .context = context,
            .options = &options,
            .is_floating = !*snapshot->parent },
        result, error);
}

static wcl_status note_applied(wcl_snapshotter *snapshotter, wcl_snapshot *snapshot,
                               const char *layer, wcl_error *error)
{
    wcl_snapshot *change;

    if (wcl_snapshot_new(snapshot->key, snapshot->parent, snapshot->kind, &change, error) != WCL_OK)
        return WCL_FAILED;
    change->created = snapshot->created;
    change->updated = snapshot->updated;
    wcl_status status = wcl_snapshot_set_text(&change->layer, layer, error);
    if (status == WCL_OK)
        status = wcl_snapshot_labels_copy(&change->labels, &snapshot->labels, error);
    if (status == WCL_OK)
        status = wcl_snapshot_table_change(&snapshotter->table, snapshot, change, error);
    wcl_snapshot_free(change);
    return status;
}

static wcl_status check_empty(const wcl_snapshotter *snapshotter, const wcl_snapshot *snapshot,
                              wcl_error *error)
{
    bool written;

    if (*snapshot->layer)
        return wcl_fail(error, WCL_CODE_INVALID_STATE,
                        "a diff was applied to the snapshot already, and not committed");
    if (wcl_snapshot_is_written_to(snapshotter, snapshot->id, &written, error) != WCL_OK)
        return WCL_FAILED;
    return written ? wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                              "the snapshot was written to; a diff can be applied to an empty one")
                   : WCL_OK;
}

static wcl_status apply_held(wcl_snapshotter *snapshotter, wcl_snapshot *snapshot,
                             const char *digest, wcl_read_fn read, void *context,
                             const wcl_hooks *hooks, wcl_import_result *result, wcl_error *error)
{
    char layer[WCL_SNAPSHOT_ID_SIZE + sizeof(APPLIED_SUFFIX)];

    snprintf(layer, sizeof(layer), "%s" APPLIED_SUFFIX, snapshot->id);
    if (check_empty(snapshotter, snapshot, error) != WCL_OK)
        return WCL_FAILED;
    /* One that was interrupted before it was noted. */
    wcl_snapshot_discard_layer(snapshotter, layer);
    if (import_applied(snapshotter, snapshot, layer, digest, read, context, hooks, result, error) !=
        WCL_OK)
        return WCL_FAILED;
    if (note_applied(snapshotter, snapshot, layer, error) == WCL_OK)
        return WCL_OK;
    wcl_snapshot_discard_layer(snapshotter, layer);
    return WCL_FAILED;
}

wcl_status wcl_snapshotter_apply(wcl_snapshotter *snapshotter, const char *source,
                                 const char *digest, wcl_read_fn read, void *context,
                                 const wcl_hooks *hooks, wcl_import_result *result,
                                 wcl_error *error)
{
    char id[WCL_SNAPSHOT_LAYER_SIZE];
    wcl_snapshot *snapshot;

    if (wcl_snapshot_layer_of_source(snapshotter, source, id, error) != WCL_OK)
        return wcl_error_context(error, "apply", digest);
    WCL_CLEANUP_FREE char *key = wcl_snapshot_table_key_of(&snapshotter->table, id);
    if (!key) {
        wcl_fail(error, WCL_CODE_NOT_SUPPORTED, "the mount is not one of an active snapshot");
        return wcl_error_context(error, "apply", digest);
    }
    if (wcl_snapshot_table_enter(&snapshotter->table, key, &snapshot, error) != WCL_OK)
        return wcl_error_context(error, "apply", digest);
    wcl_status status =
        strcmp(snapshot->id, id) == 0
            ? apply_held(snapshotter, snapshot, digest, read, context, hooks, result, error)
            : wcl_fail(error, WCL_CODE_INVALID_STATE, "the snapshot was replaced meanwhile");
    wcl_snapshot_table_leave(&snapshotter->table, snapshot);
    return status == WCL_OK ? WCL_OK : wcl_error_context(error, "apply", digest);
}
