/* Running programs to their end. */
#include "platform/linux/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "platform/linux/spawn.h"

/* How often a command is asked whether it is to go on, in milliseconds. */
#define CHECK_EVERY 100
/* Nobody reads more of a program's complaints than their end. */
#define COMPLAINT_LIMIT (64 * 1024)

/* ---- Output ---------------------------------------------------------------------------------- */

/* Milliseconds until the deadline; -1 where there is none. */
static int milliseconds_left(const struct timespec *deadline)
{
    struct timespec now;

    if (deadline->tv_sec == 0)
        return -1;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t left = (int64_t)(deadline->tv_sec - now.tv_sec) * 1000 +
                   (deadline->tv_nsec - now.tv_nsec) / 1000000;
    return left > 0 ? (int)left : 0;
}

/* Waits until something can be read. */
static wcl_status wait_for_output(const wcl_command *command, int fd,
                                  const struct timespec *deadline, wcl_error *error)
{
    struct pollfd poller = { .fd = fd, .events = POLLIN };

    for (;;) {
        int left = milliseconds_left(deadline);
        bool in_steps = command->check && (left < 0 || left > CHECK_EVERY);
        int ready = poll(&poller, 1, in_steps ? CHECK_EVERY : left);
        if (command->check && command->check(command->context, error) != WCL_OK)
            return WCL_FAILED;
        if (ready > 0)
            return WCL_OK;
        if (ready < 0 && errno != EINTR)
            return wcl_fail_errno(error, errno, "cannot wait for '%s'", command->arguments[0]);
        if (ready == 0 && !in_steps)
            return wcl_fail(error, WCL_CODE_TIMEOUT, "'%s' did not answer within %u seconds",
                            command->arguments[0], command->seconds);
    }
}

static void forget_half(wcl_buffer *text)
{
    size_t kept = text->size / 2;

    memmove(text->data, text->data + (text->size - kept), kept);
    text->size = kept;
}

static wcl_status read_output(const wcl_command *command, int fd, wcl_buffer *output,
                              wcl_error *error)
{
    struct timespec deadline = { 0 };
    char piece[4096];

    if (command->seconds) {
        clock_gettime(CLOCK_MONOTONIC, &deadline);
        deadline.tv_sec += command->seconds;
    }
    for (;;) {
        if (wait_for_output(command, fd, &deadline, error) != WCL_OK)
            return WCL_FAILED;
        ssize_t got = read(fd, piece, sizeof(piece));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return WCL_OK;
        if (command->kept == STDERR_FILENO && output->size + (size_t)got > command->limit)
            forget_half(output);
        if (output->size + (size_t)got > command->limit)
            return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE, "'%s' prints more than %zu bytes",
                            command->arguments[0], command->limit);
        if (wcl_buffer_append(output, piece, (size_t)got, error) != WCL_OK)
            return WCL_FAILED;
    }
}

/* ---- Commands -------------------------------------------------------------------------------- */

/* The read end of a pipe that holds the input and ends behind it; -1 where there is none. */
static wcl_status open_input(const wcl_command *command, int *input, wcl_error *error)
{
    int ends[2];

    *input = -1;
    if (!command->input)
        return WCL_OK;
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
        return wcl_fail_errno(error, errno, "cannot make a pipe to '%s'", command->arguments[0]);
    *input = ends[0];
    size_t size = strlen(command->input);
    ssize_t written = write(ends[1], command->input, size);
    close(ends[1]);
    fcntl(ends[0], F_SETFL, 0);
    return written == (ssize_t)size ? WCL_OK
                                    : wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                                               "%zu bytes do not fit into a pipe", size);
}

wcl_status wcl_command_run(const wcl_command *command, wcl_buffer *output, int *exit_code,
                           wcl_error *error)
{
    WCL_CLEANUP_FD int input = -1, from = -1;
    int ends[2];
    pid_t pid;

    if (open_input(command, &input, error) != WCL_OK)
        return WCL_FAILED;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return wcl_fail_errno(error, errno, "cannot make a pipe from '%s'", command->arguments[0]);
    from = ends[0];
    wcl_spawn spawn = { .program = command->program,
                        .arguments = command->arguments,
                        .environment = command->environment,
                        .fds = { input, -1, -1, -1, -1 } };
    spawn.fds[command->kept] = ends[1];
    int failed = wcl_spawn_start(&spawn, &pid);
    close(ends[1]);
    if (failed)
        return wcl_fail_errno(error, failed, "cannot run '%s'", command->arguments[0]);
    wcl_status status = read_output(command, from, output, error);
    if (status != WCL_OK)
        kill(pid, SIGKILL);
    *exit_code = wcl_spawn_wait(pid);
    return status;
}

/* ---- Programs of the system ------------------------------------------------------------------ */

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

/* The last line of a text, whose end is cut off. */
static const char *last_line(wcl_buffer *text)
{
    while (text->size > 0 && text->data[text->size - 1] == '\n')
        text->data[--text->size] = '\0';
    const char *all = wcl_buffer_text(text), *line = strrchr(all, '\n');
    return line ? line + 1 : all;
}

wcl_status wcl_run(const char *const *arguments, wcl_error *error)
{
    static const char *const environment[] = { "PATH=/usr/sbin:/sbin:/usr/bin:/bin", "LC_ALL=C",
                                               NULL };
    WCL_CLEANUP_BUFFER wcl_buffer complaints = WCL_BUFFER_INIT;
    char path[128];
    int exit_code;

    if (!find_program(arguments[0], path))
        return wcl_fail(error, WCL_CODE_FILE_NOT_FOUND, "the program '%s' is not installed",
                        arguments[0]);
    const wcl_command command = { .program = path,
                                  .arguments = arguments,
                                  .environment = environment,
                                  .kept = STDERR_FILENO,
                                  .limit = COMPLAINT_LIMIT };
    if (wcl_command_run(&command, &complaints, &exit_code, error) != WCL_OK)
        return WCL_FAILED;
    if (exit_code == 0)
        return WCL_OK;
    if (exit_code == WCL_SPAWN_UNKNOWN)
        return wcl_fail(error, WCL_CODE_GEN_FAILURE,
                        "it is not known how '%s' ended: this program's children are collected by "
                        "others",
                        path);
    const char *line = last_line(&complaints);
    return wcl_fail(error, WCL_CODE_GEN_FAILURE, "'%s' failed: %s", path,
                    *line ? line : "it said nothing");
}
