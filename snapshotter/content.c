/* Reading and writing containerd's blobs. */
#include "snapshotter/content.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "snapshotter/blob.h"
#include "snapshotter/service/messages.h"

#define SERVICE "/containerd.services.content.v1.Content/"
/* Bytes in a message of a blob that is written. */
#define WRITE_SIZE ((size_t)1024 * 1024)

typedef WCL_CONTENT_MESSAGE(ReadContentRequest) read_request;
typedef WCL_CONTENT_MESSAGE(ReadContentResponse) read_response;
typedef WCL_CONTENT_MESSAGE(WriteContentRequest) write_request;
typedef WCL_CONTENT_MESSAGE(WriteContentRequest__LabelsEntry) write_label;

/* ---- Reading --------------------------------------------------------------------------------- */

struct wcl_content_reader {
    int fd; /* of the blob's file; -1: it is asked for */
    wcl_grpc_client *client;
    read_response *piece; /* or NULL */
    size_t taken;
};

wcl_status wcl_content_reader_open(const wcl_grpc_target *target, const char *digest,
                                   wcl_content_reader **reader, wcl_error *error)
{
    read_request request = CONTAINERD__SERVICES__CONTENT__V1__READ_CONTENT_REQUEST__INIT;
    int fd;

    if (wcl_blob_open(target, digest, &fd, error) != WCL_OK)
        return WCL_FAILED;
    wcl_content_reader *made = calloc(1, sizeof(*made));
    if (!made) {
        if (fd >= 0)
            close(fd);
        return wcl_fail_memory(error);
    }
    made->fd = fd;
    request.digest = (char *)digest;
    if (made->fd >= 0) {
        *reader = made;
        return WCL_OK;
    }
    if (wcl_grpc_client_begin(target, SERVICE "Read", &made->client, error) == WCL_OK &&
        wcl_grpc_client_send(made->client, &request.base, true, error) == WCL_OK) {
        *reader = made;
        return WCL_OK;
    }
    wcl_content_reader_free(made);
    return WCL_FAILED;
}

static void drop_piece(wcl_content_reader *reader)
{
    if (reader->piece)
        wcl_protobuf_free(&reader->piece->base);
    reader->piece = NULL;
    reader->taken = 0;
}

wcl_status wcl_content_read(void *context, void *buffer, size_t size, size_t *got, wcl_error *error)
{
    wcl_content_reader *reader = context;
    ProtobufCMessage *message;

    *got = 0;
    if (reader->fd >= 0) {
        ssize_t size_read = read(reader->fd, buffer, size);
        *got = size_read < 0 ? 0 : (size_t)size_read;
        return size_read < 0 ? wcl_fail_errno(error, errno, "cannot read the blob's file") : WCL_OK;
    }
    while (!reader->piece || reader->taken == reader->piece->data.len) {
        drop_piece(reader);
        wcl_status status = wcl_grpc_client_receive(
            reader->client, &containerd__services__content__v1__read_content_response__descriptor,
            &message, error);
        if (status != WCL_OK)
            return status == WCL_END ? WCL_OK : WCL_FAILED;
        reader->piece = (read_response *)(void *)message;
    }
    size_t left = reader->piece->data.len - reader->taken;
    *got = size < left ? size : left;
    memcpy(buffer, reader->piece->data.data + reader->taken, *got);
    reader->taken += *got;
    return WCL_OK;
}

void wcl_content_reader_free(wcl_content_reader *reader)
{
    if (!reader)
        return;
    drop_piece(reader);
    if (reader->fd >= 0)
        close(reader->fd);
    wcl_grpc_client_free(reader->client);
    free(reader);
}

/* ---- Writing --------------------------------------------------------------------------------- */

struct wcl_content_writer {
    wcl_grpc_client *client;
    char *ref;
    wcl_buffer piece;
    wcl_sha256 *sha256;
    uint64_t size; /* sent */
};

wcl_status wcl_content_writer_open(const wcl_grpc_target *target, const char *ref,
                                   wcl_content_writer **writer, wcl_error *error)
{
    wcl_content_writer *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    made->ref = strdup(ref);
    wcl_status status = made->ref ? WCL_OK : wcl_fail_memory(error);
    if (status == WCL_OK)
        status = wcl_sha256_new(&made->sha256, error);
    if (status == WCL_OK)
        status = wcl_grpc_client_begin(target, SERVICE "Write", &made->client, error);
    if (status == WCL_OK)
        *writer = made;
    else
        wcl_content_writer_free(made);
    return status;
}

