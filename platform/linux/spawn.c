/* Starting programs with posix_spawn(). The supervisor is linked with it, without the library. */
#include "platform/linux/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Copies the descriptors to numbers that none of them is to have, so that no one is overwritten
 * before it was used. */
static int raise_fds(const int from[WCL_SPAWN_FDS], int to[WCL_SPAWN_FDS])
{
    int failed = 0;

    for (int i = 0; i < WCL_SPAWN_FDS; i++) {
        to[i] = from[i] < 0 || failed ? -1 : fcntl(from[i], F_DUPFD_CLOEXEC, WCL_SPAWN_FDS);
        if (from[i] >= 0 && to[i] < 0 && !failed)
            failed = errno;
    }
    return failed;
}

static int add_actions(posix_spawn_file_actions_t *actions, const int fds[WCL_SPAWN_FDS])
{
    int failed = 0;

    for (int i = 0; i < WCL_SPAWN_FDS && !failed; i++) {
        if (fds[i] >= 0)
            failed = posix_spawn_file_actions_adddup2(actions, fds[i], i);
        else if (i <= STDERR_FILENO)
            failed = posix_spawn_file_actions_addopen(actions, i, "/dev/null", O_RDWR, 0);
    }
    return failed;
}

static int spawn_with(const wcl_spawn *spawn, const int fds[WCL_SPAWN_FDS],
                      posix_spawnattr_t *attributes, pid_t *pid)
{
    char *const *environment =
        spawn->environment ? (char *const *)(const void *)spawn->environment : environ;
    posix_spawn_file_actions_t actions;
    sigset_t none, all;

    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &all);
    int failed = posix_spawn_file_actions_init(&actions);
    if (failed)
        return failed;
    failed = add_actions(&actions, fds);
    if (!failed)
        failed =
            posix_spawnp(pid, spawn->program ? spawn->program : spawn->arguments[0], &actions,
                         attributes, (char *const *)(const void *)spawn->arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
    return failed;
}

int wcl_spawn_start(const wcl_spawn *spawn, pid_t *pid)
{
    posix_spawnattr_t attributes;
    int fds[WCL_SPAWN_FDS];
    int failed = posix_spawnattr_init(&attributes);

    if (failed)
        return failed;
    failed = raise_fds(spawn->fds, fds);
    if (!failed)
        failed = spawn_with(spawn, fds, &attributes, pid);
    for (int i = 0; i < WCL_SPAWN_FDS; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    posix_spawnattr_destroy(&attributes);
    return failed;
}

int wcl_spawn_wait(pid_t pid)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return WCL_SPAWN_UNKNOWN;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
