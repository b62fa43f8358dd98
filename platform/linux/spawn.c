/* Starting a program with posix_spawn(). */
#include "platform/linux/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

static int give_descriptors(posix_spawn_file_actions_t *actions, const int *fds, size_t count)
{
    int failed = 0;

    for (int i = 0; i < (int)count && !failed; i++) {
        if (fds[i] >= 0)
            failed = posix_spawn_file_actions_adddup2(actions, fds[i], i);
        else if (fds[i] == WCL_SPAWN_NULL)
            failed = posix_spawn_file_actions_addopen(actions, i, "/dev/null", O_RDWR, 0);
    }
    return failed;
}

int wcl_spawn(const char *program, const char *const *arguments, const int *fds, size_t fd_count,
              char *const *environment, pid_t *child)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;

    sigemptyset(&none);
    sigfillset(&all);
    int failed = posix_spawn_file_actions_init(&actions);
    if (failed)
        return failed;
    failed = posix_spawnattr_init(&attributes);
    if (failed) {
        posix_spawn_file_actions_destroy(&actions);
        return failed;
    }
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    failed = give_descriptors(&actions, fds, fd_count);
    if (!failed)
        failed =
            posix_spawnp(child, program, &actions, &attributes, (char *const *)(uintptr_t)arguments,
                         environment ? environment : environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return failed;
}

int wcl_spawn_wait(pid_t child)
{
    int result;

    while (waitpid(child, &result, 0) < 0)
        if (errno != EINTR)
            return -1;
    errno = 0;
    return WIFEXITED(result) ? WEXITSTATUS(result) : -1;
}
