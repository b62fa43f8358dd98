/* The service /containerd.services.snapshots.v1.Snapshots. */
#include <string.h>

#include "base/error.h"
#include "snapshotter/filter.h"
#include "snapshotter/service/messages.h"
#include "snapshotter/service/services.h"

/* Snapshots in a message of a list; grpc-go takes no message over 4 MB. */
#define LIST_PIECE 64

typedef WCL_SNAPSHOTS_MESSAGE(PrepareSnapshotRequest__LabelsEntry) label_message;

/* ---- Labels ---------------------------------------------------------------------------------- */

/* The entries of all maps of labels are alike. */
static wcl_status take_labels(label_message *const *entries, size_t count,
                              wcl_snapshot_labels *labels, wcl_error *error)
{
    wcl_status status = WCL_OK;

    for (size_t i = 0; status == WCL_OK && i < count; i++)
        status = wcl_snapshot_labels_set(labels, entries[i]->key, entries[i]->value, error);
    return status;
}

/* ---- Infos ----------------------------------------------------------------------------------- */

typedef WCL_SNAPSHOTS_MESSAGE(Info__LabelsEntry) info_label;

/* An info with what it points to; `labels` holds entries and then the pointers to them. */
typedef struct info_parts {
    wcl_info_message info;
    Google__Protobuf__Timestamp created, updated;
    wcl_buffer labels;
} info_parts;

static Google__Protobuf__Timestamp timestamp_of(struct timespec time)
{
    Google__Protobuf__Timestamp stamp = GOOGLE__PROTOBUF__TIMESTAMP__INIT;

    stamp.seconds = time.tv_sec;
    stamp.nanos = (int32_t)time.tv_nsec;
    return stamp;
}

static wcl_status fill_labels(info_parts *parts, const wcl_snapshot_labels *labels,
                              wcl_error *error)
{
    const size_t count = labels->count;
    const info_label none = CONTAINERD__SERVICES__SNAPSHOTS__V1__INFO__LABELS_ENTRY__INIT;

    if (count == 0)
        return WCL_OK;
    if (wcl_buffer_append_zeros(&parts->labels, count * (sizeof(none) + sizeof(info_label *)),
                                error) != WCL_OK)
        return WCL_FAILED;
    info_label *entries = (info_label *)(void *)parts->labels.data;
    info_label **list = (info_label **)(void *)(parts->labels.data + count * sizeof(none));
    for (size_t i = 0; i < count; i++) {
        entries[i] = none;
        entries[i].key = labels->items[i].key;
        entries[i].value = labels->items[i].value;
        list[i] = &entries[i];
    }
    parts->info.n_labels = count;
    parts->info.labels = list;
    return WCL_OK;
}

static wcl_status fill_info(info_parts *parts, const wcl_snapshot *snapshot, wcl_error *error)
{
    *parts = (info_parts) {
        .info = CONTAINERD__SERVICES__SNAPSHOTS__V1__INFO__INIT,
        .created = timestamp_of(snapshot->created),
        .updated = timestamp_of(snapshot->updated),
    };
    parts->info.name = snapshot->key;
    parts->info.parent = snapshot->parent;
    parts->info.kind = (WCL_SNAPSHOTS_MESSAGE(Kind))snapshot->kind;
    parts->info.created_at = &parts->created;
    parts->info.updated_at = &parts->updated;
    return fill_labels(parts, &snapshot->labels, error);
}

/* ---- Mounts ---------------------------------------------------------------------------------- */

typedef struct mount_parts {
    wcl_mount_message mount;
    wcl_mount_message *list[1];
} mount_parts;

static void fill_mount(mount_parts *parts, wcl_snapshot_mount *mount)
{
    const wcl_mount_message none = CONTAINERD__TYPES__MOUNT__INIT;

    parts->mount = none;
    parts->mount.type = (char *)mount->type;
    parts->mount.source = mount->source;
    parts->mount.options = mount->options;
    parts->mount.n_options = mount->option_count;
    parts->list[0] = &parts->mount;
}

static wcl_status reply_mount(wcl_grpc_call *call, wcl_snapshot_mount *mount, wcl_error *error)
{
    /* The answers of Prepare, View and Mounts are alike. */
    WCL_SNAPSHOTS_MESSAGE(MountsResponse)
    response = CONTAINERD__SERVICES__SNAPSHOTS__V1__MOUNTS_RESPONSE__INIT;
    mount_parts parts;

    fill_mount(&parts, mount);
    response.mounts = parts.list;
    response.n_mounts = 1;
    wcl_status status = wcl_grpc_reply(call, &response.base, error);
    wcl_snapshot_mount_free(mount);
    return status;
}

