/* A gRPC client. */
#include "snapshotter/grpc/client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/hooks.h"
#include "snapshotter/grpc/frame.h"
#include "snapshotter/grpc/nghttp2.h"
#include "snapshotter/grpc/status.h"

#define RECEIVE_SIZE ((size_t)256 * 1024)
/* Bytes that the peer may send before it is told of more room: a wide window is what makes it fast.
 */
#define WINDOW_SIZE (4 * 1024 * 1024)
/* Milliseconds between two looks whether to give up. */
#define LOOK_EVERY 200
#define STATUS_NONE (-1)

struct wcl_grpc_client {
    const wcl_nghttp2 *http2;
    const wcl_hooks *hooks;
    nghttp2_session *session;
    int fd;
    int32_t stream;
    wcl_buffer outgoing; /* framed messages */
    size_t sent;
    bool is_last;  /* nothing follows what is in `outgoing` */
    uint8_t *room; /* RECEIVE_SIZE bytes */
    wcl_buffer incoming;
    size_t taken;
    wcl_grpc_frame frame;
    bool is_closed; /* the stream is */
    int status;     /* the peer's, or STATUS_NONE */
    char message[600];
};

/* ---- What the session calls ------------------------------------------------------------------ */

static ssize_t give_request(nghttp2_session *session, int32_t stream, uint8_t *buffer, size_t size,
                            uint32_t *flags, nghttp2_data_source *source, void *context)
{
    wcl_grpc_client *client = context;
    size_t left = client->outgoing.size - client->sent;

    (void)session, (void)stream, (void)source;
    if (left == 0 && !client->is_last)
        return NGHTTP2_ERR_DEFERRED;
    size = size < left ? size : left;
    if (size)
        memcpy(buffer, client->outgoing.data + client->sent, size);
    client->sent += size;
    if (client->sent == client->outgoing.size && client->is_last)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)size;
}

static int on_answer_field(nghttp2_session *session, const nghttp2_frame *frame,
                           const uint8_t *name, size_t name_size, const uint8_t *value, size_t size,
                           uint8_t flags, void *context)
{
    wcl_grpc_client *client = context;
    char digits[12];

    (void)session, (void)frame, (void)flags;
    if (name_size == 11 && memcmp(name, "grpc-status", 11) == 0) {
        snprintf(digits, sizeof(digits), "%.*s", (int)(size < 10 ? size : 10), (const char *)value);
        client->status = atoi(digits);
    } else if (name_size == 12 && memcmp(name, "grpc-message", 12) == 0) {
        snprintf(client->message, sizeof(client->message), "%.*s", (int)(size < 500 ? size : 500),
                 (const char *)value);
        wcl_grpc_decode_message(client->message);
    }
    return 0;
}

static int on_answer_data(nghttp2_session *session, uint8_t flags, int32_t stream,
                          const uint8_t *data, size_t size, void *context)
{
    wcl_grpc_client *client = context;

    (void)session, (void)flags, (void)stream;
    return wcl_buffer_append(&client->incoming, data, size, NULL) == WCL_OK
               ? 0
               : NGHTTP2_ERR_CALLBACK_FAILURE;
}

static int on_answer_close(nghttp2_session *session, int32_t stream, uint32_t code, void *context)
{
    wcl_grpc_client *client = context;

    (void)session, (void)stream, (void)code;
    client->is_closed = true;
    return 0;
}

/* ---- Connecting ------------------------------------------------------------------------------ */

static wcl_status connect_to(const char *path, int *fd, wcl_error *error)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    if (strlen(path) >= sizeof(address.sun_path))
        return wcl_fail(error, WCL_CODE_NAME_TOO_LONG, "the socket's path is too long");
    strcpy(address.sun_path, path);
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*fd < 0)
        return wcl_fail_errno(error, errno, "cannot create a socket");
    if (connect(*fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
        return WCL_OK;
    return wcl_fail(error, WCL_CODE_CONNECTION_REFUSED, "cannot connect to '%s': %s", path,
                    strerror(errno));
}

static wcl_status make_session(wcl_grpc_client *client, wcl_error *error)
{
    const wcl_nghttp2 *http2 = client->http2;
    const nghttp2_settings_entry settings[] = {
        { NGHTTP2_SETTINGS_ENABLE_PUSH, 0 },
        { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WINDOW_SIZE },
    };
    nghttp2_session_callbacks *callbacks;

    if (http2->nghttp2_session_callbacks_new(&callbacks) != 0)
        return wcl_fail_memory(error);
    http2->nghttp2_session_callbacks_set_on_header_callback(callbacks, on_answer_field);
    http2->nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_answer_data);
    http2->nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_answer_close);
    int result = http2->nghttp2_session_client_new(&client->session, callbacks, client);
    http2->nghttp2_session_callbacks_del(callbacks);
    if (result != 0 ||
        http2->nghttp2_submit_settings(client->session, NGHTTP2_FLAG_NONE, settings, 2) != 0 ||
        http2->nghttp2_session_set_local_window_size(client->session, NGHTTP2_FLAG_NONE, 0,
                                                     WINDOW_SIZE) != 0)
        return wcl_fail_memory(error);
    return WCL_OK;
}

