/* The snapshotter and its gRPC server, put together. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wcl/snapshotter.h>

#include "base/error.h"
#include "base/hooks.h"
#include "base/options.h"
#include "platform/linux/socket.h"
#include "snapshotter/service/services.h"

struct wcl_snapshotter_server {
    wcl_snapshot_services services;
    wcl_grpc_service service;
    wcl_hooks hooks;
    wcl_grpc_server *grpc;
    char *content_socket; /* or NULL */
    char *socket;         /* NULL where it was given open */
    int listen_fd;
};

static wcl_status listen_at(wcl_snapshotter_server *server, const char *path, wcl_error *error)
{
    if (server->listen_fd < 0) {
        if (wcl_socket_listen(path, &server->listen_fd, error) != WCL_OK)
            return WCL_FAILED;
        if (!(server->socket = strdup(path)))
            return wcl_fail_memory(error);
    }
    /* A client that goes at once must not keep accept() waiting. */
    if (fcntl(server->listen_fd, F_SETFL, O_NONBLOCK) != 0)
        return wcl_fail_errno(error, errno, "cannot set up the socket");
    return WCL_OK;
}

static wcl_status snapshotter_server_fill(wcl_snapshotter_server *server,
                                          const wcl_snapshotter_server_options *options,
                                          wcl_error *error)
{
    WCL_TAKE(wcl_hooks, &server->hooks, options->hooks, __func__, NULL);
    if (*wcl_text(options->content_socket) &&
        !(server->content_socket = strdup(options->content_socket)))
        return wcl_fail_memory(error);
    if (wcl_snapshotter_open(options->home, &server->hooks, &server->services.snapshotter, error) !=
        WCL_OK)
        return WCL_FAILED;
    server->services.content_socket = server->content_socket;
    server->service = (wcl_grpc_service) { .context = &server->services, .hooks = &server->hooks };
    server->service.tables[0].methods =
        wcl_snapshot_service_methods(&server->service.tables[0].count);
    if (server->content_socket)
        server->service.tables[1].methods =
            wcl_diff_service_methods(&server->service.tables[1].count);
    if (listen_at(server, options->socket, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_grpc_server_start(&server->service, server->listen_fd, &server->grpc, error);
}

static wcl_status snapshotter_server_start(const wcl_snapshotter_server_options *options,
                                           wcl_snapshotter_server **server, wcl_error *error)
{
    if (!*wcl_text(options->home) || (options->listen_fd < 0 && !*wcl_text(options->socket)))
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "the server needs a home and a socket");
    wcl_snapshotter_server *made = calloc(1, sizeof(*made));
    if (!made)
        return wcl_fail_memory(error);
    made->listen_fd = options->listen_fd;
    if (snapshotter_server_fill(made, options, error) == WCL_OK) {
        *server = made;
        return WCL_OK;
    }
    wcl_snapshotter_server_stop(made);
    return WCL_FAILED;
}

wcl_status wcl_snapshotter_server_start(const wcl_snapshotter_server_options *options,
                                        wcl_snapshotter_server **server, wcl_error *error)
{
    wcl_snapshotter_server_options own = WCL_SNAPSHOTTER_SERVER_OPTIONS_INIT;

    *server = NULL;
    if (WCL_TAKE(wcl_snapshotter_server_options, &own, options, __func__, error) == WCL_OK &&
        wcl_hooks_check(own.hooks, __func__, error) == WCL_OK &&
        snapshotter_server_start(&own, server, error) == WCL_OK)
        return WCL_OK;
    return wcl_error_context(error, "serve snapshotter", own.socket);
}

void wcl_snapshotter_server_stop(wcl_snapshotter_server *server)
{
    if (!server)
        return;
    if (server->socket)
        unlink(server->socket);
    wcl_grpc_server_stop(server->grpc);
    if (server->listen_fd >= 0)
        close(server->listen_fd);
    wcl_snapshotter_free(server->services.snapshotter);
    free(server->content_socket);
    free(server->socket);
    free(server);
}