/* ---- The calls ------------------------------------------------------------------------------- */

static wcl_snapshotter *snapshotter_of(void *context)
{
    return ((wcl_snapshot_services *)context)->snapshotter;
}

static wcl_status reply_empty(wcl_grpc_call *call, wcl_error *error)
{
    const Google__Protobuf__Empty empty = GOOGLE__PROTOBUF__EMPTY__INIT;

    return wcl_grpc_reply(call, &empty.base, error);
}

static wcl_status prepare(wcl_snapshotter *snapshotter, wcl_grpc_call *call,
                          const WCL_SNAPSHOTS_MESSAGE(PrepareSnapshotRequest) * request,
                          wcl_snapshot_kind kind, wcl_error *error)
{
    wcl_snapshot_labels labels = { NULL, 0 };
    wcl_snapshot_mount mount = WCL_SNAPSHOT_MOUNT_INIT;

    wcl_status status = take_labels(request->labels, request->n_labels, &labels, error);
    if (status == WCL_OK)
        status = wcl_snapshotter_prepare(snapshotter, request->key, request->parent, &labels, kind,
                                         &mount, error);
    wcl_snapshot_labels_free(&labels);
    return status == WCL_OK ? reply_mount(call, &mount, error) : WCL_FAILED;
}

static wcl_status call_prepare(void *context, wcl_grpc_call *call, const ProtobufCMessage *request,
                               wcl_error *error)
{
    return prepare(snapshotter_of(context), call, (const void *)request, WCL_SNAPSHOT_ACTIVE,
                   error);
}

/* The requests of Prepare and View are alike. */
static wcl_status call_view(void *context, wcl_grpc_call *call, const ProtobufCMessage *request,
                            wcl_error *error)
{
    return prepare(snapshotter_of(context), call, (const void *)request, WCL_SNAPSHOT_VIEW, error);
}

static wcl_status call_mounts(void *context, wcl_grpc_call *call, const ProtobufCMessage *message,
                              wcl_error *error)
{
    const WCL_SNAPSHOTS_MESSAGE(MountsRequest) *request = (const void *)message;
    wcl_snapshot_mount mount = WCL_SNAPSHOT_MOUNT_INIT;

    if (wcl_snapshotter_mounts(snapshotter_of(context), request->key, &mount, error) != WCL_OK)
        return WCL_FAILED;
    return reply_mount(call, &mount, error);
}

static wcl_status call_commit(void *context, wcl_grpc_call *call, const ProtobufCMessage *message,
                              wcl_error *error)
{
    const WCL_SNAPSHOTS_MESSAGE(CommitSnapshotRequest) *request = (const void *)message;
    const wcl_hooks hooks = wcl_grpc_call_hooks(call);
    wcl_snapshot_labels labels = { NULL, 0 };

    wcl_status status = take_labels((void *)request->labels, request->n_labels, &labels, error);
    if (status == WCL_OK)
        status = wcl_snapshotter_commit(snapshotter_of(context), request->name, request->key,
                                        request->parent, &labels, &hooks, error);
    wcl_snapshot_labels_free(&labels);
    return status == WCL_OK ? reply_empty(call, error) : WCL_FAILED;
}

static wcl_status call_remove(void *context, wcl_grpc_call *call, const ProtobufCMessage *message,
                              wcl_error *error)
{
    const WCL_SNAPSHOTS_MESSAGE(RemoveSnapshotRequest) *request = (const void *)message;

    if (wcl_snapshotter_remove(snapshotter_of(context), request->key, error) != WCL_OK)
        return WCL_FAILED;
    return reply_empty(call, error);
}

static wcl_status call_cleanup(void *context, wcl_grpc_call *call, const ProtobufCMessage *message,
                               wcl_error *error)
{
    const wcl_hooks hooks = wcl_grpc_call_hooks(call);

    (void)message;
    if (wcl_snapshotter_cleanup(snapshotter_of(context), &hooks, error) != WCL_OK)
        return WCL_FAILED;
    return reply_empty(call, error);
}

