/* One connection of the server. */
#include "snapshotter/grpc/connection.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/heap.h"
#include "snapshotter/grpc/call.h"
#include "snapshotter/grpc/nghttp2.h"

#define RECEIVE_SIZE ((size_t)64 * 1024)
/* How long a client may take to read the last answers. */
#define LAST_WORDS_MS 2000

struct wcl_grpc_connection {
    wcl_grpc_workers *workers;
    const wcl_nghttp2 *http2;
    nghttp2_session *session;
    int fd;
    int wake_fd;           /* an eventfd: a call is done, or all is to stop */
    const uint8_t *unsent; /* the session's */
    size_t unsent_size;
    wcl_grpc_call *calls; /* whose streams are open */
    size_t running;       /* calls that workers have */
    bool is_broken;
    bool is_ending;
    pthread_mutex_t mutex; /* of what follows */
    wcl_grpc_call *done;
    bool stop;
};

static void wake(const wcl_grpc_connection *connection)
{
    const uint64_t one = 1;

    /* A counter that is full wakes as well. */
    if (write(connection->wake_fd, &one, sizeof(one)) < 0)
        return;
}

/* ---- The list of calls ----------------------------------------------------------------------- */

static void list_call(wcl_grpc_connection *connection, wcl_grpc_call *call)
{
    call->next = connection->calls;
    if (call->next)
        call->next->previous = call;
    connection->calls = call;
}

/* The call's stream is closed. */
static void part_with(wcl_grpc_connection *connection, wcl_grpc_call *call)
{
    if (call->next)
        call->next->previous = call->previous;
    if (call->previous)
        call->previous->next = call->next;
    else
        connection->calls = call->next;
    call->stream = 0;
    if (call->is_running)
        atomic_store(&call->is_gone, true);
    else
        wcl_grpc_call_free(call);
}

/* ---- Answers --------------------------------------------------------------------------------- */

static ssize_t give_answer(nghttp2_session *session, int32_t stream, uint8_t *buffer, size_t size,
                           uint32_t *flags, nghttp2_data_source *source, void *context)
{
    wcl_grpc_connection *connection = context;
    wcl_grpc_call *call = source->ptr;
    size_t left = call->answer.size - call->sent;
    const nghttp2_nv trailer[] = { WCL_NGHTTP2_FIELD("grpc-status", "0") };

    size = size < left ? size : left;
    if (size)
        memcpy(buffer, call->answer.data + call->sent, size);
    call->sent += size;
    if (call->sent == call->answer.size) {
        *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
        if (connection->http2->nghttp2_submit_trailer(session, stream, trailer, 1) != 0)
            return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    return (ssize_t)size;
}

static void submit_answer(wcl_grpc_connection *connection, wcl_grpc_call *call)
{
    const char *message = wcl_buffer_text(&call->message);
    char code[12];
    const nghttp2_data_provider provider = { .source.ptr = call, .read_callback = give_answer };

    snprintf(code, sizeof(code), "%d", (int)call->code);
    const nghttp2_nv fields[] = {
        WCL_NGHTTP2_FIELD(":status", "200"),
        WCL_NGHTTP2_FIELD("content-type", "application/grpc"),
        WCL_NGHTTP2_FIELD("grpc-status", code),
        WCL_NGHTTP2_FIELD("grpc-message", message),
    };
    bool failed = call->code != WCL_GRPC_OK;
    call->is_answered = true;
    if (connection->http2->nghttp2_submit_response(connection->session, call->stream, fields,
                                                   failed ? 4 : 2, failed ? NULL : &provider) != 0)
        connection->is_broken = true;
}

static void refuse_call(wcl_grpc_connection *connection, wcl_grpc_call *call,
                        const wcl_error *error)
{
    wcl_grpc_frame_free(&call->request);
    wcl_grpc_call_fail(call, error);
    submit_answer(connection, call);
}

/* ---- Calls ----------------------------------------------------------------------------------- */

static void run_job(wcl_grpc_job *job)
{
    wcl_grpc_call *call = (wcl_grpc_call *)job;
    wcl_grpc_connection *connection = call->connection;
    const bool is_slow = call->method->is_slow;
    wcl_error error = WCL_ERROR_INIT;

    if (wcl_grpc_call_is_gone(call)) {
        wcl_grpc_frame_free(&call->request);
        wcl_fail(&error, WCL_CODE_CANCELLED, "nobody waits for the call any more");
        wcl_grpc_call_fail(call, &error);
    } else {
        wcl_grpc_call_run(call);
    }
    pthread_mutex_lock(&connection->mutex);
    call->next_done = connection->done;
    connection->done = call;
    /* Under the lock: the connection goes once it knows of its last call. */
    wake(connection);
    pthread_mutex_unlock(&connection->mutex);
    if (is_slow)
        wcl_heap_give_back();
}

/* Calls whose streams were reset still wait for a worker, and count. */
static wcl_status check_call(const wcl_grpc_connection *connection, wcl_grpc_call *call,
                             wcl_error *error)
{
    if (connection->is_ending)
        return wcl_fail(error, WCL_CODE_SHUTDOWN_IN_PROGRESS, "the server is about to stop");
    if (connection->running >= WCL_GRPC_STREAMS_MAX)
        return wcl_fail(error, WCL_CODE_BUSY, "%zu calls of this connection are under way",
                        connection->running);
    return wcl_grpc_call_find_method(call, error);
}

static void start_call(wcl_grpc_connection *connection, wcl_grpc_call *call)
{
    wcl_grpc_workers *workers = connection->workers;
    wcl_error error = WCL_ERROR_INIT;

    if (check_call(connection, call, &error) != WCL_OK) {
        refuse_call(connection, call, &error);
        return;
    }
    call->connection = connection;
    call->job.run = run_job;
    call->is_running = true;
    connection->running++;
    if (wcl_grpc_pool_add(call->method->is_slow ? &workers->slow : &workers->quick, &call->job,
                          &error) == WCL_OK)
        return;
    call->is_running = false;
    connection->running--;
    refuse_call(connection, call, &error);
}

/* Answers the calls that workers are done with. */
static void finish_calls(wcl_grpc_connection *connection)
{
    pthread_mutex_lock(&connection->mutex);
    wcl_grpc_call *call = connection->done, *next;
    connection->done = NULL;
    bool stop = connection->stop && !connection->is_ending;
    pthread_mutex_unlock(&connection->mutex);
    if (stop) {
        connection->is_ending = true;
        for (wcl_grpc_call *at = connection->calls; at; at = at->next)
            atomic_store(&at->is_gone, true);
    }
    for (; call; call = next) {
        next = call->next_done;
        connection->running--;
        call->is_running = false;
        if (call->stream && !connection->is_broken)
            submit_answer(connection, call);
        else if (!call->stream)
            wcl_grpc_call_free(call);
    }
}

/* ---- What the session calls ------------------------------------------------------------------ */

static wcl_grpc_call *call_of(const wcl_grpc_connection *connection, int32_t stream)
{
    return connection->http2->nghttp2_session_get_stream_user_data(connection->session, stream);
}

static int on_call_begin(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
    wcl_grpc_connection *connection = context;

    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    wcl_grpc_call *call = wcl_grpc_call_new(connection->workers->service, frame->hd.stream_id);
    if (!call)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    list_call(connection, call);
    connection->http2->nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, call);
    return 0;
}

