/* Reading the labels that ask for mapped ids: "INSIDE:OUTSIDE:COUNT", several with commas. */
#include "snapshotter/id_map.h"

#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "platform/linux/user_namespace.h"

#define UID_LABEL "containerd.io/snapshot/uidmapping"
#define GID_LABEL "containerd.io/snapshot/gidmapping"

bool wcl_snapshot_has_id_map(const wcl_snapshot_labels *labels)
{
    return wcl_snapshot_labels_find(labels, UID_LABEL) ||
           wcl_snapshot_labels_find(labels, GID_LABEL);
}

/* The map of a label as the kernel takes it: a line for each range. */
static wcl_status parse_map(const wcl_snapshot_labels *labels, const char *label, wcl_buffer *map,
                            wcl_error *error)
{
    const char *text = wcl_snapshot_labels_find(labels, label);
    unsigned inside, outside, count;
    int size = 0;

    for (const char *at = text; at; at = *at == ',' ? at + 1 : NULL) {
        if (strspn(at, "0123456789:,") != strlen(at) ||
            sscanf(at, "%u:%u:%u%n", &inside, &outside, &count, &size) != 3 || count == 0 ||
            (at[size] && at[size] != ','))
            return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                            "the label %s is '%.100s', which is not INSIDE:OUTSIDE:COUNT", label,
                            text);
        if (wcl_buffer_printf(map, error, "%u %u %u\n", inside, outside, count) != WCL_OK)
            return WCL_FAILED;
        at += size;
    }
    return text ? WCL_OK
                : wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                           "ids are mapped by two labels, of which %s is missing", label);
}

static wcl_status parse_maps(const wcl_snapshot_labels *labels, wcl_buffer *uids, wcl_buffer *gids,
                             wcl_error *error)
{
    return parse_map(labels, UID_LABEL, uids, error) == WCL_OK
               ? parse_map(labels, GID_LABEL, gids, error)
               : WCL_FAILED;
}

wcl_status wcl_snapshot_check_id_map(const wcl_snapshot *snapshot, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer uids = WCL_BUFFER_INIT, gids = WCL_BUFFER_INIT;

    if (!wcl_snapshot_has_id_map(&snapshot->labels))
        return WCL_OK;
    if (snapshot->kind != WCL_SNAPSHOT_ACTIVE || !*snapshot->parent)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "ids are mapped, as the labels " UID_LABEL " and " GID_LABEL
                        " ask, of active snapshots on a parent alone");
    return parse_maps(&snapshot->labels, &uids, &gids, error);
}

wcl_status wcl_snapshot_open_id_map(const wcl_snapshot_labels *labels, int *user_namespace,
                                    wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer uids = WCL_BUFFER_INIT, gids = WCL_BUFFER_INIT;

    return parse_maps(labels, &uids, &gids, error) == WCL_OK
               ? wcl_user_namespace_make(wcl_buffer_text(&uids), wcl_buffer_text(&gids),
                                         user_namespace, error)
               : WCL_FAILED;
}
