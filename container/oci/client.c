/* Talking to a container's supervisor. */
#include "container/oci/client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json.h"
#include "container/notifier.h"
#include "platform/linux/fd_message.h"
#include "platform/linux/spawn.h"

static wcl_status fail_lost(wcl_error *error)
{
    return wcl_fail(error, WCL_CODE_UNEXPECTED_PROCESS_ABORT,
                    "lost communication with the container's supervisor, which has ended; "
                    "terminating the container cleans up after it");
}

static wcl_status fail_absent(wcl_error *error)
{
    return wcl_fail(error, WCL_CODE_HCS_NOT_EXIST, "there is no container of this id");
}

/* Why the supervisor could not be reached. */
static wcl_status fail_unreachable(const wcl_container_folder *place, wcl_error *error)
{
    int folder;
    wcl_container_folder_state state = wcl_container_folder_examine(place, &folder);

    if (folder >= 0)
        close(folder);
    return state == WCL_CONTAINER_FOLDER_LOST ? fail_lost(error) : fail_absent(error);
}

wcl_status wcl_supervisor_connect(const wcl_container_folder *place, int *fd, wcl_error *error)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int folder = open(place->path, O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (folder < 0)
        return errno == ENOENT
                   ? fail_absent(error)
                   : wcl_fail_errno(error, errno, "cannot open the folder '%s'", place->path);
    /* A socket's address is short; the folder's path may not be. */
    snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", folder,
             WCL_SUPERVISOR_SOCKET);
    *fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    int failed = 0;
    if (*fd < 0 || connect(*fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        failed = errno;
    close(folder);
    if (!failed)
        return WCL_OK;
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    if (failed == ECONNREFUSED || failed == ENOENT || failed == ECONNRESET)
        return fail_unreachable(place, error);
    return wcl_fail_errno(error, failed, "cannot reach the container's supervisor");
}

void wcl_pipes_close(int fds[3])
{
    for (int i = 0; i < 3; i++) {
        if (fds[i] >= 0)
            close(fds[i]);
        fds[i] = -1;
    }
}

wcl_status wcl_supervisor_send(int fd, const wcl_supervisor_request *request, int attached,
                               wcl_error *error)
{
    ssize_t sent =
        wcl_fd_message_send(fd, request, sizeof(*request), &attached, attached >= 0 ? 1 : 0, 0);

    return sent < 0 ? fail_lost(error) : WCL_OK;
}

wcl_status wcl_supervisor_receive(int fd, wcl_reply *reply, int fds[3], wcl_error *error)
{
    ssize_t size = wcl_fd_message_receive(fd, reply, sizeof(*reply), fds, 3, 0);

    if (size == 0 || (size < 0 && errno == ECONNRESET))
        return WCL_END;
    if (size < 0)
        return wcl_fail_errno(error, errno, "cannot receive the supervisor's answer");
    if ((size_t)size >= offsetof(wcl_reply, text) &&
        reply->text_size <= (size_t)size - offsetof(wcl_reply, text))
        return WCL_OK;
    wcl_pipes_close(fds);
    return wcl_fail(error, WCL_CODE_UNEXPECTED_VALUE,
                    "the supervisor's answer makes no sense; is it of another version?");
}

/* The message of one line of a JSON log, when it is one. */
static bool message_of_line(const char *line, size_t length, char *message, size_t size)
{
    WCL_CLEANUP_JSON cJSON *json = NULL;
    const char *text = NULL;

    if (wcl_json_parse(line, length, length, &json, NULL) != WCL_OK ||
        wcl_json_get_text(json, "msg", &text, NULL) != WCL_OK || !text)
        return false;
    snprintf(message, size, "%s", text);
    return true;
}

void wcl_runtime_message(const char *log, char *message, size_t size)
{
    snprintf(message, size, "%s", log);
    for (const char *line = log; *line;) {
        size_t length = strcspn(line, "\n");
        message_of_line(line, length, message, size);
        line += length + (line[length] == '\n');
    }
    for (size_t end = strlen(message); end > 0 && (unsigned char)message[end - 1] <= ' ';)
        message[--end] = '\0';
}

/* What the runtime's message says about the cause, in the codes Windows has for it. */
static uint32_t code_of_message(const char *message)
{
    static const struct {
        const char *part;
        uint32_t code;
    } causes[] = {
        { "chdir to cwd", WCL_CODE_DIRECTORY },
        { "executable file not found", WCL_CODE_NO_SUCH_PROGRAM },
        { "no such file or directory", WCL_CODE_NO_SUCH_PROGRAM },
        { "permission denied", WCL_CODE_ACCESS_DENIED },
        { "paused container", WCL_CODE_HCS_INVALID_STATE },
        { "stopped container", WCL_CODE_HCS_INVALID_STATE },
    };

    for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++)
        if (strncmp(message, "exec failed", strlen("exec failed")) == 0 &&
            strstr(message, causes[i].part))
            return causes[i].code;
    return WCL_CODE_GEN_FAILURE;
}