static wcl_status call_usage(void *context, wcl_grpc_call *call, const ProtobufCMessage *message,
                             wcl_error *error)
{
    const WCL_SNAPSHOTS_MESSAGE(UsageRequest) *request = (const void *)message;
    WCL_SNAPSHOTS_MESSAGE(UsageResponse)
    response = CONTAINERD__SERVICES__SNAPSHOTS__V1__USAGE_RESPONSE__INIT;
    const wcl_hooks hooks = wcl_grpc_call_hooks(call);
    uint64_t size, inodes;

    if (wcl_snapshotter_usage(snapshotter_of(context), request->key, &size, &inodes, &hooks,
                              error) != WCL_OK)
        return WCL_FAILED;
    response.size = (int64_t)size;
    response.inodes = (int64_t)inodes;
    return wcl_grpc_reply(call, &response.base, error);
}

/* ---- Stat, Update and List ------------------------------------------------------------------- */

typedef struct stat_search {
    wcl_grpc_call *call;
    const char *key;
} stat_search;

/* WCL_END once it is found. */
static wcl_status reply_if_it(void *context, const wcl_snapshot *snapshot, wcl_error *error)
{
    stat_search *search = context;
    /* The answers of Stat and Update are alike. */
    WCL_SNAPSHOTS_MESSAGE(StatSnapshotResponse)
    response = CONTAINERD__SERVICES__SNAPSHOTS__V1__STAT_SNAPSHOT_RESPONSE__INIT;
    info_parts parts;

    if (strcmp(snapshot->key, search->key) != 0)
        return WCL_OK;
    wcl_status status = fill_info(&parts, snapshot, error);
    response.info = &parts.info;
    if (status == WCL_OK)
        status = wcl_grpc_reply(search->call, &response.base, error);
    wcl_buffer_free(&parts.labels);
    return status == WCL_OK ? WCL_END : WCL_FAILED;
}

static wcl_status reply_info(wcl_snapshotter *snapshotter, wcl_grpc_call *call, const char *key,
                             wcl_error *error)
{
    stat_search search = { call, key };

    wcl_status status = wcl_snapshot_table_each(&snapshotter->table, reply_if_it, &search, error);
    if (status != WCL_OK)
        return status == WCL_END ? WCL_OK : WCL_FAILED;
    wcl_fail(error, WCL_CODE_FILE_NOT_FOUND, "there is no snapshot '%s'", key);
    return wcl_error_context(error, "stat", key);
}

static wcl_status call_stat(void *context, wcl_grpc_call *call, const ProtobufCMessage *message,
                            wcl_error *error)
{
    const WCL_SNAPSHOTS_MESSAGE(StatSnapshotRequest) *request = (const void *)message;

    return reply_info(snapshotter_of(context), call, request->key, error);
}

