/* The calls that make, change and remove snapshots. */
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "layer/internal.h"
#include "snapshotter/driver.h"
#include "snapshotter/id_map.h"
#include "snapshotter/mounts.h"

/* ---- Removing layers ------------------------------------------------------------------------- */

/* With its record gone. */
static void discard(wcl_snapshotter *snapshotter, wcl_snapshot_kind kind, const char *id,
                    const char *layer)
{
    if (kind == WCL_SNAPSHOT_VIEW) {
        wcl_snapshot_release_view(snapshotter, layer);
        return;
    }
    if (kind == WCL_SNAPSHOT_ACTIVE)
        wcl_snapshot_discard_layer(snapshotter, id);
    if (*layer)
        wcl_snapshot_discard_layer(snapshotter, layer);
}

/* ---- Prepare and View ------------------------------------------------------------------------ */

/* With its turn held: the layer and the mount first, then the record. */
static wcl_status make_snapshot(wcl_snapshotter *snapshotter, wcl_snapshot *snapshot,
                                const char *parent_layer, wcl_snapshot_mount *mount,
                                wcl_error *error)
{
    wcl_snapshot_views_enter(snapshotter, snapshot);
    wcl_status status = wcl_snapshot_mount_up(snapshotter, snapshot, parent_layer, mount, error);
    if (status == WCL_OK)
        status = wcl_snapshot_table_publish(&snapshotter->table, snapshot, error);
    wcl_snapshot_views_leave(snapshotter, snapshot);
    if (status == WCL_OK)
        return WCL_OK;
    wcl_snapshot_mount_free(mount);
    discard(snapshotter, snapshot->kind, snapshot->id, snapshot->layer);
    return WCL_FAILED;
}

wcl_status wcl_snapshotter_prepare(wcl_snapshotter *snapshotter, const char *key,
                                   const char *parent, const wcl_snapshot_labels *labels,
                                   wcl_snapshot_kind kind, wcl_snapshot_mount *mount,
                                   wcl_error *error)
{
    WCL_CLEANUP_FREE char *parent_layer = NULL;
    wcl_snapshot *snapshot = NULL;

    if (!*key)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "a snapshot needs a key");
    wcl_status status = wcl_snapshot_new(key, parent, kind, &snapshot, error);
    if (status == WCL_OK)
        status = wcl_snapshot_labels_copy(&snapshot->labels, labels, error);
    if (status == WCL_OK)
        status = wcl_snapshot_check_id_map(snapshot, error);
    if (status == WCL_OK)
        status = wcl_snapshot_table_add(&snapshotter->table, snapshot, &parent_layer, error);
    if (status != WCL_OK) {
        wcl_snapshot_free(snapshot);
        return wcl_error_context(error, "prepare", key);
    }
    if (make_snapshot(snapshotter, snapshot, parent_layer, mount, error) == WCL_OK)
        return WCL_OK;
    wcl_snapshot_table_drop(&snapshotter->table, snapshot);
    return wcl_error_context(error, "prepare", key);
}

/* ---- Mounts ---------------------------------------------------------------------------------- */

static wcl_status mount_again(wcl_snapshotter *snapshotter, wcl_snapshot *snapshot,
                              wcl_snapshot_mount *mount, wcl_error *error)
{
    WCL_CLEANUP_FREE char *parent_layer = NULL;

    if (snapshot->kind == WCL_SNAPSHOT_COMMITTED)
        return wcl_fail(error, WCL_CODE_INVALID_STATE,
                        "a committed snapshot has no mounts of its own; a view of it has");
    if (snapshot->kind == WCL_SNAPSHOT_ACTIVE && *snapshot->layer)
        return wcl_fail(error, WCL_CODE_INVALID_STATE,
                        "a diff was applied to it, which it shows once it is committed");
    if (wcl_snapshot_table_layer_of(&snapshotter->table, snapshot->parent, &parent_layer, error) !=
        WCL_OK)
        return WCL_FAILED;
    wcl_snapshot_views_enter(snapshotter, snapshot);
    wcl_status status = wcl_snapshot_mount_up(snapshotter, snapshot, parent_layer, mount, error);
    wcl_snapshot_views_leave(snapshotter, snapshot);
    return status;
}

wcl_status wcl_snapshotter_mounts(wcl_snapshotter *snapshotter, const char *key,
                                  wcl_snapshot_mount *mount, wcl_error *error)
{
    wcl_snapshot *snapshot;

    if (wcl_snapshot_table_enter(&snapshotter->table, key, &snapshot, error) != WCL_OK)
        return wcl_error_context(error, "mount", key);
    wcl_status status = mount_again(snapshotter, snapshot, mount, error);
    wcl_snapshot_table_leave(&snapshotter->table, snapshot);
    return status == WCL_OK ? WCL_OK : wcl_error_context(error, "mount", key);
}

