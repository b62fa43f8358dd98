/* The program on POSIX systems. */
#include "cli/system.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/beneath.h"

bool cli_system_begin(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    signal(SIGPIPE, SIG_IGN);
    return true;
}

const char *cli_system_home(void)
{
    return "/var/lib/wcl";
}

bool cli_system_has_networks(const char *home)
{
    WCL_CLEANUP_FD int fd = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return fd >= 0 &&
           (faccessat(fd, ".staging", F_OK, 0) == 0 || faccessat(fd, "hns", F_OK, 0) == 0);
}

void cli_system_take_rights(const wcl_hooks *hooks)
{
    (void)hooks;
}

void cli_system_watch(void (*stop)(int number))
{
    struct sigaction action = { .sa_handler = stop, .sa_flags = 0 };

    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

void cli_system_end_reader(pthread_t thread)
{
    pthread_cancel(thread);
    pthread_join(thread, NULL);
}