/* The labels that an update is to set: those of the mask, empty where they are to go. */
static wcl_status mask_labels(const WCL_SNAPSHOTS_MESSAGE(UpdateSnapshotRequest) * request,
                              wcl_snapshot_labels *labels, bool *replace, wcl_error *error)
{
    const wcl_info_message *info = request->info;
    const Google__Protobuf__FieldMask *mask = request->update_mask;

    *replace = !mask || mask->n_paths == 0;
    for (size_t i = 0; mask && i < mask->n_paths; i++) {
        if (strcmp(mask->paths[i], "labels") == 0)
            *replace = true;
        else if (strncmp(mask->paths[i], "labels.", 7) != 0)
            return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                            "the field '%.100s' cannot be changed; labels can", mask->paths[i]);
    }
    for (size_t i = 0; i < info->n_labels; i++) {
        bool wanted = *replace;
        for (size_t j = 0; !wanted && j < mask->n_paths; j++)
            wanted = strcmp(mask->paths[j] + 7, info->labels[i]->key) == 0;
        if (wanted && wcl_snapshot_labels_set(labels, info->labels[i]->key, info->labels[i]->value,
                                              error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

/* Labels of the mask that the request does not have. */
static wcl_status collect_gone(const WCL_SNAPSHOTS_MESSAGE(UpdateSnapshotRequest) * request,
                               const wcl_snapshot_labels *labels, bool replace,
                               wcl_snapshot_labels *gone, wcl_error *error)
{
    const Google__Protobuf__FieldMask *mask = request->update_mask;

    for (size_t i = 0; !replace && i < mask->n_paths; i++)
        if (!wcl_snapshot_labels_find(labels, mask->paths[i] + 7) &&
            wcl_snapshot_labels_set(gone, mask->paths[i] + 7, "-", error) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}

static wcl_status call_update(void *context, wcl_grpc_call *call, const ProtobufCMessage *message,
                              wcl_error *error)
{
    const WCL_SNAPSHOTS_MESSAGE(UpdateSnapshotRequest) *request = (const void *)message;
    wcl_snapshotter *snapshotter = snapshotter_of(context);
    wcl_snapshot_labels labels = { NULL, 0 }, gone = { NULL, 0 };
    bool replace;

    if (!request->info || !*request->info->name)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "an update needs a snapshot's name");
    wcl_status status = mask_labels(request, &labels, &replace, error);
    if (status == WCL_OK)
        status = collect_gone(request, &labels, replace, &gone, error);
    if (status == WCL_OK)
        status = wcl_snapshotter_update(snapshotter, request->info->name, &labels, &gone, replace,
                                        error);
    wcl_snapshot_labels_free(&labels);
    wcl_snapshot_labels_free(&gone);
    return status == WCL_OK ? reply_info(snapshotter, call, request->info->name, error)
                            : WCL_FAILED;
}

/* A list under way. */
typedef struct listing {
    wcl_grpc_call *call;
    const wcl_filter *filter;
    info_parts parts[LIST_PIECE];
    wcl_info_message *list[LIST_PIECE];
    size_t count;
} listing;

static wcl_status send_piece(listing *listing, wcl_error *error)
{
    WCL_SNAPSHOTS_MESSAGE(ListSnapshotsResponse)
    response = CONTAINERD__SERVICES__SNAPSHOTS__V1__LIST_SNAPSHOTS_RESPONSE__INIT;

    if (listing->count == 0)
        return WCL_OK;
    response.info = listing->list;
    response.n_info = listing->count;
    wcl_status status = wcl_grpc_reply(listing->call, &response.base, error);
    while (listing->count > 0)
        wcl_buffer_free(&listing->parts[--listing->count].labels);
    return status;
}

static wcl_status add_to_list(void *context, const wcl_snapshot *snapshot, wcl_error *error)
{
    listing *listing = context;

    if (!wcl_filter_matches(listing->filter, snapshot))
        return WCL_OK;
    if (fill_info(&listing->parts[listing->count], snapshot, error) != WCL_OK)
        return WCL_FAILED;
    listing->list[listing->count] = &listing->parts[listing->count].info;
    listing->count++;
    return listing->count == LIST_PIECE ? send_piece(listing, error) : WCL_OK;
}

static wcl_status call_list(void *context, wcl_grpc_call *call, const ProtobufCMessage *message,
                            wcl_error *error)
{
    const WCL_SNAPSHOTS_MESSAGE(ListSnapshotsRequest) *request = (const void *)message;
    listing listing = { .call = call };
    wcl_filter *filter;

    if (wcl_filter_parse(request->filters, request->n_filters, &filter, error) != WCL_OK)
        return wcl_error_context(error, "list", "snapshots");
    listing.filter = filter;
    wcl_status status =
        wcl_snapshot_table_each(&snapshotter_of(context)->table, add_to_list, &listing, error);
    wcl_status sent = send_piece(&listing, status == WCL_OK ? error : NULL);
    wcl_filter_free(filter);
    return status == WCL_OK ? sent : WCL_FAILED;
}

/* ---- The table ------------------------------------------------------------------------------- */

#define METHOD(name, kind, run)                                                                    \
    {                                                                                              \
        "/containerd.services.snapshots.v1.Snapshots/" name,                                       \
            &containerd__services__snapshots__v1__##kind##__descriptor, run, false                 \
    }

static const wcl_grpc_method methods[] = {
    METHOD("Prepare", prepare_snapshot_request, call_prepare),
    METHOD("View", view_snapshot_request, call_view),
    METHOD("Mounts", mounts_request, call_mounts),
    METHOD("Commit", commit_snapshot_request, call_commit),
    METHOD("Remove", remove_snapshot_request, call_remove),
    METHOD("Stat", stat_snapshot_request, call_stat),
    METHOD("Update", update_snapshot_request, call_update),
    METHOD("List", list_snapshots_request, call_list),
    METHOD("Usage", usage_request, call_usage),
    METHOD("Cleanup", cleanup_request, call_cleanup),
};

const wcl_grpc_method *wcl_snapshot_service_methods(size_t *count)
{
    *count = sizeof(methods) / sizeof(methods[0]);
    return methods;
}
