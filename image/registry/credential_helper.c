/* Docker's credential helpers: programs that are given a server on standard input and print the
 * user and the secret as JSON. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "image/registry/credentials.h"

#define OUTPUT_SIZE_MAX (64 * 1024)
#define SECONDS_MAX 60
/* How often a wait looks whether it was cancelled, in milliseconds. */
#define LOOK_EVERY 100
/* What helpers print when they know nothing of a server. */
#define NOT_FOUND "credentials not found"

extern char **environ;

static wcl_status credential_helper_check_name(const char *helper, wcl_error *error)
{
    if (!*helper || strlen(helper) > 200 || strchr(helper, '/'))
        return wcl_fail(error, WCL_CODE_INVALID_NAME,
                        "'%.200s' is not the name of a credential helper", helper);
    return WCL_OK;
}

/* The read end of a pipe that holds the server's name and ends behind it. */
static int server_pipe(const char *server)
{
    int ends[2];

    /* A pipe holds this much without a reader. */
    if (strlen(server) > 4000 || pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    ssize_t written = write(ends[1], server, strlen(server));
    close(ends[1]);
    if (written == (ssize_t)strlen(server))
        return ends[0];
    close(ends[0]);
    return -1;
}

static int spawn_with(const char *program, int input, int output, pid_t *pid)
{
    char *const arguments[] = { (char *)program, (char *)"get", NULL };
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;

    sigemptyset(&none);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    int result = posix_spawnp(pid, program, &actions, &attributes, arguments, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return result;
}

static wcl_status credential_helper_start(const char *program, const char *server, int *output,
                                          pid_t *pid, wcl_error *error)
{
    WCL_CLEANUP_FD int input = server_pipe(server);
    int ends[2];

    if (input < 0 || pipe2(ends, O_CLOEXEC) != 0)
        return wcl_fail_errno(error, errno, "cannot make a pipe to '%s'", program);
    int result = spawn_with(program, input, ends[1], pid);
    close(ends[1]);
    *output = ends[0];
    if (result == 0)
        return WCL_OK;
    close(ends[0]);
    *output = -1;
    return wcl_fail_errno(error, result, "cannot run the credential helper '%s'", program);
}

static int milliseconds_left(const struct timespec *deadline)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t left = (int64_t)(deadline->tv_sec - now.tv_sec) * 1000 +
                   (deadline->tv_nsec - now.tv_nsec) / 1000000;
    return left > 0 ? (int)left : 0;
}

static wcl_status read_output(int output, const char *program, const wcl_http *http,
                              wcl_buffer *text, wcl_error *error)
{
    struct pollfd poll_output = { .fd = output, .events = POLLIN };
    struct timespec deadline;
    char piece[4096];

    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += SECONDS_MAX;
    for (;;) {
        int left = milliseconds_left(&deadline);
        int ready = poll(&poll_output, 1, left < LOOK_EVERY ? left : LOOK_EVERY);
        if (http && wcl_http_check_cancelled(http, error) != WCL_OK)
            return WCL_FAILED;
        if ((ready < 0 && errno == EINTR) || (ready == 0 && left > LOOK_EVERY))
            continue;
        if (ready <= 0)
            return wcl_fail(error, WCL_CODE_TIMEOUT,
                            "the credential helper '%s' did not answer within %d seconds", program,
                            SECONDS_MAX);
        ssize_t count = read(output, piece, sizeof(piece));
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return WCL_OK;
        if (text->size + (size_t)count > OUTPUT_SIZE_MAX)
            return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE,
                            "the credential helper '%s' prints more than %d bytes", program,
                            OUTPUT_SIZE_MAX);
        if (wcl_buffer_append(text, piece, (size_t)count, error) != WCL_OK)
            return WCL_FAILED;
    }
}

static bool ended_well(pid_t pid)
{
    int state = 0;

    while (waitpid(pid, &state, 0) < 0)
        if (errno != EINTR)
            return true; /* the program collects its children itself; the output decides */
    return WIFEXITED(state) && WEXITSTATUS(state) == 0;
}

static void cut_line(char *text)
{
    text[strcspn(text, "\r\n")] = '\0';
}

wcl_status wcl_credential_helper_get(const char *helper, const char *server, const wcl_http *http,
                                     wcl_buffer *answer, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer program = WCL_BUFFER_INIT;
    WCL_CLEANUP_FD int output = -1;
    pid_t pid;

    if (credential_helper_check_name(helper, error) != WCL_OK ||
        wcl_buffer_printf(&program, error, "docker-credential-%s", helper) != WCL_OK ||
        credential_helper_start(wcl_buffer_text(&program), server, &output, &pid, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = read_output(output, wcl_buffer_text(&program), http, answer, error);
    if (status != WCL_OK)
        kill(pid, SIGKILL);
    if (ended_well(pid) || status != WCL_OK)
        return status;
    if (strncmp(wcl_buffer_text(answer), NOT_FOUND, sizeof(NOT_FOUND) - 1) == 0)
        return WCL_END;
    if (answer->size)
        cut_line((char *)answer->data);
    return wcl_fail(error, WCL_CODE_ACCESS_DENIED,
                    "the credential helper '%s' fails for '%s': %.300s", wcl_buffer_text(&program),
                    server, wcl_buffer_text(answer));
}
