/* Running a program of the system with posix_spawn(). */
#include "platform/linux/run.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"

static const char *const folders[] = { "/usr/sbin", "/sbin", "/usr/bin", "/bin",
                                       "/usr/local/sbin" };

static bool find_program(const char *name, char path[128])
{
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        snprintf(path, 128, "%s/%s", folders[i], name);
        if (access(path, X_OK) == 0)
            return true;
    }
    return false;
}

static int spawn(const char *path, const char *const *arguments, int errors, pid_t *child)
{
    static char search[] = "PATH=/usr/sbin:/sbin:/usr/bin:/bin", locale[] = "LC_ALL=C";
    char *const environment[] = { search, locale, NULL };
    posix_spawn_file_actions_t actions;

    int number = posix_spawn_file_actions_init(&actions);
    if (number != 0)
        return number;
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
    number = posix_spawn(child, path, &actions, NULL, (char *const *)arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
    return number;
}

/* The last line that comes through the pipe. */
static void read_last_line(int pipe, char *line, size_t size)
{
    size_t used = 0;
    char byte;

    line[0] = '\0';
    for (;;) {
        ssize_t got = read(pipe, &byte, 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return;
        if (byte == '\n')
            used = 0;
        else if (used + 1 < size) {
            line[used++] = byte;
            line[used] = '\0';
        }
    }
}

static int wait_for(pid_t child)
{
    int result;

    while (waitpid(child, &result, 0) < 0)
        if (errno != EINTR)
            return -1;
    return WIFEXITED(result) ? WEXITSTATUS(result) : -1;
}

wcl_status wcl_run(const char *const *arguments, wcl_error *error)
{
    char path[128], line[256];
    int ends[2];
    pid_t child;

    if (!find_program(arguments[0], path))
        return wcl_fail(error, WCL_CODE_FILE_NOT_FOUND, "the program '%s' is not installed",
                        arguments[0]);
    if (pipe2(ends, O_CLOEXEC) != 0)
        return wcl_fail_errno(error, errno, "cannot make a pipe");
    int number = spawn(path, arguments, ends[1], &child);
    close(ends[1]);
    WCL_CLEANUP_FD int errors = ends[0];
    if (number != 0)
        return wcl_fail_errno(error, number, "cannot run '%s'", path);
    read_last_line(errors, line, sizeof(line));
    int result = wait_for(child);
    if (result != 0)
        return wcl_fail(error, WCL_CODE_GEN_FAILURE, "'%s' failed: %s", path,
                        *line ? line : "it said nothing");
    return WCL_OK;
}
