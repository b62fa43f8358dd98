/* The commands that serve an engine: Docker's graph driver plugin and containerd's snapshotter. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include <wcl/graphdriver.h>
#include <wcl/snapshotter.h>

#include "base/heap.h"
#include "cli/commands.h"

#define GRAPHDRIVER_SOCKET "/run/docker/plugins/wcl.sock"
#define SNAPSHOTTER_SOCKET "/run/wcl/snapshotter.sock"
#define CONTENT_SOCKET "/run/containerd/containerd.sock"
#define FIRST_PASSED_FD 3

/* A socket that systemd made, or -1. */
static int passed_socket(void)
{
    const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");

    if (!pid || !count || atol(pid) != (long)getpid() || atoi(count) < 1)
        return -1;
    /* It is not for the programs that are run. */
    fcntl(FIRST_PASSED_FD, F_SETFD, FD_CLOEXEC);
    return FIRST_PASSED_FD;
}

/* The server's threads inherit the mask, so that signals come to this one. */
static void block_signals(sigset_t *before)
{
    sigset_t blocked;

    sigemptyset(&blocked);
    sigaddset(&blocked, SIGINT);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &blocked, before);
}

/* Until SIGTERM, SIGINT or SIGHUP, which were blocked. */
static void serve(const cli *cli, const char *what, int listen_fd, const char *socket,
                  const sigset_t *before)
{
    if (!cli->quiet)
        fprintf(stderr, "wcl: serving %s at %s\n", what,
                listen_fd < 0 ? socket : "the socket that was passed");
    while (!cli_interrupted())
        sigsuspend(before);
}

int command_graphdriver(cli *cli, int argc, char **argv)
{
    wcl_graphdriver_server_options options = { .struct_size = sizeof(options),
                                               .socket = GRAPHDRIVER_SOCKET,
                                               .listen_fd = passed_socket(),
                                               .hooks = &cli->hooks };
    const cli_option table[] = { CLI_VALUE("socket", 0, "PATH",
                                           "where to serve (default: " GRAPHDRIVER_SOCKET ")",
                                           &options.socket),
                                 CLI_END };
    wcl_graphdriver_server *server = NULL;
    sigset_t before;

    int result = cli_parse(cli, table, &argc, argv, 0, 0, 0);
    if (result)
        return result;
    options.state_dir = cli->home;
    block_signals(&before);
    if (wcl_graphdriver_server_start(&options, &server, &cli->error) != WCL_OK)
        return EXIT_FAILED;
    serve(cli, "Docker's graph driver plugin", options.listen_fd, options.socket, &before);
    wcl_graphdriver_server_stop(server);
    return 0;
}

/* Before it serves, a signal that is asked for waits. */
static bool is_told_to_stop(void *context, const wcl_progress *progress)
{
    sigset_t waiting;

    (void)context, (void)progress;
    return sigpending(&waiting) == 0 &&
           (sigismember(&waiting, SIGTERM) == 1 || sigismember(&waiting, SIGINT) == 1);
}

int command_snapshotter(cli *cli, int argc, char **argv)
{
    wcl_hooks hooks = cli->hooks;
    wcl_snapshotter_server_options options = { .struct_size = sizeof(options),
                                               .socket = SNAPSHOTTER_SOCKET,
                                               .content_socket = CONTENT_SOCKET,
                                               .listen_fd = passed_socket(),
                                               .hooks = &hooks };
    const cli_option table[] = {
        CLI_VALUE("socket", 0, "PATH", "where to serve (default: " SNAPSHOTTER_SOCKET ")",
                  &options.socket),
        CLI_VALUE("content-socket", 0, "PATH",
                  "where containerd serves its blobs (default: " CONTENT_SOCKET ")",
                  &options.content_socket),
        CLI_END
    };
    wcl_snapshotter_server *server = NULL;
    sigset_t before;

    int result = cli_parse(cli, table, &argc, argv, 0, 0, 0);
    if (result)
        return result;
    options.home = cli->home;
    hooks.progress = is_told_to_stop;
    block_signals(&before);
    wcl_heap_keep_small();
    if (wcl_snapshotter_server_start(&options, &server, &cli->error) != WCL_OK)
        return EXIT_FAILED;
    serve(cli, "containerd's snapshotter", options.listen_fd, options.socket, &before);
    wcl_snapshotter_server_stop(server);
    return 0;
}
