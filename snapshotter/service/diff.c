/* The service /containerd.services.diff.v1.Diff. */
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "compress/compress.h"
#include "snapshotter/content.h"
#include "snapshotter/lease.h"
#include "snapshotter/service/messages.h"
#include "snapshotter/service/services.h"

#define LAYER_TYPE "application/vnd.oci.image.layer.v1.tar"
#define UPPER_OPTION "upperdir="
#define UNCOMPRESSED_LABEL "containerd.io/uncompressed"

/* ---- Calls ----------------------------------------------------------------------------------- */

static wcl_grpc_target target_of(const wcl_snapshot_services *services, const wcl_grpc_call *call,
                                 const wcl_hooks *hooks)
{
    return (wcl_grpc_target) { services->content_socket, wcl_grpc_call_namespace(call),
                               wcl_grpc_call_lease(call), hooks };
}

/* What tells whose the only mount is: a bind's source, or an overlay's upper; "" where there is
 * none. */
static wcl_status source_of(wcl_mount_message *const *mounts, size_t count, const char **source,
                            wcl_error *error)
{
    *source = count == 0 ? "" : NULL;
    if (count == 1 && strcmp(mounts[0]->type, "bind") == 0)
        *source = mounts[0]->source;
    for (size_t i = 0; count == 1 && !*source && i < mounts[0]->n_options; i++)
        if (strncmp(mounts[0]->options[i], UPPER_OPTION, strlen(UPPER_OPTION)) == 0)
            *source = mounts[0]->options[i] + strlen(UPPER_OPTION);
    return *source ? WCL_OK
                   : wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                              "the mounts are not those of this snapshotter: one bind or overlay");
}

/* ---- Apply ----------------------------------------------------------------------------------- */

/* Layers that are tars, plain or compressed in a way that is known; not encrypted ones. */
static wcl_status check_media_type(const char *type, wcl_error *error)
{
    static const char *const known[] = {
        LAYER_TYPE,
        "application/vnd.oci.image.layer.v1.tar+gzip",
        "application/vnd.oci.image.layer.v1.tar+zstd",
        "application/vnd.oci.image.layer.nondistributable.v1.tar",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
        "application/vnd.docker.image.rootfs.diff.tar",
        "application/vnd.docker.image.rootfs.diff.tar.gzip",
        "application/vnd.docker.image.rootfs.diff.tar.zstd",
        "application/vnd.docker.image.rootfs.foreign.diff.tar",
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcmp(type, known[i]) == 0)
            return WCL_OK;
    return wcl_fail(error, WCL_CODE_NOT_SUPPORTED, "the media type '%.150s' is not a layer tar's",
                    type);
}

static wcl_status reply_applied(wcl_grpc_call *call, wcl_import_result *result, wcl_error *error)
{
    WCL_DIFF_MESSAGE(ApplyResponse)
    response = CONTAINERD__SERVICES__DIFF__V1__APPLY_RESPONSE__INIT;
    wcl_descriptor_message applied = CONTAINERD__TYPES__DESCRIPTOR__INIT;

    applied.media_type = (char *)LAYER_TYPE;
    applied.digest = result->diff_id;
    applied.size = (int64_t)result->size;
    response.applied = &applied;
    return wcl_grpc_reply(call, &response.base, error);
}

static wcl_status call_apply(void *context, wcl_grpc_call *call, const ProtobufCMessage *message,
                             wcl_error *error)
{
    const WCL_DIFF_MESSAGE(ApplyRequest) *request = (const void *)message;
    const wcl_snapshot_services *services = context;
    const wcl_hooks hooks = wcl_grpc_call_hooks(call);
    const wcl_grpc_target target = target_of(services, call, &hooks);
    wcl_content_reader *reader = NULL;
    wcl_import_result result = WCL_IMPORT_RESULT_INIT;
    const char *source;

    if (!request->diff || !*request->diff->digest)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "an Apply needs a diff");
    if (source_of(request->mounts, request->n_mounts, &source, error) != WCL_OK ||
        check_media_type(request->diff->media_type, error) != WCL_OK ||
        wcl_content_reader_open(&target, request->diff->digest, &reader, error) != WCL_OK)
        return wcl_error_context(error, "apply", NULL);
    wcl_status status = wcl_snapshotter_apply(services->snapshotter, source, request->diff->digest,
                                              wcl_content_read, reader, &hooks, &result, error);
    wcl_content_reader_free(reader);
    return status == WCL_OK ? reply_applied(call, &result, error) : WCL_FAILED;
}

/* ---- Diff ------------------------------------------------------------------------------------ */

typedef struct diff_type {
    const char *media_type;
    wcl_compression compression;
} diff_type;