static wcl_status submit(wcl_grpc_client *client, const wcl_grpc_target *target, const char *path,
                         wcl_error *error)
{
    const nghttp2_data_provider provider = { .read_callback = give_request };
    nghttp2_nv fields[8] = {
        WCL_NGHTTP2_FIELD(":method", "POST"),
        WCL_NGHTTP2_FIELD(":scheme", "http"),
        WCL_NGHTTP2_FIELD(":path", path),
        WCL_NGHTTP2_FIELD(":authority", "localhost"),
        WCL_NGHTTP2_FIELD("content-type", "application/grpc"),
        WCL_NGHTTP2_FIELD("te", "trailers"),
    };
    size_t count = 6;

    if (*target->namespace)
        fields[count++] = (nghttp2_nv)WCL_NGHTTP2_FIELD("containerd-namespace", target->namespace);
    if (*target->lease)
        fields[count++] = (nghttp2_nv)WCL_NGHTTP2_FIELD("containerd-lease", target->lease);
    client->stream = client->http2->nghttp2_submit_request(client->session, NULL, fields, count,
                                                           &provider, NULL);
    return client->stream > 0 ? WCL_OK : wcl_fail_memory(error);
}

static wcl_status client_fill(wcl_grpc_client *client, const wcl_grpc_target *target,
                              const char *path, wcl_error *error)
{
    client->hooks = target->hooks;
    client->room = malloc(RECEIVE_SIZE);
    if (!client->room)
        return wcl_fail_memory(error);
    if (wcl_nghttp2_load(error) != WCL_OK || wcl_protobuf_load(error) != WCL_OK)
        return WCL_FAILED;
    client->http2 = wcl_nghttp2_functions();
    if (connect_to(target->socket, &client->fd, error) != WCL_OK ||
        make_session(client, error) != WCL_OK)
        return WCL_FAILED;
    return submit(client, target, path, error);
}

wcl_status wcl_grpc_client_begin(const wcl_grpc_target *target, const char *path,
                                 wcl_grpc_client **client, wcl_error *error)
{
    wcl_grpc_client *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    made->fd = -1;
    made->status = STATUS_NONE;
    if (client_fill(made, target, path, error) == WCL_OK) {
        *client = made;
        return WCL_OK;
    }
    wcl_grpc_client_free(made);
    return wcl_error_context(error, "call", path);
}

void wcl_grpc_client_free(wcl_grpc_client *client)
{
    if (!client)
        return;
    if (client->session)
        client->http2->nghttp2_session_del(client->session);
    if (client->fd >= 0)
        close(client->fd);
    wcl_buffer_free(&client->outgoing);
    wcl_buffer_free(&client->incoming);
    wcl_grpc_frame_free(&client->frame);
    free(client->room);
    free(client);
}

/* ---- Moving bytes ---------------------------------------------------------------------------- */

