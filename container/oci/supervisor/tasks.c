/* Commands of the OCI runtime, run as children while the loop goes on. */
#include "container/oci/supervisor/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

extern char **environ;

/* What the child has as its descriptors 0 to 4. */
struct descriptors {
    int in;
    int out;
    int err;
    int log;
    int document;
};
#define LOG_PATH "/proc/self/fd/3"
#define DOCUMENT_PATH "/proc/self/fd/4"

/*
 * Starts a command with this program's own signal settings undone, which the container's processes
 * would inherit. Returns 0 or an errno value.
 */
static int spawn(char *const *arguments, const struct descriptors *descriptors, pid_t *pid)
{
    const int fds[] = { descriptors->in, descriptors->out, descriptors->err, descriptors->log,
                        descriptors->document };
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, defaults;

    sigemptyset(&none);
    sigfillset(&defaults);
    if (posix_spawn_file_actions_init(&actions) != 0)
        return ENOMEM;
    if (posix_spawnattr_init(&attributes) != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return ENOMEM;
    }
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    int failed = 0;
    for (int i = 0; i < 5 && !failed; i++)
        if (fds[i] >= 0)
            failed = posix_spawn_file_actions_adddup2(&actions, fds[i], i);
    if (!failed)
        failed = posix_spawnp(pid, arguments[0], &actions, &attributes, arguments, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return failed;
}

static struct task *task_new(enum task_kind kind)
{
    struct task *task = calloc(1, sizeof(*task));

    if (!task)
        return NULL;
    task->kind = kind;
    task->console_socket = -1;
    task->log = memfd_create("log", MFD_CLOEXEC);
    if (task->log < 0) {
        free(task);
        return NULL;
    }
    return task;
}

static void task_free(struct supervisor *supervisor, struct task *task)
{
    char name[32];

    if (task->process)
        processes_free(supervisor, task->process);
    if (task->number > 0) {
        snprintf(name, sizeof(name), "pid.%u", task->number);
        unlinkat(supervisor->folder, name, 0);
        snprintf(name, sizeof(name), "console.%u", task->number);
        unlinkat(supervisor->folder, name, 0);
    }
    close_fd(&task->log);
    close_fd(&task->console_socket);
    free(task);
}

/* Runs the task's command, or writes into its log why that is impossible. */
static bool task_start(struct supervisor *supervisor, struct task *task, char *const *arguments,
                       const struct descriptors *descriptors)
{
    int failed = spawn(arguments, descriptors, &task->pid);

    if (failed) {
        dprintf(task->log, "cannot run the OCI runtime '%s': %s", supervisor->runtime,
                strerror(failed));
        return false;
    }
    task->next = supervisor->tasks;
    supervisor->tasks = task;
    return true;
}

static int open_null(void)
{
    return open("/dev/null", O_RDWR | O_CLOEXEC);
}

/* The end of a task, whether its command ran or not. */
static void task_end(struct supervisor *supervisor, struct task *task, int status)
{
    lifecycle_task_ended(supervisor, task, status);
    task_free(supervisor, task);
    clients_end_if_done(supervisor);
}

/* A status that says "failed" for a command that could not be run. */
#define STATUS_NOT_RUN (127 << 8)

/* The start of every command, up to its verb; returns how many arguments that is. */
static size_t begin_arguments(const struct supervisor *supervisor, enum task_kind kind,
                              const char **arguments)
{
    static const char *const verbs[] = { "run", "pause", "resume", "exec", "kill", "delete" };
    const char *const start[] = { supervisor->runtime,
                                  "--root",
                                  supervisor->runtime_root,
                                  "--log",
                                  LOG_PATH,
                                  "--log-format",
                                  "json",
                                  verbs[kind] };
    const size_t count = sizeof(start) / sizeof(start[0]);

    memcpy(arguments, start, sizeof(start));
    return count;
}

static void fill_arguments(const struct supervisor *supervisor, enum task_kind kind,
                           const char **arguments)
{
    size_t n = begin_arguments(supervisor, kind, arguments);

    if (kind == TASK_RUN) {
        arguments[n++] = "--detach";
        arguments[n++] = "--bundle";
        arguments[n++] = supervisor->path;
        arguments[n++] = "--pid-file";
        arguments[n++] = PID_FILE;
    }
    if (kind == TASK_DELETE)
        arguments[n++] = "--force";
    arguments[n++] = supervisor->id;
    if (kind == TASK_KILL)
        arguments[n++] = "KILL";
    arguments[n] = NULL;
}

bool tasks_run(struct supervisor *supervisor, enum task_kind kind)
{
    const char *arguments[16];
    struct task *task = task_new(kind);

    if (!task)
        return false;
    fill_arguments(supervisor, kind, arguments);
    int null = open_null();
    struct descriptors descriptors = { null, null, null, task->log, -1 };
    bool ran = task_start(supervisor, task, (char *const *)(uintptr_t)arguments, &descriptors);
    close_fd(&null);
    if (!ran)
        task_end(supervisor, task, STATUS_NOT_RUN);
    return true;
}

/* ---- Exec ----------------------------------------------------------------------------------- */

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
                       struct descriptors *child)
{
    int ends[2];

