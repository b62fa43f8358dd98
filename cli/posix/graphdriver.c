/* The command that serves Docker's graph driver plugin. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include <wcl/graphdriver.h>

#include "cli/graphdriver.h"

#define DEFAULT_SOCKET "/run/docker/plugins/wcl.sock"
#define FIRST_PASSED_FD 3

/* A socket that systemd made, or -1. */
static int passed_socket(void)
{
    const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");

    if (!pid || !count || atol(pid) != (long)getpid() || atoi(count) < 1)
        return -1;
    return FIRST_PASSED_FD;
}

/* Waits for SIGTERM, SIGINT or SIGHUP, which were blocked. */
static void wait_for_signal(const sigset_t *before)
{
    while (!cli_interrupted())
        sigsuspend(before);
}

int command_graphdriver(cli *cli, int argc, char **argv)
{
    wcl_graphdriver_server_options options = { .struct_size = sizeof(options),
                                               .socket = DEFAULT_SOCKET,
                                               .listen_fd = passed_socket(),
                                               .hooks = &cli->hooks };
    const cli_option table[] = {
        { "socket", 0, CLI_VALUE, "PATH", "where to serve (default: " DEFAULT_SOCKET ")", NULL,
          &options.socket, NULL },
        { .name = NULL },
    };
    wcl_graphdriver_server *server = NULL;
    sigset_t blocked, before;

    int result = cli_parse(cli, table, &argc, argv, 0, 0, 0);
    if (result)
        return result;
    options.state_dir = cli->home;
    /* The server's threads inherit the mask, so that signals come to this one. */
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGINT);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &blocked, &before);
    if (wcl_graphdriver_server_start(&options, &server, &cli->error) != WCL_OK)
        return EXIT_FAILED;
    if (!cli->quiet)
        fprintf(stderr, "wcl: serving Docker's graph driver plugin at %s\n",
                options.listen_fd < 0 ? options.socket : "the socket that was passed");
    wait_for_signal(&before);
    wcl_graphdriver_server_stop(server);
    return 0;
}
