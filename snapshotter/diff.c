/* Diff: what a snapshot changes of its parent, as a tar: of a committed one the very bytes of its
 * layer. */
#include <string.h>
#include <wcl/tar.h>

#include "base/buffer.h"
#include "base/error.h"
#include "snapshotter/driver.h"
#include "snapshotter/mounts.h"

static bool is_nothing(const char *layer)
{
    return !*layer || strcmp(layer, WCL_SNAPSHOT_NOTHING) == 0;
}

/* What the layer stands on itself; "" for nothing. */
static const char *below(const wcl_layer_info *info)
{
    return info->parent_count && !is_nothing(info->parents[0]) ? info->parents[0] : "";
}

wcl_status wcl_snapshotter_diff_of(const wcl_snapshotter *snapshotter, const char *left,
                                   const char *right, wcl_layer_info **info, wcl_error *error)
{
    char lower[WCL_SNAPSHOT_LAYER_SIZE] = "", upper[WCL_SNAPSHOT_LAYER_SIZE];

    if ((*left && wcl_snapshot_layer_of_source(snapshotter, left, lower, error) != WCL_OK) ||
        wcl_snapshot_layer_of_source(snapshotter, right, upper, error) != WCL_OK ||
        wcl_layer_get_info(&snapshotter->layers, upper, info, error) != WCL_OK)
        return WCL_FAILED;
    if (strcmp(is_nothing(lower) ? "" : lower, below(*info)) == 0)
        return WCL_OK;
    wcl_free(*info);
    *info = NULL;
    return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                    "the layer '%s' does not stand on '%s', and what it changes of it is not known",
                    upper, lower);
}

wcl_status wcl_snapshotter_export(const wcl_snapshotter *snapshotter, const char *layer,
                                  const wcl_hooks *hooks, wcl_write_fn write, void *context,
                                  wcl_error *error)
{
    wcl_driver driver = snapshotter->layers;

    driver.hooks = hooks;
    return wcl_layer_export_tar(&driver, layer, (wcl_parents) { NULL, 0 }, write, context, NULL,
                                error);
}