/* Sends a request and waits for its answer. */
static wcl_status ask_to_write(wcl_content_writer *writer, write_request *request, wcl_error *error)
{
    ProtobufCMessage *answer;
    bool last = request->action == CONTAINERD__SERVICES__CONTENT__V1__WRITE_ACTION__COMMIT;

    request->ref = writer->ref;
    request->offset = (int64_t)writer->size;
    request->data.data = writer->piece.data;
    request->data.len = writer->piece.size;
    if (wcl_grpc_client_send(writer->client, &request->base, last, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = wcl_grpc_client_receive(
        writer->client, &containerd__services__content__v1__write_content_response__descriptor,
        &answer, error);
    if (status == WCL_END)
        return wcl_fail(error, WCL_CODE_CONNECTION_LOST, "containerd ended the transfer early");
    if (status != WCL_OK)
        return WCL_FAILED;
    wcl_protobuf_free(answer);
    writer->size += writer->piece.size;
    wcl_buffer_clear(&writer->piece);
    return WCL_OK;
}

static wcl_status flush_piece(wcl_content_writer *writer, wcl_error *error)
{
    write_request request = CONTAINERD__SERVICES__CONTENT__V1__WRITE_CONTENT_REQUEST__INIT;

    request.action = CONTAINERD__SERVICES__CONTENT__V1__WRITE_ACTION__WRITE;
    return ask_to_write(writer, &request, error);
}

wcl_status wcl_content_write(void *context, const void *data, size_t size, wcl_error *error)
{
    wcl_content_writer *writer = context;
    const uint8_t *at = data;

    if (wcl_sha256_update(writer->sha256, data, size, error) != WCL_OK)
        return WCL_FAILED;
    while (size > 0) {
        size_t room = WRITE_SIZE - writer->piece.size;
        size_t part = size < room ? size : room;
        if (wcl_buffer_append(&writer->piece, at, part, error) != WCL_OK)
            return WCL_FAILED;
        at += part;
        size -= part;
        if (writer->piece.size == WRITE_SIZE && flush_piece(writer, error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

static wcl_status send_commit(wcl_content_writer *writer, const wcl_content_labels *labels,
                              char *digest, wcl_error *error)
{
    const write_label none =
        CONTAINERD__SERVICES__CONTENT__V1__WRITE_CONTENT_REQUEST__LABELS_ENTRY__INIT;
    write_request request = CONTAINERD__SERVICES__CONTENT__V1__WRITE_CONTENT_REQUEST__INIT;
    WCL_CLEANUP_FREE write_label *entries = calloc(labels->count + 1, sizeof(*entries));
    WCL_CLEANUP_FREE write_label **list = calloc(labels->count + 1, sizeof(*list));

    if (!entries || !list)
        return wcl_fail_memory(error);
    for (size_t i = 0; i < labels->count; i++) {
        entries[i] = none;
        entries[i].key = (char *)labels->items[i].key;
        entries[i].value = (char *)labels->items[i].value;
        list[i] = &entries[i];
    }
    request.action = CONTAINERD__SERVICES__CONTENT__V1__WRITE_ACTION__COMMIT;
    request.total = (int64_t)(writer->size + writer->piece.size);
    request.expected = digest;
    request.labels = list;
    request.n_labels = labels->count;
    return ask_to_write(writer, &request, error);
}

wcl_status wcl_content_commit(wcl_content_writer *writer, const wcl_content_labels *labels,
                              char digest[72], uint64_t *size, wcl_error *error)
{
    uint8_t hash[WCL_SHA256_SIZE];
    wcl_error why = WCL_ERROR_INIT;

    if (wcl_sha256_finish(writer->sha256, hash, error) != WCL_OK)
        return WCL_FAILED;
    wcl_digest_format(hash, digest);
    *size = writer->size + writer->piece.size;
    if (send_commit(writer, labels, digest, &why) == WCL_OK || why.code == WCL_CODE_ALREADY_EXISTS)
        return WCL_OK;
    if (error)
        *error = why;
    return wcl_error_context(error, "write blob", digest);
}

void wcl_content_writer_free(wcl_content_writer *writer)
{
    if (!writer)
        return;
    wcl_grpc_client_free(writer->client);
    wcl_sha256_free(writer->sha256);
    wcl_buffer_free(&writer->piece);
    free(writer->ref);
    free(writer);
}