/* Waits until the socket can be read from or, with `send`, written to. */
static wcl_status await(wcl_grpc_client *client, short events, wcl_error *error)
{
    const wcl_progress progress = { .operation = "transfer" };
    struct pollfd fd = { .fd = client->fd, .events = events };

    while (poll(&fd, 1, LOOK_EVERY) <= 0)
        if (wcl_hooks_report(client->hooks, &progress, error) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}

static wcl_status send_pending(wcl_grpc_client *client, wcl_error *error)
{
    const uint8_t *data;
    ssize_t size;

    while ((size = client->http2->nghttp2_session_mem_send(client->session, &data)) > 0) {
        for (size_t done = 0; done < (size_t)size;) {
            ssize_t sent =
                send(client->fd, data + done, (size_t)size - done, MSG_NOSIGNAL | MSG_DONTWAIT);
            if (sent > 0)
                done += (size_t)sent;
            else if (errno == EAGAIN || errno == EWOULDBLOCK) {
                if (await(client, POLLOUT, error) != WCL_OK)
                    return WCL_FAILED;
            } else if (errno != EINTR)
                return wcl_fail(error, WCL_CODE_CONNECTION_LOST, "the connection was lost: %s",
                                strerror(errno));
        }
    }
    return size == 0 ? WCL_OK
                     : wcl_fail(error, WCL_CODE_CONNECTION_LOST, "the connection cannot go on: %s",
                                client->http2->nghttp2_strerror((int)size));
}

/* Sends what there is and takes what comes next. */
static wcl_status exchange_some(wcl_grpc_client *client, wcl_error *error)
{
    if (send_pending(client, error) != WCL_OK || await(client, POLLIN, error) != WCL_OK)
        return WCL_FAILED;
    ssize_t size = recv(client->fd, client->room, RECEIVE_SIZE, MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return WCL_OK;
    if (size <= 0)
        return wcl_fail(error, WCL_CODE_CONNECTION_LOST, "the peer closed the connection");
    ssize_t result =
        client->http2->nghttp2_session_mem_recv(client->session, client->room, (size_t)size);
    return result >= 0
               ? WCL_OK
               : wcl_fail(error, WCL_CODE_CONNECTION_LOST, "the peer's answer is no HTTP/2: %s",
                          client->http2->nghttp2_strerror((int)result));
}

/* ---- Messages -------------------------------------------------------------------------------- */

wcl_status wcl_grpc_client_send(wcl_grpc_client *client, const ProtobufCMessage *message, bool last,
                                wcl_error *error)
{
    wcl_buffer *outgoing = &client->outgoing;

    wcl_buffer_clear(outgoing);
    client->sent = 0;
    client->is_last = last;
    if (wcl_buffer_append_zeros(outgoing, WCL_GRPC_HEAD_SIZE, error) != WCL_OK ||
        wcl_protobuf_append(message, outgoing, error) != WCL_OK)
        return WCL_FAILED;
    wcl_grpc_frame_head(outgoing->data, outgoing->size - WCL_GRPC_HEAD_SIZE);
    /* It is deferred unless this is the first; then there is nothing to resume. */
    client->http2->nghttp2_session_resume_data(client->session, client->stream);
    while (send_pending(client, error) == WCL_OK) {
        if (client->sent == outgoing->size || client->is_closed)
            return WCL_OK;
        if (exchange_some(client, error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_FAILED;
}

static wcl_status end_of_call(const wcl_grpc_client *client, wcl_error *error)
{
    if (client->status == 0)
        return WCL_END;
    if (client->status == STATUS_NONE)
        return wcl_fail(error, WCL_CODE_CONNECTION_LOST, "the call ended without a status");
    return wcl_fail(error, wcl_grpc_code_to_wcl((unsigned)client->status), "%s (gRPC status %d)",
                    client->message, client->status);
}

/* WCL_END where there is no more. */
static wcl_status fill_frame(wcl_grpc_client *client, wcl_error *error)
{
    size_t taken;

    while (!wcl_grpc_frame_is_whole(&client->frame)) {
        if (client->taken == client->incoming.size) {
            wcl_buffer_clear(&client->incoming);
            client->taken = 0;
            if (client->is_closed)
                return end_of_call(client, error);
            if (exchange_some(client, error) != WCL_OK)
                return WCL_FAILED;
            continue;
        }
        if (wcl_grpc_frame_take(&client->frame, client->incoming.data + client->taken,
                                client->incoming.size - client->taken, WCL_GRPC_ANSWER_MAX, &taken,
                                error) != WCL_OK)
            return WCL_FAILED;
        client->taken += taken;
    }
    return WCL_OK;
}

wcl_status wcl_grpc_client_receive(wcl_grpc_client *client, const ProtobufCMessageDescriptor *kind,
                                   ProtobufCMessage **message, wcl_error *error)
{
    wcl_status status = fill_frame(client, error);

    if (status != WCL_OK)
        return status;
    status = wcl_protobuf_parse(kind, client->frame.message.data, client->frame.message.size,
                                message, error);
    wcl_grpc_frame_clear(&client->frame);
    return status;
}
