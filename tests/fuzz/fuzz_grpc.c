/*
 * What comes to the snapshotter's socket. The first byte says what the rest is: HTTP/2 after its
 * preface, on a connection whose methods do nothing; a message of containerd's; a filter. A
 * connection ends with its input, a message that is taken can be written, and nothing is left
 * behind.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "snapshotter/filter.h"
#include "snapshotter/grpc/connection.h"
#include "snapshotter/grpc/nghttp2.h"
#include "snapshotter/service/messages.h"
#include "tests/tools/check.h"

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
/* More than a socket keeps would wait for the other end. */
#define INPUT_MAX 32768

/* ---- HTTP/2 ---------------------------------------------------------------------------------- */

static wcl_status do_nothing(void *context, wcl_grpc_call *call, const ProtobufCMessage *request,
                             wcl_error *error)
{
    (void)context;
    return wcl_grpc_reply(call, request, error);
}

static const wcl_grpc_method methods[] = {
    { "/s/Prepare", &containerd__services__snapshots__v1__prepare_snapshot_request__descriptor,
      do_nothing, false },
    { "/s/Apply", &containerd__services__diff__v1__apply_request__descriptor, do_nothing, true },
};
static const wcl_grpc_service service = { .tables = { { methods, 2 } } };
static wcl_grpc_workers workers = { .service = &service };

static void serve_input(const uint8_t *data, size_t size)
{
    wcl_grpc_connection *connection;
    uint8_t answer[4096];
    int ends[2];

    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    CHECK(wcl_grpc_connection_new(&workers, ends[0], &connection, NULL) == WCL_OK);
    CHECK(write(ends[1], PREFACE, strlen(PREFACE)) == (ssize_t)strlen(PREFACE));
    CHECK(write(ends[1], data, size) == (ssize_t)size);
    CHECK(shutdown(ends[1], SHUT_WR) == 0);
    wcl_grpc_connection_serve(connection);
    wcl_grpc_connection_free(connection);
    while (read(ends[1], answer, sizeof(answer)) > 0) {
    }
    close(ends[1]);
}

/* ---- Messages -------------------------------------------------------------------------------- */

static const ProtobufCMessageDescriptor *const kinds[] = {
    &containerd__services__snapshots__v1__prepare_snapshot_request__descriptor,
    &containerd__services__snapshots__v1__commit_snapshot_request__descriptor,
    &containerd__services__snapshots__v1__update_snapshot_request__descriptor,
    &containerd__services__snapshots__v1__list_snapshots_request__descriptor,
    &containerd__services__diff__v1__apply_request__descriptor,
    &containerd__services__diff__v1__diff_request__descriptor,
    &containerd__services__content__v1__read_content_response__descriptor,
    &containerd__services__content__v1__write_content_response__descriptor,
};

static void parse_input(const uint8_t *data, size_t size)
{
    wcl_buffer again = WCL_BUFFER_INIT;
    ProtobufCMessage *message, *copy;

    if (size == 0)
        return;
    const ProtobufCMessageDescriptor *kind = kinds[*data % (sizeof(kinds) / sizeof(kinds[0]))];
    if (wcl_protobuf_parse(kind, data + 1, size - 1, &message, NULL) != WCL_OK)
        return;
    CHECK(wcl_protobuf_append(message, &again, NULL) == WCL_OK);
    /* The library writes unknown fields of the number 0, which it does not read. */
    if (wcl_protobuf_parse(kind, again.data, again.size, &copy, NULL) == WCL_OK)
        wcl_protobuf_free(copy);
    wcl_protobuf_free(message);
    wcl_buffer_free(&again);
}

/* ---- Filters --------------------------------------------------------------------------------- */

static void filter_input(const uint8_t *data, size_t size)
{
    char *text = strndup((const char *)data, size);
    wcl_filter *filter = NULL;
    wcl_snapshot *snapshot = NULL;

    CHECK(wcl_snapshot_new("key", "parent", WCL_SNAPSHOT_ACTIVE, &snapshot, NULL) == WCL_OK);
    CHECK(wcl_snapshot_labels_set(&snapshot->labels, "a", "b", NULL) == WCL_OK);
    /* Regular expressions are the C library's, and some take it for ever. */
    if (!strstr(text, "~=") && wcl_filter_parse(&text, 1, &filter, NULL) == WCL_OK)
        wcl_filter_matches(filter, snapshot);
    wcl_filter_free(filter);
    wcl_snapshot_free(snapshot);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!workers.quick.threads) {
        CHECK(wcl_nghttp2_load(NULL) == WCL_OK && wcl_protobuf_load(NULL) == WCL_OK);
        CHECK(wcl_grpc_pool_init(&workers.quick, 2, NULL) == WCL_OK);
        CHECK(wcl_grpc_pool_init(&workers.slow, 2, NULL) == WCL_OK);
    }
    if (size == 0 || size > INPUT_MAX)
        return 0;
    switch (*data % 3) {
    case 0:
        serve_input(data + 1, size - 1);
        break;
    case 1:
        parse_input(data + 1, size - 1);
        break;
    default:
        filter_input(data + 1, size - 1);
    }
    return 0;
}
