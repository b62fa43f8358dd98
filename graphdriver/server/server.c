/* The plugin's HTTP server: one thread a connection, since most calls wait for disks and locks. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/hooks.h"
#include "base/options.h"
#include "graphdriver/driver.h"
#include "graphdriver/server/client.h"
#include "graphdriver/server/microhttpd.h"
#include "graphdriver/server/request.h"
#include "platform/linux/socket.h"

/* Of a connection: what is read of a body at once fits in. */
#define CONNECTION_MEMORY ((size_t)512 * 1024)
/* dockerd has one for each call that it waits for, and keeps some that it may use again. More are
 * closed at once; dockerd tries again for half a minute. */
#define CONNECTIONS_MAX 512
/* Seconds. Whoever pipes an image through docker may pause. */
#define REQUEST_PATIENCE 20
#define STREAM_PATIENCE 900

struct wcl_graphdriver_server {
    struct MHD_Daemon *daemon;
    wcl_sessions sessions;
    wcl_streams streams;
    wcl_keeper keeper;
    wcl_plugin_request_context context;
    wcl_hooks hooks;        /* the user's */
    wcl_hooks driver_hooks; /* the same log, and whether the client has gone */
    unsigned connections_max;
    char *provider;
    char *socket;  /* NULL where it was given open */
    int listen_fd; /* -1 once it is the daemon's */
};

static void log_line(void *context, wcl_log_level level, const char *message)
{
    const wcl_graphdriver_server *server = context;

    wcl_hooks_log(&server->hooks, level, message);
}

static bool is_pointless(void *context, const wcl_progress *progress)
{
    (void)context, (void)progress;
    return wcl_client_is_gone();
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *size, void **request)
{
    wcl_graphdriver_server *server = context;

    (void)version;
    if (!*request) {
        *request = wcl_plugin_request_new(&server->context, connection, url, method);
        if (!*request)
            log_line(server, WCL_LOG_WARNING, "out of memory: a request is not answered");
        return *request ? MHD_YES : MHD_NO;
    }
    if (*size) {
        wcl_plugin_request_take(*request, data, *size);
        *size = 0;
        return MHD_YES;
    }
    return wcl_plugin_request_answer(*request, connection);
}

static void completed(void *context, struct MHD_Connection *connection, void **request,
                      enum MHD_RequestTerminationCode code)
{
    (void)context, (void)connection, (void)code;
    wcl_plugin_request_free(*request);
    *request = NULL;
}

static wcl_status start_daemon(wcl_graphdriver_server *server, wcl_error *error)
{
    if (wcl_microhttpd_load(error) != WCL_OK)
        return WCL_FAILED;
    server->daemon = wcl_microhttpd_functions()->MHD_start_daemon(
        MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL |
            MHD_USE_ITC,
        0, NULL, NULL, handle, server, MHD_OPTION_LISTEN_SOCKET, server->listen_fd,
        MHD_OPTION_NOTIFY_COMPLETED, completed, server, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        CONNECTION_MEMORY, MHD_OPTION_CONNECTION_MEMORY_INCREMENT, CONNECTION_MEMORY / 2,
        MHD_OPTION_CONNECTION_LIMIT, server->connections_max, MHD_OPTION_CONNECTION_TIMEOUT,
        server->context.request_patience, MHD_OPTION_END);
    if (!server->daemon)
        return wcl_fail(error, WCL_CODE_GEN_FAILURE, "cannot start the HTTP server");
    server->listen_fd = -1;
    return WCL_OK;
}

/* Lets the driver that is served now look after what it adopted. */
static size_t look(void *context)
{
    wcl_graphdriver_server *server = context;
    wcl_session *session;

    if (wcl_sessions_enter(&server->sessions, &session, NULL) != WCL_OK)
        return 0;
    size_t adopted = wcl_graphdriver_release_forsaken(session->driver);
    wcl_sessions_leave(&server->sessions, session);
    return adopted;
}

