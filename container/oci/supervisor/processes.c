/* Records of the container's processes: who they are, how they ended, and their pipes. */
#include "container/oci/supervisor/supervisor.h"
#include "container/notification.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* How many processes that have ended are remembered for those who open them later. */
#define REMEMBERED 128

struct process *processes_new(void)
{
    struct process *process = calloc(1, sizeof(*process));

    if (process) {
        process->pidfd = -1;
        process->stdin_end = -1;
        process->stdout_end = -1;
        process->stderr_end = -1;
        process->console = -1;
    }
    return process;
}

void processes_free(struct supervisor *supervisor, struct process *process)
{
    if (process->pidfd >= 0)
        loop_remove(supervisor, process->pidfd);
    close_fd(&process->pidfd);
    close_fd(&process->stdin_end);
    close_fd(&process->stdout_end);
    close_fd(&process->stderr_end);
    close_fd(&process->console);
    free(process);
}

struct process *processes_by_pid(struct supervisor *supervisor, pid_t pid)
{
    struct process *process = supervisor->processes;

    while (process && process->pid != pid)
        process = process->next;
    return process;
}

struct process *processes_by_serial(struct supervisor *supervisor, uint64_t serial)
{
    struct process *process = supervisor->processes;

    while (process && process->serial != serial)
        process = process->next;
    return process;
}

void processes_describe(const struct process *process, wcl_reply *reply)
{
    reply->pid = process->pid;
    reply->serial = process->serial;
    reply->exited = process->exited;
    reply->exit_code = process->exit_code;
    reply->wait_error = process->wait_error;
}

/* Forgets the one that ended first, when there are many. */
static void forget_oldest(struct supervisor *supervisor)
{
    struct process **oldest = NULL;
    unsigned count = 0;

    for (struct process **at = &supervisor->processes; *at; at = &(*at)->next) {
        if (!(*at)->exited)
            continue;
        count++;
        if (!oldest || (*at)->ended < (*oldest)->ended)
            oldest = at;
    }
    if (count <= REMEMBERED)
        return;
    struct process *process = *oldest;
    *oldest = process->next;
    processes_free(supervisor, process);
}

static void note_end(struct supervisor *supervisor, struct process *process, int32_t exit_code,
                     uint32_t wait_error)
{
    process->exited = true;
    process->ended = ++supervisor->ends;
    process->exit_code = exit_code;
    process->wait_error = wait_error;
}

static void process_ended(struct supervisor *supervisor, struct process *process, int32_t exit_code,
                          uint32_t wait_error)
{
    wcl_reply event = { .event = WCL_NOTIFY_PROCESS_EXITED };

    note_end(supervisor, process, exit_code, wait_error);
    processes_describe(process, &event);
    clients_notify(supervisor, &event);
    if (process->done)
        process->done(supervisor);
    forget_oldest(supervisor);
}

static int32_t code_of_status(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool processes_take_orphan(struct supervisor *supervisor, pid_t pid, int *status)
{
    for (struct orphan **at = &supervisor->orphans; *at; at = &(*at)->next) {
        struct orphan *orphan = *at;
        if (orphan->pid != pid)
            continue;
        *status = orphan->status;
        *at = orphan->next;
        free(orphan);
        return true;
    }
    return false;
}

void processes_drop_orphans(struct supervisor *supervisor)
{
    while (supervisor->orphans) {
        struct orphan *orphan = supervisor->orphans;
        supervisor->orphans = orphan->next;
        free(orphan);
    }
}

/* A pid that is used again no longer names the process that had it. */
static void forget_pid(struct supervisor *supervisor, pid_t pid)
{
    for (struct process **at = &supervisor->processes; *at;) {
        struct process *process = *at;
        if (process->pid != pid || !process->exited) {
            at = &process->next;
            continue;
        }
        *at = process->next;
        processes_free(supervisor, process);
    }
}

static void adopted_ended(struct supervisor *supervisor, struct source *source, uint32_t events)
{
    struct process *process = (struct process *)source;

    (void)events;
    loop_remove(supervisor, process->pidfd);
    close_fd(&process->pidfd);
    process_ended(supervisor, process, 0, WCL_CODE_UNEXPECTED_VALUE);
}

/* Watches a process that is not a child; false when there is none of that pid. */
static bool watch(struct supervisor *supervisor, struct process *process, pid_t pid)
{
    process->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    process->pidfd_source.ready = adopted_ended;
    if (process->pidfd >= 0 &&
        loop_add(supervisor, process->pidfd, EPOLLIN, &process->pidfd_source))
        return true;
    close_fd(&process->pidfd);
    return false;
}

static void processes_add(struct supervisor *supervisor, struct process *process, pid_t pid)
{
    forget_pid(supervisor, pid);
    process->pid = pid;
    process->serial = ++supervisor->next_serial;
    process->next = supervisor->processes;
    supervisor->processes = process;
}

/* A process that a runtime has started should be a child by now. One that is not is watched, and
 * only what it exits with stays unknown. */
void processes_register(struct supervisor *supervisor, struct process *process, pid_t pid)
{
    siginfo_t info;
    int status;

    processes_add(supervisor, process, pid);
    if (processes_take_orphan(supervisor, pid, &status)) {
        note_end(supervisor, process, code_of_status(status), 0);
    } else if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 &&
               !watch(supervisor, process, pid)) {
        note_end(supervisor, process, 0, WCL_CODE_UNEXPECTED_VALUE);
    }
}

void processes_child_ended(struct supervisor *supervisor, pid_t pid, int status)
{
    struct process *process = processes_by_pid(supervisor, pid);

    if (process && !process->exited) {
        process_ended(supervisor, process, code_of_status(status), 0);
        return;
    }
    struct orphan *orphan = malloc(sizeof(*orphan));
    if (!orphan)
        return;
    *orphan = (struct orphan) { supervisor->orphans, pid, status };
    supervisor->orphans = orphan;
}

struct process *processes_adopt(struct supervisor *supervisor, pid_t pid)
{
    struct process *process = processes_new();

    if (!process)
        return NULL;
    if (!watch(supervisor, process, pid)) {
        processes_free(supervisor, process);
        return NULL;
    }
    processes_add(supervisor, process, pid);
    return process;
}
