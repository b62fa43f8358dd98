/* What became of an exec: a process with its pipes, or why there is none. */
#include "container/oci/supervisor/supervisor.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <wcl/base.h>

/* Takes the pty that the runtime has sent to the console socket, or -1. */
static int receive_console(int listener)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    char name[256];
    struct iovec data = { name, sizeof(name) };
    struct msghdr message = { .msg_iov = &data,
                              .msg_iovlen = 1,
                              .msg_control = control.bytes,
                              .msg_controllen = sizeof(control.bytes) };
    int console = -1;
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

    if (fd < 0)
        return -1;
    if (recvmsg(fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) > 0) {
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
            header->cmsg_len == CMSG_LEN(sizeof(int)))
            memcpy(&console, CMSG_DATA(header), sizeof(int));
    }
    close_fd(&fd);
    return console;
}

/* Connects the console to what programs read and write. */
static bool connect_console(struct supervisor *supervisor, struct task *task)
{
    struct process *process = task->process;
    int ends[2];

    process->console = receive_console(task->console_socket);
    if (process->console < 0)
        return false;
    if (task->flags & WCL_PIPE_STDIN) {
        int to = fcntl(process->console, F_DUPFD_CLOEXEC, 5);
        if (to < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
            close_fd(&to);
            return false;
        }
        process->stdin_end = ends[0];
        if (!relays_add(supervisor, ends[1], to, true))
            return false;
    }
    /* Output is taken off the console even when nobody asked for it: it would block the process. */
    int from = fcntl(process->console, F_DUPFD_CLOEXEC, 5);
    if (from < 0)
        return false;
    if (!(task->flags & WCL_PIPE_STDOUT)) {
        int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
        return relays_add(supervisor, from, null, false);
    }
    if (pipe2(ends, O_CLOEXEC) < 0) {
        close_fd(&from);
        return false;
    }
    process->stdout_end = ends[0];
    return relays_add(supervisor, from, ends[1], false);
}

static size_t collect_pipes(const struct process *process, uint32_t *pipes, int fds[3])
{
    size_t count = 0;

    *pipes = 0;
    if (process->stdin_end >= 0) {
        *pipes |= WCL_PIPE_STDIN;
        fds[count++] = process->stdin_end;
    }
    if (process->stdout_end >= 0) {
        *pipes |= WCL_PIPE_STDOUT;
        fds[count++] = process->stdout_end;
    }
    if (process->stderr_end >= 0) {
        *pipes |= WCL_PIPE_STDERR;
        fds[count++] = process->stderr_end;
    }
    return count;
}

void exec_reply_pipes(struct supervisor *supervisor, struct client *client,
                      const struct process *process)
{
    wcl_reply reply = { 0 };
    int fds[3];

    processes_describe(process, &reply);
    size_t count = collect_pipes(process, &reply.pipes, fds);
    clients_reply(supervisor, client, &reply, fds, count);
}

static void exec_result_fail(struct supervisor *supervisor, struct task *task, const char *why)
{
    wcl_reply reply = { .code = WCL_CODE_GEN_FAILURE };

    if (why)
        reply_text(&reply, why);
    else
        reply_log(&reply, task->log);
    if (task->client)
        clients_reply(supervisor, task->client, &reply, NULL, 0);
}

static bool other_exec_runs(const struct supervisor *supervisor)
{
    for (const struct task *task = supervisor->tasks; task; task = task->next)
        if (task->kind == TASK_EXEC)
            return true;
    return false;
}

void exec_ended(struct supervisor *supervisor, struct task *task, int status)
{
    char name[32];

    snprintf(name, sizeof(name), "pid.%u", task->number);
    pid_t pid = status == 0 ? read_pid(supervisor, name) : -1;
    if (status != 0) {
        exec_result_fail(supervisor, task, NULL);
    } else if (pid < 0) {
        exec_result_fail(supervisor, task, "the OCI runtime did not tell the pid of the process");
    } else if (task->flags & WCL_EXEC_CONSOLE && !connect_console(supervisor, task)) {
        exec_result_fail(supervisor, task,
                         "the OCI runtime did not hand over the console of the process");
    } else {
        struct process *process = task->process;
        task->process = NULL;
        process->ends_container = task->flags & WCL_EXEC_ENDS_CONTAINER;
        processes_register(supervisor, process, pid);
        if (task->client)
            exec_reply_pipes(supervisor, task->client, process);
        if (process->exited && process->ends_container)
            lifecycle_finish(supervisor);
    }
    if (!other_exec_runs(supervisor))
        processes_drop_orphans(supervisor);
}
