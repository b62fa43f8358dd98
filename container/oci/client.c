/* Talking to a container's supervisor. */
#include "container/oci/client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json.h"
#include "container/notifier.h"

extern char **environ;

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
                   : wcl_fail_errno(error, errno, "the folder '%s' cannot be opened", place->path);
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
    return wcl_fail_errno(error, failed, "the container's supervisor cannot be reached");
}

wcl_status wcl_supervisor_send(int fd, const wcl_supervisor_request *request, int attached,
                               wcl_error *error)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = { { 0 } };
    struct iovec data = { (void *)(uintptr_t)request, sizeof(*request) };
    struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };

    if (attached >= 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof(control.bytes);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(header), &attached, sizeof(int));
    }
    ssize_t sent;
    do
        sent = sendmsg(fd, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? fail_lost(error) : WCL_OK;
}

static void take_descriptors(struct msghdr *message, int fds[3])
{
    struct cmsghdr *header = CMSG_FIRSTHDR(message);

    if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
        return;
    size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    memcpy(fds, CMSG_DATA(header), (count < 3 ? count : 3) * sizeof(int));
}

wcl_status wcl_supervisor_receive(int fd, wcl_reply *reply, int fds[3], wcl_error *error)
{
    union {
        char bytes[CMSG_SPACE(3 * sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec data = { reply, sizeof(*reply) };
    struct msghdr message = { .msg_iov = &data,
                              .msg_iovlen = 1,
                              .msg_control = control.bytes,
                              .msg_controllen = sizeof(control.bytes) };
    ssize_t size;

    fds[0] = fds[1] = fds[2] = -1;
    do
        size = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    while (size < 0 && errno == EINTR);
    if (size == 0 || (size < 0 && errno == ECONNRESET))
        return WCL_END;
    if (size < 0)
        return wcl_fail_errno(error, errno, "the supervisor's answer cannot be received");
    take_descriptors(&message, fds);
    if ((size_t)size >= offsetof(wcl_reply, text) &&
        reply->text_size <= (size_t)size - offsetof(wcl_reply, text))
        return WCL_OK;
    for (int i = 0; i < 3; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    return wcl_fail(error, WCL_CODE_UNEXPECTED_VALUE,
                    "the supervisor's answer is not one; is it of another version?");
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

static void close_all(int fds[3])
{
    for (int i = 0; i < 3; i++) {
        if (fds[i] >= 0)
            close(fds[i]);
        fds[i] = -1;
    }
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
        close_all(taken);
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

/* Runs the program, whose first process hands the work to a child and ends. */
static int spawn_and_wait(char *const *arguments, int first, int folder)
{
    posix_spawn_file_actions_t actions;
    pid_t pid;
    int status = 0;

    if (posix_spawn_file_actions_init(&actions) != 0)
        return ENOMEM;
    int failed = posix_spawn_file_actions_adddup2(&actions, first, WCL_SUPERVISOR_FIRST_FD);
    if (!failed)
        failed = posix_spawn_file_actions_adddup2(&actions, folder, WCL_SUPERVISOR_FOLDER_FD);
    if (!failed)
        failed = posix_spawn(&pid, arguments[0], &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failed)
        return failed;
    pid_t ended;
    do
        ended = waitpid(pid, &status, 0);
    while (ended < 0 && errno == EINTR);
    /* A program that ignores SIGCHLD does not get to know; the connection tells then. */
    return ended == pid && status != 0 ? ECHILD : 0;
}

wcl_status wcl_supervisor_start(const wcl_container_folder *place, const char *id, int folder,
                                int *fd, wcl_error *error)
{
    const char *arguments[] = { place->supervisor, place->path,     id,
                                place->runtime,    place->teardown, NULL };
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return wcl_fail_errno(error, errno, "no socket for the container's supervisor");
    /* Above the numbers they get, so that neither is overwritten by the other. */
    int first = fcntl(ends[1], F_DUPFD_CLOEXEC, 10), lock = fcntl(folder, F_DUPFD_CLOEXEC, 10);
    int failed = first < 0 || lock < 0
                     ? errno
                     : spawn_and_wait((char *const *)(uintptr_t)arguments, first, lock);
    if (first >= 0)
        close(first);
    if (lock >= 0)
        close(lock);
    close(ends[1]);
    if (failed) {
        close(ends[0]);
        return wcl_fail(error, WCL_CODE_GEN_FAILURE,
                        "the supervisor '%s' cannot be started: %s; WCL_SUPERVISOR names another",
                        place->supervisor, strerror(failed));
    }
    *fd = ends[0];
    return WCL_OK;
}
