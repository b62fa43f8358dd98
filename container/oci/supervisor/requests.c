/* What programs ask of the supervisor, and whether the container's state allows it. */
#include "container/oci/supervisor/supervisor.h"

#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include <wcl/base.h>

static void requests_answer(struct supervisor *supervisor, struct client *client, uint32_t code,
                            const char *text)
{
    wcl_reply reply = { .code = code };

    if (text)
        reply_text(&reply, text);
    clients_reply(supervisor, client, &reply, NULL, 0);
}

static const char *state_name(enum wcl_container_state state)
{
    static const char *const names[] = {
        "being created", "created but not started", "being started", "running", "being paused",
        "paused",        "being resumed",           "stopping",      "stopped"
    };
    return names[state];
}

/* Answers that the state does not allow the request; false when it is `wanted`. */
static bool refuse_unless(struct supervisor *supervisor, struct client *client,
                          enum wcl_container_state wanted)
{
    char text[128];

    if (supervisor->state == wanted)
        return false;
    snprintf(text, sizeof(text), "the container is %s, not %s", state_name(supervisor->state),
             state_name(wanted));
    requests_answer(supervisor, client, WCL_CODE_HCS_INVALID_STATE, text);
    return true;
}

static void handle_change(struct supervisor *supervisor, struct client *client, enum task_kind kind,
                          enum wcl_container_state from, enum wcl_container_state during)
{
    if (refuse_unless(supervisor, client, from))
        return;
    supervisor->state = during;
    if (lifecycle_change(supervisor, kind)) {
        requests_answer(supervisor, client, WCL_CODE_HCS_OPERATION_PENDING, NULL);
        return;
    }
    supervisor->state = from;
    requests_answer(supervisor, client, WCL_CODE_OUT_OF_MEMORY,
                    "out of memory or file descriptors");
}

static bool refuse_if_stopped(struct supervisor *supervisor, struct client *client)
{
    if (supervisor->state < WCL_STATE_STOPPING)
        return false;
    requests_answer(supervisor, client, WCL_CODE_HCS_ALREADY_STOPPED,
                    "the container has already stopped");
    return true;
}

static void handle_shutdown(struct supervisor *supervisor, struct client *client)
{
    if (refuse_if_stopped(supervisor, client))
        return;
    if (!supervisor->shutting_down) {
        if (refuse_unless(supervisor, client, WCL_STATE_RUNNING))
            return;
        lifecycle_shutdown(supervisor);
    }
    requests_answer(supervisor, client, WCL_CODE_HCS_OPERATION_PENDING,
                    "the container's processes were asked to end");
}

static void handle_terminate(struct supervisor *supervisor, struct client *client)
{
    if (refuse_if_stopped(supervisor, client))
        return;
    lifecycle_terminate(supervisor);
    requests_answer(supervisor, client, WCL_CODE_HCS_OPERATION_PENDING,
                    "the container's processes are being ended");
}

static void handle_exec(struct supervisor *supervisor, struct client *client,
                        const wcl_supervisor_request *request, int document)
{
    if (document < 0) {
        requests_answer(supervisor, client, WCL_CODE_INVALID_PARAMETER,
                        "the process document is missing");
        return;
    }
    if (refuse_unless(supervisor, client, WCL_STATE_RUNNING))
        return;
    if (supervisor->shutting_down || supervisor->terminating || supervisor->finished) {
        requests_answer(supervisor, client, WCL_CODE_SHUTDOWN_IN_PROGRESS,
                        "the container is shutting down");
        return;
    }
    if (!exec_start(supervisor, client, request->flags, document))
        requests_answer(supervisor, client, WCL_CODE_OUT_OF_MEMORY,
                        "out of memory or file descriptors");
}

static void requests_describe(struct supervisor *supervisor, struct client *client,
                              const struct process *process)
{
    wcl_reply reply = { 0 };

    processes_describe(process, &reply);
    clients_reply(supervisor, client, &reply, NULL, 0);
}

static void handle_open(struct supervisor *supervisor, struct client *client, pid_t pid)
{
    struct process *process = processes_by_pid(supervisor, pid);

    if (!process && !supervisor->init_ended && pid != supervisor->init)
        process = processes_adopt(supervisor, pid);
    if (!process) {
        requests_answer(supervisor, client, WCL_CODE_ELEMENT_NOT_FOUND, "no such process");
        return;
    }
    requests_describe(supervisor, client, process);
}