/* What an earlier server left mounted is adopted, if it left a driver. */
static wcl_status start_keeper(wcl_graphdriver_server *server, wcl_error *error)
{
    wcl_session *session;

    if (wcl_sessions_enter(&server->sessions, &session, NULL) != WCL_OK)
        return WCL_OK;
    wcl_status status = wcl_graphdriver_adopt(session->driver, error);
    wcl_sessions_leave(&server->sessions, session);
    return status == WCL_OK ? wcl_keeper_start(&server->keeper, look, server, error) : WCL_FAILED;
}

static wcl_status server_fill(wcl_graphdriver_server *server,
                              const wcl_graphdriver_server_options *options, wcl_error *error)
{
    if (*wcl_text(options->provider) && !(server->provider = strdup(options->provider)))
        return wcl_fail_memory(error);
    WCL_TAKE(wcl_hooks, &server->hooks, options->hooks, __func__, NULL);
    server->sessions.provider = server->provider;
    server->driver_hooks = (wcl_hooks) { .struct_size = sizeof(wcl_hooks),
                                         .context = server,
                                         .log = log_line,
                                         .progress = is_pointless };
    server->sessions.hooks = &server->driver_hooks;
    server->context = (wcl_plugin_request_context) {
        &server->sessions,
        &server->streams,
        &server->hooks,
        options->request_seconds ? options->request_seconds : REQUEST_PATIENCE,
        options->stream_seconds ? options->stream_seconds : STREAM_PATIENCE,
    };
    server->connections_max = options->connections_max ? options->connections_max : CONNECTIONS_MAX;
    if (wcl_sessions_open(&server->sessions, options->state_dir, error) != WCL_OK ||
        start_keeper(server, error) != WCL_OK)
        return WCL_FAILED;
    if (server->listen_fd < 0) {
        if (wcl_socket_listen(options->socket, &server->listen_fd, error) != WCL_OK)
            return WCL_FAILED;
        if (!(server->socket = strdup(options->socket)))
            return wcl_fail_memory(error);
    }
    return start_daemon(server, error);
}

static wcl_status server_start(const wcl_graphdriver_server_options *options,
                               wcl_graphdriver_server **server, wcl_error *error)
{
    if (!*wcl_text(options->state_dir) || (options->listen_fd < 0 && !*wcl_text(options->socket)))
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "the server needs a socket and a state folder");
    wcl_graphdriver_server *made = calloc(1, sizeof(*made));
    if (!made)
        return wcl_fail_memory(error);
    made->listen_fd = options->listen_fd;
    wcl_streams_init(&made->streams);
    if (server_fill(made, options, error) == WCL_OK) {
        *server = made;
        return WCL_OK;
    }
    wcl_graphdriver_server_stop(made);
    return WCL_FAILED;
}

wcl_status wcl_graphdriver_server_start(const wcl_graphdriver_server_options *options,
                                        wcl_graphdriver_server **server, wcl_error *error)
{
    wcl_graphdriver_server_options own = WCL_GRAPHDRIVER_SERVER_OPTIONS_INIT;

    *server = NULL;
    if (WCL_TAKE(wcl_graphdriver_server_options, &own, options, __func__, error) == WCL_OK &&
        wcl_hooks_check(own.hooks, __func__, error) == WCL_OK &&
        server_start(&own, server, error) == WCL_OK)
        return WCL_OK;
    return wcl_error_context(error, "serve graph driver", own.socket);
}

void wcl_graphdriver_server_stop(wcl_graphdriver_server *server)
{
    if (!server)
        return;
    if (server->socket)
        unlink(server->socket);
    wcl_streams_stop(&server->streams);
    if (server->daemon)
        wcl_microhttpd_functions()->MHD_stop_daemon(server->daemon);
    if (server->listen_fd >= 0)
        close(server->listen_fd);
    wcl_keeper_stop(&server->keeper);
    wcl_sessions_close(&server->sessions);
    wcl_streams_destroy(&server->streams);
    free(server->socket);
    free(server->provider);
    free(server);
}
