/* Processes that are started in the container: their pipes, the runtime's command, and what became
 * of it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <wcl/base.h>

#include "container/oci/supervisor/supervisor.h"
#include "platform/linux/fd_message.h"
#include "platform/linux/spawn.h"

#define DOCUMENT_PATH "/proc/self/fd/4"

/* ---- Pipes ---------------------------------------------------------------------------------- */

/* A socket in the container's folder, where the runtime delivers the pty. */
static int open_console_socket(unsigned number)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "console.%u", number);
    if (fd >= 0 &&
        (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 1) < 0))
        close_fd(&fd);
    return fd;
}

/* One output pipe: the reading end is kept, the writing end is the child's. */
static bool open_output(int *kept, int *child)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return false;
    *kept = ends[0];
    *child = ends[1];
    return true;
}

/* The input: programs write to a socket, and a relay carries it on into `to`. */
static bool open_input(struct supervisor *supervisor, int *kept, int to, bool to_console)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
        close_fd(&to);
        return false;
    }
    *kept = ends[0];
    return relays_add(supervisor, ends[1], to, to_console);
}

static bool open_pipes(struct supervisor *supervisor, struct process *process, uint32_t flags,
                       int child[3])
{
    int ends[2];

    if (flags & WCL_PIPE_STDIN) {
        if (pipe2(ends, O_CLOEXEC) < 0)
            return false;
        child[0] = ends[0];
        if (!open_input(supervisor, &process->stdin_end, ends[1], false))
            return false;
    }
    if (flags & WCL_PIPE_STDOUT && !open_output(&process->stdout_end, &child[1]))
        return false;
    return !(flags & WCL_PIPE_STDERR) || open_output(&process->stderr_end, &child[2]);
}

/* Takes the pty that the runtime has sent to the console socket, or -1. */
static int receive_console(int listener)
{
    char name[256];
    int console = -1;
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

    if (fd >= 0)
        wcl_fd_message_receive(fd, name, sizeof(name), &console, 1, MSG_DONTWAIT);
    close_fd(&fd);
    return console;
}

/* Connects the console to what programs read and write. */
static bool connect_console(struct supervisor *supervisor, struct task *task)
{
    struct process *process = task->process;

    process->console = receive_console(task->console_socket);
    if (process->console < 0)
        return false;
    if (task->flags & WCL_PIPE_STDIN) {
        int to = fcntl(process->console, F_DUPFD_CLOEXEC, WCL_SPAWN_FDS);
        if (to < 0 || !open_input(supervisor, &process->stdin_end, to, true))
            return false;
    }
    /* Output is taken off the console even when nobody asked for it: it would block the process. */
    int to = -1, from = fcntl(process->console, F_DUPFD_CLOEXEC, WCL_SPAWN_FDS);
    if (task->flags & WCL_PIPE_STDOUT ? !open_output(&process->stdout_end, &to)
                                      : (to = open("/dev/null", O_WRONLY | O_CLOEXEC)) < 0) {
        close_fd(&from);
        return false;
    }
    if (from >= 0)
        return relays_add(supervisor, from, to, false);
    close_fd(&to);
    return false;
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

/* ---- The command's end ----------------------------------------------------------------------- */

static void exec_result_fail(struct supervisor *supervisor, struct task *task, const char *why)
{
    wcl_reply reply = { .code = WCL_CODE_GEN_FAILURE };

    if (why)
        reply_text(&reply, why);
    else
        reply_log(&reply, task->log);
    struct client *client = clients_by_number(supervisor, task->client);
    if (client)
        clients_reply(supervisor, client, &reply, NULL, 0);
}

static bool other_exec_runs(const struct supervisor *supervisor)
{
    for (const struct task *task = supervisor->tasks; task; task = task->next)
        if (task->kind == TASK_EXEC)
            return true;
    return false;
}

static void exec_ended(struct supervisor *supervisor, struct task *task, int status)
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
        process->done = task->flags & WCL_EXEC_ENDS_CONTAINER ? lifecycle_finish : NULL;
        processes_register(supervisor, process, pid);
        struct client *client = clients_by_number(supervisor, task->client);
        if (client)
            exec_reply_pipes(supervisor, client, process);
        if (process->exited && process->done)
            process->done(supervisor);
    }
    if (!other_exec_runs(supervisor))
        processes_drop_orphans(supervisor);
}

/* ---- The command ---------------------------------------------------------------------------- */

static void run_exec(struct supervisor *supervisor, struct task *task, const int child[3],
                     int document)
{
    char pid_file[32], console[32];
    bool has_console = task->console_socket >= 0;
    const char *const arguments[] = { "--detach",    "--process",
                                      DOCUMENT_PATH, "--pid-file",
                                      pid_file,      has_console ? "--console-socket" : NULL,
                                      console,       NULL };

    snprintf(pid_file, sizeof(pid_file), "pid.%u", task->number);
    snprintf(console, sizeof(console), "console.%u", task->number);
    tasks_start(supervisor, task, arguments, NULL, child, document);
}

bool exec_start(struct supervisor *supervisor, const struct client *client, uint32_t flags,
                int document)
{
    struct task *task = tasks_new(TASK_EXEC, exec_ended);
    int child[3] = { -1, -1, -1 };

    if (!task)
        return false;
    task->client = client->number;
    task->flags = flags;
    task->number = ++supervisor->next_number;
    task->process = processes_new();
    if (!task->process) {
        task->done = NULL;
        tasks_end(supervisor, task, TASK_NOT_RUN);
        return false;
    }
    if (flags & WCL_EXEC_CONSOLE ? (task->console_socket = open_console_socket(task->number)) >= 0
                                 : open_pipes(supervisor, task->process, flags, child)) {
        run_exec(supervisor, task, child, document);
    } else {
        dprintf(task->log, "cannot make the pipes of the process: %s", strerror(errno));
        tasks_end(supervisor, task, TASK_NOT_RUN);
    }
    for (int i = 0; i < 3; i++)
        close_fd(&child[i]);
    return true;
}