static void handle_kill(struct supervisor *supervisor, struct client *client,
                        struct process *process)
{
    long failed = 0;

    if (process->exited) {
        requests_answer(supervisor, client, WCL_CODE_ELEMENT_NOT_FOUND,
                        "the process has already ended");
        return;
    }
    /* A child keeps its pid until this program has taken note of its end. */
    if (process->pidfd >= 0)
        failed = syscall(SYS_pidfd_send_signal, process->pidfd, SIGKILL, NULL, 0);
    else
        failed = kill(process->pid, SIGKILL);
    requests_answer(supervisor, client, failed ? WCL_CODE_ELEMENT_NOT_FOUND : 0,
                    failed ? "cannot signal the process" : NULL);
}

static void handle_resize(struct supervisor *supervisor, struct client *client,
                          struct process *process, const wcl_supervisor_request *request)
{
    struct winsize size = { .ws_row = request->height, .ws_col = request->width };

    if (process->console < 0)
        requests_answer(supervisor, client, WCL_CODE_INVALID_PROCESS_STATE,
                        "the process has no console");
    else if (ioctl(process->console, TIOCSWINSZ, &size) < 0)
        requests_answer(supervisor, client, WCL_CODE_GEN_FAILURE, "cannot resize the console");
    else
        requests_answer(supervisor, client, 0, NULL);
}

static void handle_process(struct supervisor *supervisor, struct client *client,
                           const wcl_supervisor_request *request)
{
    struct process *process = processes_by_serial(supervisor, request->serial);

    if (!process) {
        requests_answer(supervisor, client, WCL_CODE_ELEMENT_NOT_FOUND,
                        "the process is no longer known");
        return;
    }
    switch (request->type) {
    case WCL_REQUEST_DESCRIBE:
        requests_describe(supervisor, client, process);
        break;
    case WCL_REQUEST_STDIO:
        exec_reply_pipes(supervisor, client, process);
        break;
    case WCL_REQUEST_CLOSE_STDIN:
        if (process->stdin_end >= 0)
            shutdown(process->stdin_end, SHUT_WR);
        close_fd(&process->stdin_end);
        requests_answer(supervisor, client, 0, NULL);
        break;
    case WCL_REQUEST_RESIZE:
        handle_resize(supervisor, client, process, request);
        break;
    default:
        handle_kill(supervisor, client, process);
        break;
    }
}

void requests_handle(struct supervisor *supervisor, struct client *client,
                     const wcl_supervisor_request *request, int attached)
{
    switch (request->type) {
    case WCL_REQUEST_SUBSCRIBE:
        client->subscribed = true;
        requests_answer(supervisor, client, 0, NULL);
        break;
    case WCL_REQUEST_CLOSE:
        client->closing = true;
        break;
    case WCL_REQUEST_STATUS:
        requests_answer(supervisor, client, 0, NULL);
        break;
    case WCL_REQUEST_START:
        handle_change(supervisor, client, TASK_RUN, WCL_STATE_CREATED, WCL_STATE_STARTING);
        break;
    case WCL_REQUEST_PAUSE:
        handle_change(supervisor, client, TASK_PAUSE, WCL_STATE_RUNNING, WCL_STATE_PAUSING);
        break;
    case WCL_REQUEST_RESUME:
        handle_change(supervisor, client, TASK_RESUME, WCL_STATE_PAUSED, WCL_STATE_RESUMING);
        break;
    case WCL_REQUEST_SHUTDOWN:
        handle_shutdown(supervisor, client);
        break;
    case WCL_REQUEST_TERMINATE:
        handle_terminate(supervisor, client);
        break;
    case WCL_REQUEST_EXEC:
        handle_exec(supervisor, client, request, attached);
        break;
    case WCL_REQUEST_OPEN:
        handle_open(supervisor, client, request->pid);
        break;
    case WCL_REQUEST_DESCRIBE:
    case WCL_REQUEST_STDIO:
    case WCL_REQUEST_CLOSE_STDIN:
    case WCL_REQUEST_RESIZE:
    case WCL_REQUEST_KILL:
        handle_process(supervisor, client, request);
        break;
    default:
        requests_answer(supervisor, client, WCL_CODE_NOT_SUPPORTED, "the request is unknown");
        break;
    }
    close_fd(&attached);
}