static void keep_field(char *to, size_t room, const uint8_t *value, size_t size)
{
    /* One that is too long is none that is known. */
    snprintf(to, room, "%.*s", size < room ? (int)size : 1,
             size < room ? (const char *)value : "?");
}

static int on_call_field(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                         size_t name_size, const uint8_t *value, size_t size, uint8_t flags,
                         void *context)
{
    wcl_grpc_call *call = call_of(context, frame->hd.stream_id);

    (void)session, (void)flags;
    if (!call)
        return 0;
    if (name_size == 5 && memcmp(name, ":path", 5) == 0)
        keep_field(call->path, sizeof(call->path), value, size);
    else if (name_size == 20 && memcmp(name, "containerd-namespace", 20) == 0)
        keep_field(call->namespace, sizeof(call->namespace), value, size);
    else if (name_size == 16 && memcmp(name, "containerd-lease", 16) == 0)
        keep_field(call->lease, sizeof(call->lease), value, size);
    return 0;
}

static int on_call_data(nghttp2_session *session, uint8_t flags, int32_t stream,
                        const uint8_t *data, size_t size, void *context)
{
    wcl_grpc_connection *connection = context;
    wcl_grpc_call *call = call_of(connection, stream);
    wcl_error error = WCL_ERROR_INIT;

    (void)session, (void)flags;
    if (call && !call->is_answered && !call->is_running &&
        wcl_grpc_call_take(call, data, size, &error) != WCL_OK)
        refuse_call(connection, call, &error);
    return 0;
}

static int on_call_frame(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
    wcl_grpc_connection *connection = context;

    (void)session;
    if ((frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) ||
        !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
        return 0;
    wcl_grpc_call *call = call_of(connection, frame->hd.stream_id);
    if (call && !call->is_answered && !call->is_running)
        start_call(connection, call);
    return 0;
}

static int on_call_close(nghttp2_session *session, int32_t stream, uint32_t code, void *context)
{
    wcl_grpc_call *call = call_of(context, stream);

    (void)session, (void)code;
    if (!call)
        return 0;
    part_with(context, call);
    return 0;
}

/* ---- The connection -------------------------------------------------------------------------- */

static wcl_status start_session(wcl_grpc_connection *connection, wcl_error *error)
{
    const wcl_nghttp2 *http2 = connection->http2;
    nghttp2_session_callbacks *callbacks;
    const nghttp2_settings_entry settings[] = {
        { NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, WCL_GRPC_STREAMS_MAX },
        { NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, 16 * 1024 },
    };

    if (http2->nghttp2_session_callbacks_new(&callbacks) != 0)
        return wcl_fail_memory(error);
    http2->nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_call_begin);
    http2->nghttp2_session_callbacks_set_on_header_callback(callbacks, on_call_field);
    http2->nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_call_data);
    http2->nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_call_frame);
    http2->nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_call_close);
    int result = http2->nghttp2_session_server_new(&connection->session, callbacks, connection);
    http2->nghttp2_session_callbacks_del(callbacks);
    if (result != 0 ||
        http2->nghttp2_submit_settings(connection->session, NGHTTP2_FLAG_NONE, settings, 2) != 0)
        return wcl_fail_memory(error);
    return WCL_OK;
}

