/* gRPC's framing, statuses, and what the server does with requests that are none. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "snapshotter/grpc/connection.h"
#include "snapshotter/grpc/frame.h"
#include "snapshotter/grpc/nghttp2.h"
#include "snapshotter/grpc/status.h"
#include "snapshotter/service/messages.h"

static void messages_come_in_pieces(void **state)
{
    const uint8_t bytes[] = { 0, 0, 0, 0, 3, 'a', 'b', 'c', 0, 0 };

    (void)state;
    for (size_t piece = 1; piece <= sizeof(bytes); piece++) {
        wcl_grpc_frame frame = WCL_GRPC_FRAME_INIT;
        size_t at = 0, taken = 1;
        while (!wcl_grpc_frame_is_whole(&frame)) {
            size_t size = sizeof(bytes) - at < piece ? sizeof(bytes) - at : piece;
            assert_int_equal(wcl_grpc_frame_take(&frame, bytes + at, size, 3, &taken, NULL),
                             WCL_OK);
            assert_true(taken > 0);
            at += taken;
        }
        assert_int_equal(at, 8);
        assert_memory_equal(frame.message.data, "abc", 3);
        wcl_grpc_frame_free(&frame);
    }
}

static void messages_that_are_too_large_or_compressed_are_refused(void **state)
{
    const uint8_t large[] = { 0, 0x40, 0, 0, 0 }, compressed[] = { 1, 0, 0, 0, 1 };
    wcl_grpc_frame frame = WCL_GRPC_FRAME_INIT;
    wcl_error error = WCL_ERROR_INIT;
    size_t taken;

    (void)state;
    assert_int_equal(wcl_grpc_frame_take(&frame, large, 5, WCL_GRPC_MESSAGE_MAX, &taken, &error),
                     WCL_FAILED);
    assert_int_equal(wcl_grpc_code_of(&error), WCL_GRPC_RESOURCE_EXHAUSTED);
    wcl_grpc_frame_clear(&frame);
    assert_int_equal(
        wcl_grpc_frame_take(&frame, compressed, 5, WCL_GRPC_MESSAGE_MAX, &taken, &error),
        WCL_FAILED);
    assert_int_equal(wcl_grpc_code_of(&error), WCL_GRPC_UNIMPLEMENTED);
    wcl_grpc_frame_free(&frame);
}

static void texts_of_errors_are_percent_encoded(void **state)
{
    wcl_buffer text = WCL_BUFFER_INIT;
    char back[32];

    (void)state;
    assert_int_equal(wcl_grpc_encode_message("100% \xc3\xa4\n", &text, NULL), WCL_OK);
    assert_string_equal(wcl_buffer_text(&text), "100%25 %C3%A4%0A");
    strcpy(back, wcl_buffer_text(&text));
    wcl_grpc_decode_message(back);
    assert_string_equal(back, "100% \xc3\xa4\n");
    strcpy(back, "%4 %zz %");
    wcl_grpc_decode_message(back);
    assert_string_equal(back, "%4 %zz %");
    wcl_buffer_free(&text);
}

static void messages_take_no_more_memory_than_they_may(void **state)
{
    /* Two bytes each: a label without a key and a value. */
    const size_t count = 100000;
    uint8_t *bytes = malloc(2 * count);
    ProtobufCMessage *message = NULL;
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    assert_int_equal(wcl_protobuf_load(NULL), WCL_OK);
    for (size_t i = 0; i < count; i++) {
        bytes[2 * i] = 4 << 3 | 2;
        bytes[2 * i + 1] = 0;
    }
    const ProtobufCMessageDescriptor *kind =
        &containerd__services__snapshots__v1__prepare_snapshot_request__descriptor;
    assert_int_equal(wcl_protobuf_parse(kind, bytes, 2 * count, &message, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_INVALID_PARAMETER);
    assert_int_equal(wcl_protobuf_parse(kind, "\x12\x01k", 3, &message, &error), WCL_OK);
    assert_string_equal(((WCL_SNAPSHOTS_MESSAGE(PrepareSnapshotRequest) *)(void *)message)->key,
                        "k");
    wcl_protobuf_free(message);
    free(bytes);
}

/* ---- A connection ---------------------------------------------------------------------------- */

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

static const wcl_grpc_service no_service = { .context = NULL };

/* Serves these bytes and then the peer's end; what was answered. */
static size_t serve_bytes(const void *bytes, size_t size, uint8_t *answer, size_t room)
{
    wcl_grpc_workers workers = { .service = &no_service };
    wcl_grpc_connection *connection = NULL;
    int ends[2];

    assert_int_equal(wcl_nghttp2_load(NULL), WCL_OK);
    assert_int_equal(wcl_grpc_pool_init(&workers.quick, 1, NULL), WCL_OK);
    assert_int_equal(wcl_grpc_pool_init(&workers.slow, 1, NULL), WCL_OK);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_int_equal(wcl_grpc_connection_new(&workers, ends[0], &connection, NULL), WCL_OK);
    assert_int_equal(write(ends[1], bytes, size), size);
    assert_int_equal(shutdown(ends[1], SHUT_WR), 0);
    wcl_grpc_connection_serve(connection);
    wcl_grpc_connection_free(connection);
    ssize_t got = read(ends[1], answer, room);
    assert_true(got >= 0);
    close(ends[1]);
    wcl_grpc_pool_destroy(&workers.quick);
    wcl_grpc_pool_destroy(&workers.slow);
    return (size_t)got;
}

static void what_is_no_http2_ends_the_connection(void **state)
{
    uint8_t answer[1024];

    (void)state;
    serve_bytes("GET / HTTP/1.1\r\n\r\n", 18, answer, sizeof(answer));
    serve_bytes("", 0, answer, sizeof(answer));
}

static void a_frame_larger_than_allowed_is_answered_by_goaway(void **state)
{
    uint8_t answer[1024];
    uint8_t bytes[24 + 9 + 9];
    bool found = false;

    (void)state;
    memcpy(bytes, PREFACE, 24);
    memcpy(bytes + 24, "\0\0\0\x4\0\0\0\0\0", 9);        /* SETTINGS */
    memcpy(bytes + 33, "\xff\xff\xff\0\0\0\0\0\x01", 9); /* DATA of 16 MiB */
    size_t size = serve_bytes(bytes, sizeof(bytes), answer, sizeof(answer));
    for (size_t at = 0; at + 9 <= size;) {
        found |= answer[at + 3] == NGHTTP2_GOAWAY;
        at += 9 + ((size_t)answer[at] << 16 | (size_t)answer[at + 1] << 8 | answer[at + 2]);
    }
    assert_true(found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_come_in_pieces),
        cmocka_unit_test(messages_that_are_too_large_or_compressed_are_refused),
        cmocka_unit_test(texts_of_errors_are_percent_encoded),
        cmocka_unit_test(messages_take_no_more_memory_than_they_may),
        cmocka_unit_test(what_is_no_http2_ends_the_connection),
        cmocka_unit_test(a_frame_larger_than_allowed_is_answered_by_goaway),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
