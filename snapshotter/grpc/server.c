/* Accepting connections. */
#include "snapshotter/grpc/server.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/hooks.h"
#include "base/thread.h"
#include "snapshotter/grpc/connection.h"
#include "snapshotter/grpc/nghttp2.h"

#define QUICK_THREADS 32
#define SLOW_THREADS 8

typedef struct served {
    struct wcl_grpc_server *server;
    wcl_grpc_connection *connection; /* NULL: the place is free */
    pthread_t thread;
    bool has_ended;
} served;

struct wcl_grpc_server {
    wcl_grpc_workers workers;
    int listen_fd;
    int wake_fd;
    pthread_t thread;
    bool is_started;
    pthread_mutex_t mutex;
    served places[WCL_GRPC_CONNECTIONS_MAX];
};

static void log_refusal(const wcl_grpc_server *server, const char *message)
{
    const wcl_hooks *hooks = server->workers.service->hooks;

    wcl_hooks_log(hooks, WCL_LOG_WARNING, message);
}

static void *serve_connection(void *context)
{
    served *place = context;

    wcl_grpc_connection_serve(place->connection);
    pthread_mutex_lock(&place->server->mutex);
    place->has_ended = true;
    pthread_mutex_unlock(&place->server->mutex);
    return NULL;
}

static void end_place(served *place)
{
    pthread_join(place->thread, NULL);
    wcl_grpc_connection_free(place->connection);
    place->connection = NULL;
    place->has_ended = false;
}

/* With the mutex held: a place for one more, after those that ended. */
static served *find_place(wcl_grpc_server *server)
{
    served *found = NULL;

    for (size_t i = 0; i < WCL_GRPC_CONNECTIONS_MAX; i++) {
        if (server->places[i].has_ended)
            end_place(&server->places[i]);
        if (!server->places[i].connection && !found)
            found = &server->places[i];
    }
    return found;
}

static void take_connection(wcl_grpc_server *server, int fd)
{
    wcl_error error = WCL_ERROR_INIT;

    pthread_mutex_lock(&server->mutex);
    served *place = find_place(server);
    if (!place) {
        close(fd);
        log_refusal(server, "a connection is closed: there are too many");
    } else if (wcl_grpc_connection_new(&server->workers, fd, &place->connection, &error) !=
               WCL_OK) {
        place->connection = NULL;
        log_refusal(server, error.message);
    } else if (wcl_thread_start(&place->thread, serve_connection, place, &error) != WCL_OK) {
        wcl_grpc_connection_free(place->connection);
        place->connection = NULL;
        log_refusal(server, error.message);
    }
    pthread_mutex_unlock(&server->mutex);
}

static void *accept_all(void *context)
{
    wcl_grpc_server *server = context;

    for (;;) {
        struct pollfd fds[] = { { .fd = server->listen_fd, .events = POLLIN },
                                { .fd = server->wake_fd, .events = POLLIN } };
        if (poll(fds, 2, -1) < 0)
            continue;
        if (fds[1].revents)
            return NULL;
        int fd = accept4(server->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0)
            take_connection(server, fd);
        else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
            usleep(10000); /* it stays readable: not as fast as possible */
    }
}

static wcl_status grpc_server_fill(wcl_grpc_server *server, wcl_error *error)
{
    if (wcl_nghttp2_load(error) != WCL_OK || wcl_protobuf_load(error) != WCL_OK ||
        wcl_grpc_pool_init(&server->workers.quick, QUICK_THREADS, error) != WCL_OK ||
        wcl_grpc_pool_init(&server->workers.slow, SLOW_THREADS, error) != WCL_OK)
        return WCL_FAILED;
    server->wake_fd = eventfd(0, EFD_CLOEXEC);
    if (server->wake_fd < 0)
        return wcl_fail_errno(error, errno, "cannot create an eventfd");
    server->is_started = wcl_thread_start(&server->thread, accept_all, server, error) == WCL_OK;
    return server->is_started ? WCL_OK : WCL_FAILED;
}

wcl_status wcl_grpc_server_start(const wcl_grpc_service *service, int listen_fd,
                                 wcl_grpc_server **server, wcl_error *error)
{
    wcl_grpc_server *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    made->workers.service = service;
    made->listen_fd = listen_fd;
    made->wake_fd = -1;
    pthread_mutex_init(&made->mutex, NULL);
    for (size_t i = 0; i < WCL_GRPC_CONNECTIONS_MAX; i++)
        made->places[i].server = made;
    if (grpc_server_fill(made, error) == WCL_OK) {
        *server = made;
        return WCL_OK;
    }
    wcl_grpc_server_stop(made);
    return WCL_FAILED;
}

void wcl_grpc_server_stop(wcl_grpc_server *server)
{
    const uint64_t one = 1;

    if (!server)
        return;
    if (server->is_started) {
        if (write(server->wake_fd, &one, sizeof(one)) == sizeof(one))
            pthread_join(server->thread, NULL);
        for (size_t i = 0; i < WCL_GRPC_CONNECTIONS_MAX; i++)
            if (server->places[i].connection)
                wcl_grpc_connection_stop(server->places[i].connection);
        for (size_t i = 0; i < WCL_GRPC_CONNECTIONS_MAX; i++)
            if (server->places[i].connection)
                end_place(&server->places[i]);
    }
    wcl_grpc_pool_destroy(&server->workers.quick);
    wcl_grpc_pool_destroy(&server->workers.slow);
    if (server->wake_fd >= 0)
        close(server->wake_fd);
    pthread_mutex_destroy(&server->mutex);
    free(server);
}