    if (flags & WCL_PIPE_STDIN) {
        if (pipe2(ends, O_CLOEXEC) < 0)
            return false;
        child->in = ends[0];
        if (!open_input(supervisor, &process->stdin_end, ends[1], false))
            return false;
    }
    if (flags & WCL_PIPE_STDOUT && !open_output(&process->stdout_end, &child->out))
        return false;
    return !(flags & WCL_PIPE_STDERR) || open_output(&process->stderr_end, &child->err);
}

static void fill_exec_arguments(const struct supervisor *supervisor, const struct task *task,
                                char (*names)[32], const char **arguments)
{
    size_t n = begin_arguments(supervisor, TASK_EXEC, arguments);

    snprintf(names[0], sizeof(names[0]), "pid.%u", task->number);
    arguments[n++] = "--detach";
    arguments[n++] = "--process";
    arguments[n++] = DOCUMENT_PATH;
    arguments[n++] = "--pid-file";
    arguments[n++] = names[0];
    if (task->console_socket >= 0) {
        snprintf(names[1], sizeof(names[1]), "console.%u", task->number);
        arguments[n++] = "--console-socket";
        arguments[n++] = names[1];
    }
    arguments[n++] = supervisor->id;
    arguments[n] = NULL;
}

static bool start_exec(struct supervisor *supervisor, struct task *task, uint32_t flags,
                       int document)
{
    char names[2][32];
    const char *arguments[24];
    int null = open_null();
    struct descriptors child = { null, null, null, task->log, document };

    bool ready = true;
    if (flags & WCL_EXEC_CONSOLE)
        ready = (task->console_socket = open_console_socket(task->number)) >= 0;
    else
        ready = open_pipes(supervisor, task->process, flags, &child);
    if (ready) {
        fill_exec_arguments(supervisor, task, names, arguments);
        ready = task_start(supervisor, task, (char *const *)(uintptr_t)arguments, &child);
    } else {
        dprintf(task->log, "cannot make the pipes of the process: %s", strerror(errno));
    }
    if (child.in != null)
        close_fd(&child.in);
    if (child.out != null)
        close_fd(&child.out);
    if (child.err != null)
        close_fd(&child.err);
    close_fd(&null);
    return ready;
}

bool tasks_exec(struct supervisor *supervisor, struct client *client, uint32_t flags, int document)
{
    struct task *task = task_new(TASK_EXEC);

    if (!task)
        return false;
    task->client = client;
    task->flags = flags;
    task->number = ++supervisor->next_number;
    task->process = processes_new();
    if (!task->process) {
        task_free(supervisor, task);
        return false;
    }
    if (!start_exec(supervisor, task, flags, document))
        task_end(supervisor, task, STATUS_NOT_RUN);
    return true;
}

void tasks_forget_client(struct supervisor *supervisor, const struct client *client)
{
    for (struct task *task = supervisor->tasks; task; task = task->next)
        if (task->client == client)
            task->client = NULL;
}

bool tasks_child_ended(struct supervisor *supervisor, pid_t pid, int status)
{
    for (struct task **at = &supervisor->tasks; *at; at = &(*at)->next) {
        struct task *task = *at;
        if (task->pid != pid)
            continue;
        *at = task->next;
        task_end(supervisor, task, status);
        return true;
    }
    return false;
}