wcl_status wcl_supervisor_fail(const wcl_reply *reply, wcl_error *error)
{
    char log[WCL_SUPERVISOR_TEXT + 1], message[600];

    memcpy(log, reply->text, reply->text_size);
    log[reply->text_size] = '\0';
    wcl_runtime_message(log, message, sizeof(message));
    uint32_t code = reply->code == WCL_CODE_GEN_FAILURE ? code_of_message(message) : reply->code;
    return wcl_fail(error, code, "%s",
                    *message ? message : "the OCI runtime failed without saying why");
}

static wcl_status wait_for_answer(int fd, wcl_error *error)
{
    struct pollfd poller = { .fd = fd, .events = POLLIN };
    int ready;

    do
        ready = poll(&poller, 1, (int)WCL_DEFAULT_WAIT_MS);
    while (ready < 0 && errno == EINTR);
    if (ready == 0)
        return wcl_fail(error, WCL_CODE_TIMEOUT, "the container's supervisor does not answer");
    return WCL_OK;
}

wcl_status wcl_supervisor_ask(const wcl_container_folder *place, int fd,
                              const wcl_supervisor_request *request, int attached, wcl_reply *reply,
                              int fds[3], wcl_error *error)
{
    int own[3] = { -1, -1, -1 };
    int *taken = fds ? fds : own;

    taken[0] = taken[1] = taken[2] = -1;
    wcl_status status = wcl_supervisor_send(fd, request, attached, error);
    if (status == WCL_OK)
        status = wait_for_answer(fd, error);
    if (status == WCL_OK)
        status = wcl_supervisor_receive(fd, reply, taken, error);
    if (status == WCL_END)
        return fail_unreachable(place, error);
    if (status == WCL_OK && reply->code)
        status = wcl_supervisor_fail(reply, error);
    if (status != WCL_OK || !fds)
        wcl_pipes_close(taken);
    return status;
}

wcl_status wcl_supervisor_call(const wcl_container_folder *place,
                               const wcl_supervisor_request *request, int attached,
                               wcl_reply *reply, int fds[3], wcl_error *error)
{
    int fd;

    if (wcl_supervisor_connect(place, &fd, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = wcl_supervisor_ask(place, fd, request, attached, reply, fds, error);
    close(fd);
    return status;
}

/* ---- Starting one --------------------------------------------------------------------------- */

/* The program's first process hands the work to a child and ends. */
wcl_status wcl_supervisor_start(const wcl_container_folder *place, const char *id, int folder,
                                int *fd, wcl_error *error)
{
    const char *const arguments[] = { place->supervisor, place->path,     id,
                                      place->runtime,    place->teardown, NULL };
    int ends[2];
    pid_t pid;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return wcl_fail_errno(error, errno, "cannot make a socket for the container's supervisor");
    wcl_spawn spawn = { .arguments = arguments, .fds = { -1, -1, -1, -1, -1 } };
    spawn.fds[WCL_SUPERVISOR_FIRST_FD] = ends[1];
    spawn.fds[WCL_SUPERVISOR_FOLDER_FD] = folder;
    int failed = wcl_spawn_start(&spawn, &pid);
    close(ends[1]);
    int code = failed ? 0 : wcl_spawn_wait(pid);
    if (code != 0 && code != WCL_SPAWN_UNKNOWN) /* the connection tells whether it runs */
        failed = ECHILD;
    if (failed) {
        close(ends[0]);
        return wcl_fail(error, WCL_CODE_GEN_FAILURE,
                        "cannot start the supervisor '%s': %s; WCL_SUPERVISOR names another",
                        place->supervisor, strerror(failed));
    }
    *fd = ends[0];
    return WCL_OK;
}
