/* Running a program of the system. */
#include "platform/linux/run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "platform/linux/spawn.h"

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

wcl_status wcl_run(const char *const *arguments, wcl_error *error)
{
    static char search[] = "PATH=/usr/sbin:/sbin:/usr/bin:/bin", locale[] = "LC_ALL=C";
    char *const environment[] = { search, locale, NULL };
    char path[128], line[256];
    int ends[2];
    pid_t child;

    if (!find_program(arguments[0], path))
        return wcl_fail(error, WCL_CODE_FILE_NOT_FOUND, "the program '%s' is not installed",
                        arguments[0]);
    if (pipe2(ends, O_CLOEXEC) != 0)
        return wcl_fail_errno(error, errno, "cannot make a pipe");
    const int fds[] = { WCL_SPAWN_NULL, WCL_SPAWN_NULL, ends[1] };
    int number = wcl_spawn(path, arguments, fds, 3, environment, &child);
    close(ends[1]);
    WCL_CLEANUP_FD int errors = ends[0];
    if (number != 0)
        return wcl_fail_errno(error, number, "cannot run '%s'", path);
    read_last_line(errors, line, sizeof(line));
    int result = wcl_spawn_wait(child);
    if (result != 0)
        return wcl_fail(error, WCL_CODE_GEN_FAILURE, "'%s' failed: %s", path,
                        *line ? line : "it said nothing");
    return WCL_OK;
}