static wcl_status connection_fill(wcl_grpc_connection *connection, wcl_error *error)
{
    connection->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (connection->wake_fd < 0)
        return wcl_fail_errno(error, errno, "cannot create an eventfd");
    if (fcntl(connection->fd, F_SETFL, O_NONBLOCK) != 0)
        return wcl_fail_errno(error, errno, "cannot set up the connection");
    return start_session(connection, error);
}

wcl_status wcl_grpc_connection_new(wcl_grpc_workers *workers, int fd,
                                   wcl_grpc_connection **connection, wcl_error *error)
{
    wcl_grpc_connection *made = calloc(1, sizeof(*made));

    if (!made) {
        close(fd);
        return wcl_fail_memory(error);
    }
    made->workers = workers;
    made->http2 = wcl_nghttp2_functions();
    made->fd = fd;
    made->wake_fd = -1;
    pthread_mutex_init(&made->mutex, NULL);
    if (connection_fill(made, error) == WCL_OK) {
        *connection = made;
        return WCL_OK;
    }
    wcl_grpc_connection_free(made);
    return WCL_FAILED;
}

/* Sends as much as the socket takes. */
static void send_some(wcl_grpc_connection *connection)
{
    while (!connection->is_broken) {
        if (connection->unsent_size == 0) {
            ssize_t size = connection->http2->nghttp2_session_mem_send(connection->session,
                                                                       &connection->unsent);
            if (size <= 0) {
                connection->is_broken |= size < 0;
                return;
            }
            connection->unsent_size = (size_t)size;
        }
        ssize_t sent =
            send(connection->fd, connection->unsent, connection->unsent_size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0) {
            connection->is_broken |= errno != EAGAIN && errno != EWOULDBLOCK;
            return;
        }
        connection->unsent += sent;
        connection->unsent_size -= (size_t)sent;
    }
}

static void receive_some(wcl_grpc_connection *connection)
{
    uint8_t buffer[RECEIVE_SIZE];

    ssize_t size = recv(connection->fd, buffer, sizeof(buffer), 0);
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return;
    if (size <= 0 ||
        connection->http2->nghttp2_session_mem_recv(connection->session, buffer, (size_t)size) < 0)
        connection->is_broken = true;
}

/* Nobody waits for what still runs: what can be given up is. */
static void give_up(wcl_grpc_connection *connection)
{
    while (connection->calls)
        part_with(connection, connection->calls);
    shutdown(connection->fd, SHUT_RDWR);
}

static bool is_at_end(const wcl_grpc_connection *connection)
{
    const wcl_nghttp2 *http2 = connection->http2;
    bool is_quiet =
        connection->unsent_size == 0 && !http2->nghttp2_session_want_write(connection->session);

    return connection->is_broken ||
           (is_quiet && (!http2->nghttp2_session_want_read(connection->session) ||
                         (connection->is_ending && connection->running == 0)));
}

void wcl_grpc_connection_serve(wcl_grpc_connection *connection)
{
    uint64_t count;

    while (send_some(connection), !is_at_end(connection)) {
        struct pollfd fds[] = {
            { .fd = connection->fd,
              .events = (short)(POLLIN | (connection->unsent_size ? POLLOUT : 0)) },
            { .fd = connection->wake_fd, .events = POLLIN },
        };
        /* One that does not read does not hold up the end. */
        bool is_last = connection->is_ending && connection->running == 0;
        int ready = poll(fds, 2, is_last ? LAST_WORDS_MS : -1);
        if (ready == 0 || (ready < 0 && errno != EINTR))
            break;
        if (fds[1].revents & POLLIN && read(connection->wake_fd, &count, sizeof(count)) > 0)
            finish_calls(connection);
        if (fds[0].revents & (POLLIN | POLLHUP | POLLERR))
            receive_some(connection);
    }
    connection->is_broken = true;
    connection->is_ending = true;
    give_up(connection);
    while (connection->running > 0) {
        struct pollfd wait = { .fd = connection->wake_fd, .events = POLLIN };
        if (poll(&wait, 1, -1) > 0 && read(connection->wake_fd, &count, sizeof(count)) > 0)
            finish_calls(connection);
    }
}

void wcl_grpc_connection_stop(wcl_grpc_connection *connection)
{
    pthread_mutex_lock(&connection->mutex);
    connection->stop = true;
    wake(connection);
    pthread_mutex_unlock(&connection->mutex);
}

void wcl_grpc_connection_free(wcl_grpc_connection *connection)
{
    if (!connection)
        return;
    if (connection->session)
        connection->http2->nghttp2_session_del(connection->session);
    if (connection->wake_fd >= 0)
        close(connection->wake_fd);
    close(connection->fd);
    pthread_mutex_destroy(&connection->mutex);
    free(connection);
}