/* ---- Commit ---------------------------------------------------------------------------------- */

/* What was written becomes a layer under the sandbox's own id; done again, it is one already. */
static wcl_status freeze(wcl_snapshotter *snapshotter, wcl_snapshot *snapshot,
                         const wcl_hooks *hooks, wcl_error *error)
{
    wcl_driver layers = snapshotter->layers;

    layers.hooks = hooks;
    if (wcl_mounts_unmount(&snapshotter->mounts, snapshot->id, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_store_freeze_sandbox(&layers, snapshot->id, !*snapshot->parent, error);
}

/* Makes the layer what is to be committed, and puts it on the parent that it gets by that. */
static wcl_status finish_layer(wcl_snapshotter *snapshotter, wcl_snapshot *snapshot,
                               const char *layer, const char *parent, const wcl_hooks *hooks,
                               wcl_error *error)
{
    WCL_CLEANUP_FREE char *parent_layer = NULL;

    if (!*snapshot->layer && freeze(snapshotter, snapshot, hooks, error) != WCL_OK)
        return WCL_FAILED;
    if (strcmp(parent, snapshot->parent) == 0)
        return WCL_OK;
    return wcl_snapshot_table_layer_of(&snapshotter->table, parent, &parent_layer, error) == WCL_OK
               ? wcl_store_rebase(&snapshotter->layers, layer, parent_layer, error)
               : WCL_FAILED;
}

/* A parent that comes late: what was deleted of it is known of a diff, and in an overlay. */
static wcl_status check_new_parent(const wcl_snapshotter *snapshotter, const wcl_snapshot *snapshot,
                                   const char *parent, wcl_error *error)
{
    bool is_floating = false;

    if (!*parent || strcmp(parent, snapshot->parent) == 0)
        return WCL_OK;
    if (*snapshot->parent)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "the snapshot was prepared on '%s' and cannot be put on '%s'",
                        snapshot->parent, parent);
    if (!*snapshot->layer &&
        wcl_snapshot_is_floating(snapshotter, snapshot, &is_floating, error) != WCL_OK)
        return WCL_FAILED;
    return is_floating || *snapshot->layer
               ? WCL_OK
               : wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                          "the snapshot was prepared on nothing and with a limit: what was written "
                          "to it cannot be put on '%s'",
                          parent);
}

static wcl_status check_commit(const wcl_snapshotter *snapshotter, const wcl_snapshot *snapshot,
                               const char *parent, wcl_error *error)
{
    bool written = false;

    if (snapshot->kind != WCL_SNAPSHOT_ACTIVE)
        return wcl_fail(error, WCL_CODE_INVALID_STATE, "the snapshot is not active");
    if (check_new_parent(snapshotter, snapshot, parent, error) != WCL_OK)
        return WCL_FAILED;
    if (!*snapshot->layer && wcl_snapshot_has_id_map(&snapshot->labels))
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "the snapshot's ids are mapped: what was written has ids of the host");
    if (*snapshot->layer &&
        wcl_snapshot_is_written_to(snapshotter, snapshot->id, &written, error) != WCL_OK)
        return WCL_FAILED;
    return written ? wcl_fail(error, WCL_CODE_INVALID_STATE,
                              "the snapshot was written to after a diff was applied to it")
                   : WCL_OK;
}

