/* What snapshots take, and clearing up what none of them needs. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/hooks.h"
#include "base/listing.h"
#include "snapshotter/driver.h"
#include "snapshotter/mounts.h"

/* As many descriptors are open at once. */
#define DEPTH_MAX 512

/* ---- Usage ----------------------------------------------------------------------------------- */

typedef struct measure {
    const wcl_hooks *hooks;
    dev_t device;
    unsigned depth;
    uint64_t *size;
    uint64_t *inodes;
} measure;

/* What a container moves while it is looked at is not followed out of the folder. What goes
 * meanwhile does not count, nor does what is mounted there. */
static wcl_status measure_item(void *context, int folder, const char *name, wcl_error *error)
{
    measure *measure = context;
    struct stat info;

    if (wcl_hooks_report(measure->hooks, &(wcl_progress) { .operation = "measure" }, error) !=
        WCL_OK)
        return WCL_FAILED;
    if (fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? WCL_OK : wcl_fail_errno(error, errno, "cannot look at '%s'", name);
    if (info.st_dev != measure->device)
        return WCL_OK;
    *measure->size += (uint64_t)info.st_blocks * 512;
    *measure->inodes += 1;
    if (!S_ISDIR(info.st_mode))
        return WCL_OK;
    if (measure->depth == DEPTH_MAX)
        return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE, "there are more than %d folders in folders",
                        DEPTH_MAX);
    measure->depth++;
    wcl_status status = wcl_listing_each(folder, name, measure_item, context, error);
    measure->depth--;
    return status;
}

/* The files of a layer's folder, and what a sandbox has below it. */
static wcl_status measure_folder(const wcl_snapshotter *snapshotter, const char *layer,
                                 uint64_t *size, uint64_t *inodes, const wcl_hooks *hooks,
                                 wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer path = WCL_BUFFER_INIT;
    struct stat info;

    if (wcl_buffer_printf(&path, error, "%s/%s", snapshotter->home, layer) != WCL_OK)
        return WCL_FAILED;
    if (lstat(wcl_buffer_text(&path), &info) != 0)
        return wcl_fail_errno(error, errno, "cannot look at '%s'", wcl_buffer_text(&path));
    measure measure = { hooks, info.st_dev, 0, size, inodes };
    *size += (uint64_t)info.st_blocks * 512;
    *inodes += 1;
    return wcl_listing_each(AT_FDCWD, wcl_buffer_text(&path), measure_item, &measure, error);
}

static wcl_status measure_layer(const wcl_snapshotter *snapshotter, const char *layer,
                                uint64_t *size, uint64_t *inodes, const wcl_hooks *hooks,
                                wcl_error *error)
{
    WCL_CLEANUP_FREE wcl_layer_info *info = NULL;

    if (wcl_layer_get_info(&snapshotter->layers, layer, &info, error) != WCL_OK ||
        measure_folder(snapshotter, layer, size, inodes, hooks, error) != WCL_OK)
        return WCL_FAILED;
    if (strcmp(info->kind, "sandbox") != 0)
        *inodes = info->entries;
    return WCL_OK;
}

wcl_status wcl_snapshotter_usage(wcl_snapshotter *snapshotter, const char *key, uint64_t *size,
                                 uint64_t *inodes, const wcl_hooks *hooks, wcl_error *error)
{
    wcl_snapshot *snapshot;
    wcl_status status = WCL_OK;

    *size = *inodes = 0;
    if (wcl_snapshot_table_enter(&snapshotter->table, key, &snapshot, error) != WCL_OK)
        return wcl_error_context(error, "measure", key);
    if (snapshot->kind == WCL_SNAPSHOT_ACTIVE)
        status = measure_layer(snapshotter, snapshot->id, size, inodes, hooks, error);
    if (status == WCL_OK && snapshot->kind != WCL_SNAPSHOT_VIEW && *snapshot->layer)
        status = measure_layer(snapshotter, snapshot->layer, size, inodes, hooks, error);
    wcl_snapshot_table_leave(&snapshotter->table, snapshot);
    return status == WCL_OK ? WCL_OK : wcl_error_context(error, "measure", key);
}

/* ---- Cleanup --------------------------------------------------------------------------------- */

wcl_status wcl_snapshotter_cleanup(wcl_snapshotter *snapshotter, const wcl_hooks *hooks,
                                   wcl_error *error)
{
    WCL_CLEANUP_FREE char **ids = NULL;
    wcl_progress progress = { .operation = "clean up" };
    size_t count = 0;

    wcl_status status = wcl_layer_list(&snapshotter->layers, &ids, &count, error);
    /* Layers that came in another way have other names, and are none of ours. */
    for (size_t i = count; status == WCL_OK && i-- > 0 &&
                           (status = wcl_hooks_report(hooks, &progress, error)) == WCL_OK;)
        if (strncmp(ids[i], WCL_SNAPSHOT_ID_PREFIX, strlen(WCL_SNAPSHOT_ID_PREFIX)) == 0 &&
            !wcl_snapshot_table_needs(&snapshotter->table, ids[i]))
            wcl_snapshot_discard_layer(snapshotter, ids[i]);
    return status;
}
