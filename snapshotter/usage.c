/* What snapshots take, and clearing up what none of them needs. */
#include <errno.h>
#include <fts.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buffer.h"
#include "base/error.h"
#include "snapshotter/driver.h"
#include "snapshotter/mounts.h"

/* ---- Usage ----------------------------------------------------------------------------------- */

/* The files of a layer's folder, and what a sandbox has below it; not what is mounted there. */
static wcl_status measure_folder(const wcl_snapshotter *snapshotter, const char *layer,
                                 uint64_t *size, uint64_t *inodes, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer path = WCL_BUFFER_INIT;
    const FTSENT *item;

    if (wcl_buffer_printf(&path, error, "%s/%s", snapshotter->home, layer) != WCL_OK)
        return WCL_FAILED;
    char *const paths[] = { (char *)path.data, NULL };
    FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_XDEV | FTS_NOCHDIR, NULL);
    if (!tree)
        return wcl_fail_errno(error, errno, "cannot look through '%s'", wcl_buffer_text(&path));
    /* What goes meanwhile does not count. */
    while ((item = fts_read(tree)))
        if (item->fts_info != FTS_DP && item->fts_info != FTS_NS && item->fts_info != FTS_ERR &&
            item->fts_info != FTS_DNR) {
            *size += (uint64_t)item->fts_statp->st_blocks * 512;
            *inodes += 1;
        }
    fts_close(tree);
    return WCL_OK;
}

static wcl_status measure_layer(const wcl_snapshotter *snapshotter, const char *layer,
                                uint64_t *size, uint64_t *inodes, wcl_error *error)
{
    WCL_CLEANUP_FREE wcl_layer_info *info = NULL;

    if (wcl_layer_get_info(&snapshotter->layers, layer, &info, error) != WCL_OK ||
        measure_folder(snapshotter, layer, size, inodes, error) != WCL_OK)
        return WCL_FAILED;
    if (strcmp(info->kind, "sandbox") != 0)
        *inodes = info->entries;
    return WCL_OK;
}

wcl_status wcl_snapshotter_usage(wcl_snapshotter *snapshotter, const char *key, uint64_t *size,
                                 uint64_t *inodes, wcl_error *error)
{
    wcl_snapshot *snapshot;
    wcl_status status = WCL_OK;

    *size = *inodes = 0;
    if (wcl_snapshot_table_enter(&snapshotter->table, key, &snapshot, error) != WCL_OK)
        return wcl_error_context(error, "measure", key);
    if (snapshot->kind == WCL_SNAPSHOT_ACTIVE)
        status = measure_layer(snapshotter, snapshot->id, size, inodes, error);
    if (status == WCL_OK && snapshot->kind != WCL_SNAPSHOT_VIEW && *snapshot->layer)
        status = measure_layer(snapshotter, snapshot->layer, size, inodes, error);
    wcl_snapshot_table_leave(&snapshotter->table, snapshot);
    return status == WCL_OK ? WCL_OK : wcl_error_context(error, "measure", key);
}

/* ---- Cleanup --------------------------------------------------------------------------------- */

wcl_status wcl_snapshotter_cleanup(wcl_snapshotter *snapshotter, wcl_error *error)
{
    WCL_CLEANUP_FREE char **ids = NULL;
    size_t count = 0;

    if (wcl_layer_list(&snapshotter->layers, &ids, &count, error) != WCL_OK)
        return WCL_FAILED;
    /* Layers that came in another way have other names, and are none of ours. */
    for (size_t i = count; i-- > 0;)
        if (strncmp(ids[i], WCL_SNAPSHOT_ID_PREFIX, strlen(WCL_SNAPSHOT_ID_PREFIX)) == 0 &&
            !wcl_snapshot_table_needs(&snapshotter->table, ids[i]))
            wcl_snapshot_discard_layer(snapshotter, ids[i]);
    return WCL_OK;
}