static wcl_status commit_held(wcl_snapshotter *snapshotter, wcl_snapshot *snapshot,
                              const char *name, const char *parent,
                              const wcl_snapshot_labels *labels, const wcl_hooks *hooks,
                              wcl_error *error)
{
    wcl_snapshot *change = NULL;
    const char *layer = *snapshot->layer ? snapshot->layer : snapshot->id;

    if (wcl_snapshot_new(name, parent, WCL_SNAPSHOT_COMMITTED, &change, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = wcl_snapshot_set_text(&change->layer, layer, error);
    if (status == WCL_OK)
        status = wcl_snapshot_labels_copy(&change->labels, labels, error);
    if (status == WCL_OK)
        status = finish_layer(snapshotter, snapshot, layer, parent, hooks, error);
    bool applied = *snapshot->layer;
    if (status == WCL_OK)
        status = wcl_snapshot_table_change(&snapshotter->table, snapshot, change, error);
    wcl_snapshot_free(change);
    if (status == WCL_OK && applied)
        wcl_snapshot_discard_layer(snapshotter, snapshot->id);
    return status;
}

static wcl_status find_extraction(void *context, const wcl_snapshot *snapshot, wcl_error *error)
{
    const char *name = strrchr(snapshot->key, '/');

    (void)context, (void)error;
    return snapshot->kind == WCL_SNAPSHOT_ACTIVE &&
                   strncmp(name ? name + 1 : snapshot->key, "extract-", 8) == 0
               ? WCL_END
               : WCL_OK;
}

/* After the last layer of an image. */
static void make_chain_ahead(wcl_snapshotter *snapshotter, const wcl_snapshot *snapshot)
{
    if (wcl_snapshot_table_each(&snapshotter->table, find_extraction, NULL, NULL) == WCL_OK)
        wcl_ahead_want(&snapshotter->ahead, snapshot->layer);
}

static wcl_status check_free(void *context, const wcl_snapshot *snapshot, wcl_error *error)
{
    return strcmp(snapshot->key, context) == 0
               ? wcl_fail(error, WCL_CODE_ALREADY_EXISTS, "there is a snapshot '%s' already",
                          snapshot->key)
               : WCL_OK;
}

wcl_status wcl_snapshotter_commit(wcl_snapshotter *snapshotter, const char *name, const char *key,
                                  const char *parent, const wcl_snapshot_labels *labels,
                                  const wcl_hooks *hooks, wcl_error *error)
{
    wcl_snapshot *snapshot;

    if (!*name)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "a committed snapshot needs a name");
    if (wcl_snapshot_table_enter(&snapshotter->table, key, &snapshot, error) != WCL_OK)
        return wcl_error_context(error, "commit", key);
    wcl_status status =
        wcl_snapshot_table_each(&snapshotter->table, check_free, (void *)name, error);
    if (status == WCL_OK)
        status = check_commit(snapshotter, snapshot, parent, error);
    if (status == WCL_OK)
        status = commit_held(snapshotter, snapshot, name, *parent ? parent : snapshot->parent,
                             labels, hooks, error);
    if (status == WCL_OK)
        make_chain_ahead(snapshotter, snapshot);
    wcl_snapshot_table_leave(&snapshotter->table, snapshot);
    return status == WCL_OK ? WCL_OK : wcl_error_context(error, "commit", key);
}

/* ---- Remove and Update ----------------------------------------------------------------------- */

wcl_status wcl_snapshotter_remove(wcl_snapshotter *snapshotter, const char *key, wcl_error *error)
{
    WCL_CLEANUP_FREE char *layer = NULL;
    char id[WCL_SNAPSHOT_ID_SIZE];
    wcl_snapshot *snapshot;

    if (wcl_snapshot_table_enter(&snapshotter->table, key, &snapshot, error) != WCL_OK)
        return wcl_error_context(error, "remove", key);
    wcl_snapshot_kind kind = snapshot->kind;
    memcpy(id, snapshot->id, sizeof(id));
    wcl_status status = wcl_snapshot_set_text(&layer, snapshot->layer, error);
    if (status == WCL_OK)
        status = wcl_snapshot_table_remove(&snapshotter->table, snapshot, error);
    if (status != WCL_OK) {
        wcl_snapshot_table_leave(&snapshotter->table, snapshot);
        return wcl_error_context(error, "remove", key);
    }
    discard(snapshotter, kind, id, layer);
    return WCL_OK;
}

static wcl_status update_held(wcl_snapshotter *snapshotter, wcl_snapshot *snapshot,
                              const wcl_snapshot_labels *labels, const wcl_snapshot_labels *gone,
                              bool replace, wcl_error *error)
{
    wcl_snapshot *change;

    if (wcl_snapshot_new(snapshot->key, snapshot->parent, snapshot->kind, &change, error) != WCL_OK)
        return WCL_FAILED;
    change->created = snapshot->created;
    wcl_status status = wcl_snapshot_set_text(&change->layer, snapshot->layer, error);
    if (status == WCL_OK && !replace)
        status = wcl_snapshot_labels_copy(&change->labels, &snapshot->labels, error);
    if (status == WCL_OK)
        status = wcl_snapshot_labels_copy(&change->labels, labels, error);
    for (size_t i = 0; status == WCL_OK && i < gone->count; i++)
        status = wcl_snapshot_labels_set(&change->labels, gone->items[i].key, "", error);
    if (status == WCL_OK)
        status = wcl_snapshot_table_change(&snapshotter->table, snapshot, change, error);
    wcl_snapshot_free(change);
    return status;
}

wcl_status wcl_snapshotter_update(wcl_snapshotter *snapshotter, const char *key,
                                  const wcl_snapshot_labels *labels,
                                  const wcl_snapshot_labels *gone, bool replace, wcl_error *error)
{
    wcl_snapshot *snapshot;

    if (wcl_snapshot_table_enter(&snapshotter->table, key, &snapshot, error) != WCL_OK)
        return wcl_error_context(error, "update", key);
    wcl_status status = update_held(snapshotter, snapshot, labels, gone, replace, error);
    wcl_snapshot_table_leave(&snapshotter->table, snapshot);
    return status == WCL_OK ? WCL_OK : wcl_error_context(error, "update", key);
}
