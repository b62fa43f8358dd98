/* Blobs that containerd has: finding, opening and holding them. */
#include "snapshotter/blob.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/digest.h"
#include "base/error.h"
#include "snapshotter/content.h"
#include "snapshotter/service/messages.h"

#define SERVICE "/containerd.services.content.v1.Content/"

/* ---- Asking ---------------------------------------------------------------------------------- */

/* A call of one message each way. */
static wcl_status ask(const wcl_grpc_target *target, const char *path,
                      const ProtobufCMessage *request, const ProtobufCMessageDescriptor *kind,
                      ProtobufCMessage **answer, wcl_error *error)
{
    wcl_grpc_client *client;

    if (wcl_grpc_client_begin(target, path, &client, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = wcl_grpc_client_send(client, request, true, error);
    if (status == WCL_OK)
        status = wcl_grpc_client_receive(client, kind, answer, error);
    wcl_grpc_client_free(client);
    return status == WCL_END
               ? wcl_fail(error, WCL_CODE_CONNECTION_LOST, "containerd gave no answer")
               : status;
}

static wcl_status size_of(const wcl_grpc_target *target, const char *digest, uint64_t *size,
                          wcl_error *error)
{
    WCL_CONTENT_MESSAGE(InfoRequest)
    request = CONTAINERD__SERVICES__CONTENT__V1__INFO_REQUEST__INIT;
    ProtobufCMessage *answer;

    request.digest = (char *)digest;
    if (ask(target, SERVICE "Info", &request.base,
            &containerd__services__content__v1__info_response__descriptor, &answer,
            error) != WCL_OK)
        return wcl_error_context(error, "find blob", digest);
    const WCL_CONTENT_MESSAGE(InfoResponse) *response = (const void *)answer;
    *size = response->info ? (uint64_t)response->info->size : 0;
    wcl_protobuf_free(answer);
    return WCL_OK;
}

/* ---- The file -------------------------------------------------------------------------------- */

/* What containerd's store of blobs exports of that name. */
static const char *find_export(const WCL_INTROSPECTION_MESSAGE(PluginsResponse) * response,
                               const char *name)
{
    for (size_t i = 0; i < response->n_plugins; i++)
        for (size_t j = 0; j < response->plugins[i]->n_exports; j++)
            if (strcmp(response->plugins[i]->exports[j]->key, name) == 0)
                return response->plugins[i]->exports[j]->value;
    return NULL;
}

/* The path of a blob's file, as containerd says where its blobs are. */
static wcl_status file_of(const wcl_grpc_target *target, const char *digest, wcl_buffer *path,
                          wcl_error *error)
{
    char *filter = (char *)"type==io.containerd.content.v1,id==content";
    WCL_INTROSPECTION_MESSAGE(PluginsRequest)
    request = CONTAINERD__SERVICES__INTROSPECTION__V1__PLUGINS_REQUEST__INIT;
    ProtobufCMessage *answer;

    request.n_filters = 1;
    request.filters = &filter;
    if (ask(target, "/containerd.services.introspection.v1.Introspection/Plugins", &request.base,
            &containerd__services__introspection__v1__plugins_response__descriptor, &answer,
            error) != WCL_OK)
        return WCL_FAILED;
    const char *root = find_export((const void *)answer, "root");
    wcl_status status =
        root ? wcl_buffer_printf(path, error, "%s/blobs/sha256/%s", root, strchr(digest, ':') + 1)
             : wcl_fail(error, WCL_CODE_NOT_SUPPORTED, "it does not say where its blobs are");
    wcl_protobuf_free(answer);
    return status;
}

/* The blob's file, or -1. Whoever asks may see the blob, and its bytes are compared with its digest
 * as those of an answer are. */
static int open_file(const wcl_grpc_target *target, const char *digest, uint64_t size)
{
    WCL_CLEANUP_BUFFER wcl_buffer path = WCL_BUFFER_INIT;
    uint8_t parsed[WCL_SHA256_SIZE];
    struct stat info;

    if (wcl_digest_parse(digest, parsed, NULL) != WCL_OK || !strchr(digest, ':') ||
        file_of(target, digest, &path, NULL) != WCL_OK)
        return -1;
    int fd = open(wcl_buffer_text(&path), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd >= 0 && fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && (uint64_t)info.st_size == size)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

wcl_status wcl_blob_open(const wcl_grpc_target *target, const char *digest, int *fd,
                         wcl_error *error)
{
    uint64_t size;

    if (size_of(target, digest, &size, error) != WCL_OK)
        return WCL_FAILED;
    *fd = open_file(target, digest, size);
    return WCL_OK;
}

/* ---- Holding --------------------------------------------------------------------------------- */

wcl_status wcl_content_make_ref(char ref[WCL_CONTENT_REF_SIZE], wcl_error *error)
{
    char unique[37];
    wcl_guid guid;

    if (wcl_guid_random(&guid, error) != WCL_OK)
        return WCL_FAILED;
    wcl_guid_format(&guid, unique);
    snprintf(ref, WCL_CONTENT_REF_SIZE, "wcl-diff-%s", unique);
    return WCL_OK;
}

static void abort_write(const wcl_grpc_target *target, char *ref)
{
    WCL_CONTENT_MESSAGE(AbortRequest)
    request = CONTAINERD__SERVICES__CONTENT__V1__ABORT_REQUEST__INIT;
    ProtobufCMessage *answer;

    request.ref = ref;
    if (ask(target, SERVICE "Abort", &request.base, &google__protobuf__empty__descriptor, &answer,
            NULL) == WCL_OK)
        wcl_protobuf_free(answer);
}

/* Whoever begins to write a blob that is there is told so, and its lease has it from then on. */
static wcl_status begin_write(const wcl_grpc_target *target, const char *digest, uint64_t size,
                              wcl_error *error)
{
    WCL_CONTENT_MESSAGE(WriteContentRequest)
    request = CONTAINERD__SERVICES__CONTENT__V1__WRITE_CONTENT_REQUEST__INIT;
    char ref[WCL_CONTENT_REF_SIZE];
    ProtobufCMessage *answer;
    wcl_error why = WCL_ERROR_INIT;

    if (wcl_content_make_ref(ref, error) != WCL_OK)
        return WCL_FAILED;
    request.action = CONTAINERD__SERVICES__CONTENT__V1__WRITE_ACTION__STAT;
    request.ref = ref;
    request.expected = (char *)digest;
    request.total = (int64_t)size;
    if (ask(target, SERVICE "Write", &request.base,
            &containerd__services__content__v1__write_content_response__descriptor, &answer,
            &why) == WCL_OK) {
        wcl_protobuf_free(answer);
        abort_write(target, ref);
        return wcl_fail(error, WCL_CODE_FILE_NOT_FOUND, "the blob went meanwhile");
    }
    return why.code == WCL_CODE_ALREADY_EXISTS ? WCL_OK : wcl_error_pass(error, &why);
}

typedef WCL_CONTENT_MESSAGE(Info__LabelsEntry) info_label;

static wcl_status set_labels(const wcl_grpc_target *target, const char *digest,
                             const wcl_content_labels *labels, wcl_error *error)
{
    const info_label none = CONTAINERD__SERVICES__CONTENT__V1__INFO__LABELS_ENTRY__INIT;
    WCL_CONTENT_MESSAGE(UpdateRequest)
    request = CONTAINERD__SERVICES__CONTENT__V1__UPDATE_REQUEST__INIT;
    WCL_CONTENT_MESSAGE(Info) info = CONTAINERD__SERVICES__CONTENT__V1__INFO__INIT;
    Google__Protobuf__FieldMask mask = GOOGLE__PROTOBUF__FIELD_MASK__INIT;
    WCL_CLEANUP_FREE info_label *entries = calloc(labels->count, sizeof(*entries));
    WCL_CLEANUP_FREE info_label **list = calloc(labels->count, sizeof(*list));
    WCL_CLEANUP_FREE char **paths = calloc(labels->count, sizeof(*paths));
    ProtobufCMessage *answer = NULL;

    wcl_status status = entries && list && paths ? WCL_OK : wcl_fail_memory(error);
    for (size_t i = 0; status == WCL_OK && i < labels->count; i++) {
        entries[i] = none;
        entries[i].key = (char *)labels->items[i].key;
        entries[i].value = (char *)labels->items[i].value;
        list[i] = &entries[i];
        if (asprintf(&paths[i], "labels.%s", labels->items[i].key) < 0)
            status = wcl_fail_memory(error);
        else
            mask.n_paths++;
    }
    info.digest = (char *)digest;
    info.labels = list;
    info.n_labels = labels->count;
    mask.paths = paths;
    request.info = &info;
    request.update_mask = &mask;
    if (status == WCL_OK)
        status =
            ask(target, SERVICE "Update", &request.base,
                &containerd__services__content__v1__update_response__descriptor, &answer, error);
    for (size_t i = 0; i < mask.n_paths; i++)
        free(paths[i]);
    wcl_protobuf_free(answer);
    return status;
}

wcl_status wcl_content_hold(const wcl_grpc_target *target, const char *digest, uint64_t size,
                            const wcl_content_labels *labels, wcl_error *error)
{
    uint64_t found;

    if (size_of(target, digest, &found, error) != WCL_OK)
        return WCL_FAILED;
    if (found != size)
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "the blob '%s' has another size", digest);
    return begin_write(target, digest, size, error) == WCL_OK
               ? set_labels(target, digest, labels, error)
               : WCL_FAILED;
}