/* The first is the usual one. */
static const diff_type diff_types[] = {
    { LAYER_TYPE "+gzip", WCL_COMPRESSION_GZIP },
    { LAYER_TYPE, WCL_COMPRESSION_NONE },
    { LAYER_TYPE "+zstd", WCL_COMPRESSION_ZSTD },
    { "application/vnd.docker.image.rootfs.diff.tar.gzip", WCL_COMPRESSION_GZIP },
    { "application/vnd.docker.image.rootfs.diff.tar", WCL_COMPRESSION_NONE },
};

static wcl_status find_diff_type(const char *name, const diff_type **type, wcl_error *error)
{
    *type = NULL;
    for (size_t i = 0; i < sizeof(diff_types) / sizeof(diff_types[0]); i++)
        if (!*type && (!*name || strcmp(name, diff_types[i].media_type) == 0))
            *type = &diff_types[i];
    return *type ? WCL_OK
                 : wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                            "a diff of the media type '%.150s' cannot be made", name);
}

/* A tar on its way: hashed as it is, and compressed. */
typedef struct diff_stream {
    wcl_sha256 *sha256;
    wcl_output *output;
} diff_stream;

static wcl_status pass_on(void *context, const void *data, size_t size, wcl_error *error)
{
    diff_stream *stream = context;

    if (wcl_sha256_update(stream->sha256, data, size, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_output_write(stream->output, data, size, error);
}

/* What was applied is not changed any more. */
static wcl_status check_source_date(const WCL_DIFF_MESSAGE(DiffRequest) * request,
                                    const wcl_layer_info *info, wcl_error *error)
{
    return !request->source_date_epoch || strcmp(info->kind, "sandbox") == 0
               ? WCL_OK
               : wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                          "the times of a committed snapshot are not changed to a source date");
}

/* Writes the layer's tar to the blob; its diff ID. */
static wcl_status write_blob(const wcl_snapshot_services *services, const char *layer,
                             const struct timespec *latest, const diff_type *type,
                             const wcl_hooks *hooks, wcl_content_writer *writer,
                             char diff_id[WCL_DIGEST_TEXT_SIZE], wcl_error *error)
{
    diff_stream stream = { NULL, NULL };
    uint8_t digest[WCL_SHA256_SIZE];

    wcl_status status = wcl_sha256_new(&stream.sha256, error);
    if (status == WCL_OK)
        status =
            wcl_output_open(wcl_content_write, writer, type->compression, 0, &stream.output, error);
    if (status == WCL_OK)
        status = wcl_snapshotter_export(services->snapshotter, layer, latest, hooks, pass_on,
                                        &stream, error);
    if (status == WCL_OK)
        status = wcl_output_finish(stream.output, error);
    if (status == WCL_OK)
        status = wcl_sha256_finish(stream.sha256, digest, error);
    if (status == WCL_OK)
        wcl_digest_format(digest, diff_id);
    wcl_output_free(stream.output);
    wcl_sha256_free(stream.sha256);
    return status;
}

/* The labels that a diff's blob is to have: the request's, and what it is uncompressed. */
static wcl_status collect_labels(const WCL_DIFF_MESSAGE(DiffRequest) * request, const char *diff_id,
                                 wcl_buffer *room, wcl_content_labels *labels, wcl_error *error)
{
    if (wcl_buffer_append_zeros(room, (request->n_labels + 1) * sizeof(wcl_content_label), error) !=
        WCL_OK)
        return WCL_FAILED;
    wcl_content_label *items = (wcl_content_label *)(void *)room->data;
    for (size_t i = 0; i < request->n_labels; i++)
        items[i] = (wcl_content_label) { request->labels[i]->key, request->labels[i]->value };
    items[request->n_labels] = (wcl_content_label) { UNCOMPRESSED_LABEL, diff_id };
    *labels = (wcl_content_labels) { items, request->n_labels + 1 };
    return WCL_OK;
}

static wcl_status commit_blob(wcl_content_writer *writer,
                              const WCL_DIFF_MESSAGE(DiffRequest) * request, const char *diff_id,
                              char digest[WCL_DIGEST_TEXT_SIZE], uint64_t *size, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer room = WCL_BUFFER_INIT;
    wcl_content_labels labels;

    return collect_labels(request, diff_id, &room, &labels, error) == WCL_OK
               ? wcl_content_commit(writer, &labels, digest, size, error)
               : WCL_FAILED;
}

static wcl_status make_diff(const wcl_snapshot_services *services, const wcl_grpc_target *target,
                            const WCL_DIFF_MESSAGE(DiffRequest) * request, const char *layer,
                            const diff_type *type, wcl_descriptor_message *made,
                            char digest[WCL_DIGEST_TEXT_SIZE], wcl_error *error)
{
    wcl_content_writer *writer = NULL;
    char diff_id[WCL_DIGEST_TEXT_SIZE], ref[WCL_CONTENT_REF_SIZE];
    const Google__Protobuf__Timestamp *epoch = request->source_date_epoch;
    const struct timespec latest = { epoch ? epoch->seconds : 0, epoch ? epoch->nanos : 0 };
    uint64_t size;

    wcl_status status = wcl_content_make_ref(ref, error);
    if (status == WCL_OK)
        status =
            wcl_content_writer_open(target, *request->ref ? request->ref : ref, &writer, error);
    if (status == WCL_OK)
        status = write_blob(services, layer, epoch ? &latest : NULL, type, target->hooks, writer,
                            diff_id, error);
    if (status == WCL_OK)
        status = commit_blob(writer, request, diff_id, digest, &size, error);
    wcl_content_writer_free(writer);
    if (status != WCL_OK)
        return WCL_FAILED;
    made->media_type = (char *)type->media_type;
    made->digest = digest;
    made->size = (int64_t)size;
    return WCL_OK;
}

/* The blob that the layer came as, where containerd still has it and it is compressed as is asked
 * for: false where not. */
static bool find_blob(const wcl_grpc_target *target, const WCL_DIFF_MESSAGE(DiffRequest) * request,
                      const wcl_layer_info *info, const diff_type *type,
                      wcl_descriptor_message *made, char digest[WCL_DIGEST_TEXT_SIZE])
{
    WCL_CLEANUP_BUFFER wcl_buffer room = WCL_BUFFER_INIT;
    wcl_content_labels labels;
    const diff_type *own;

    if (!info->blob_digest || !info->media_type || !info->diff_id ||
        find_diff_type(info->media_type, &own, NULL) != WCL_OK ||
        (*request->media_type && own->compression != type->compression) ||
        collect_labels(request, info->diff_id, &room, &labels, NULL) != WCL_OK ||
        wcl_content_hold(target, info->blob_digest, info->blob_size, &labels, NULL) != WCL_OK)
        return false;
    snprintf(digest, WCL_DIGEST_TEXT_SIZE, "%s", info->blob_digest);
    made->media_type = (char *)(*request->media_type ? type : own)->media_type;
    made->digest = digest;
    made->size = (int64_t)info->blob_size;
    return true;
}

/* containerd keeps the caller's lease from differs that are not in its own process. */
static wcl_status take_lease(wcl_grpc_target *target, char lease[WCL_LEASE_SIZE], wcl_error *error)
{
    if (*target->lease)
        return WCL_OK;
    target->lease = lease;
    return wcl_lease_create(
        &(wcl_grpc_target) { target->socket, target->namespace, "", target->hooks }, lease, error);
}

static wcl_status call_diff(void *context, wcl_grpc_call *call, const ProtobufCMessage *message,
                            wcl_error *error)
{
    const WCL_DIFF_MESSAGE(DiffRequest) *request = (const void *)message;
    const wcl_snapshot_services *services = context;
    WCL_DIFF_MESSAGE(DiffResponse) response = CONTAINERD__SERVICES__DIFF__V1__DIFF_RESPONSE__INIT;
    wcl_descriptor_message made = CONTAINERD__TYPES__DESCRIPTOR__INIT;
    WCL_CLEANUP_FREE wcl_layer_info *info = NULL;
    char digest[WCL_DIGEST_TEXT_SIZE], lease[WCL_LEASE_SIZE];
    const wcl_hooks hooks = wcl_grpc_call_hooks(call);
    wcl_grpc_target target = target_of(services, call, &hooks);
    const char *left, *right;
    const diff_type *type;

    if (source_of(request->left, request->n_left, &left, error) != WCL_OK ||
        source_of(request->right, request->n_right, &right, error) != WCL_OK ||
        find_diff_type(request->media_type, &type, error) != WCL_OK ||
        wcl_snapshotter_diff_of(services->snapshotter, left, right, &info, error) != WCL_OK ||
        check_source_date(request, info, error) != WCL_OK ||
        take_lease(&target, lease, error) != WCL_OK ||
        (!find_blob(&target, request, info, type, &made, digest) &&
         make_diff(services, &target, request, info->id, type, &made, digest, error) != WCL_OK))
        return wcl_error_context(error, "diff", NULL);
    response.diff = &made;
    return wcl_grpc_reply(call, &response.base, error);
}

/* ---- The table ------------------------------------------------------------------------------- */

static const wcl_grpc_method diff_methods[] = {
    { "/containerd.services.diff.v1.Diff/Apply",
      &containerd__services__diff__v1__apply_request__descriptor, call_apply, true },
    { "/containerd.services.diff.v1.Diff/Diff",
      &containerd__services__diff__v1__diff_request__descriptor, call_diff, true },
};

const wcl_grpc_method *wcl_diff_service_methods(size_t *count)
{
    *count = sizeof(diff_methods) / sizeof(diff_methods[0]);
    return diff_methods;
}
