/* The states of a container, from its creation to the cleaning up after it. */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "container/notification.h"
#include "container/oci/supervisor/supervisor.h"

/* Of a pause that the runtime gives up. */
#define PAUSE_ATTEMPTS 20

static void notify(struct supervisor *supervisor, uint32_t type, uint32_t code, int log)
{
    wcl_reply event = { .event = type, .code = code };

    if (code)
        reply_log(&event, log);
    clients_notify(supervisor, &event);
}

/* Runs a command that needs no more than the container's id; false when out of memory. */
static bool run(struct supervisor *supervisor, enum task_kind kind, task_done done)
{
    static const int no_fds[] = { -1, -1, -1 };
    const char *const run_arguments[] = { "--detach",   "--bundle", supervisor->path,
                                          "--pid-file", PID_FILE,   NULL };
    static const char *const delete_arguments[] = { "--force", NULL };
    static const char *const none[] = { NULL };
    struct task *task = tasks_new(kind, done);

    if (!task)
        return false;
    tasks_start(supervisor, task,
                kind == TASK_RUN      ? run_arguments
                : kind == TASK_DELETE ? delete_arguments
                                      : none,
                kind == TASK_KILL ? "KILL" : NULL, no_fds, -1);
    return true;
}

/* Everything is over: what is left of the container is told of and cleaned up. */
static void stopped(struct supervisor *supervisor)
{
    supervisor->state = WCL_STATE_STOPPED;
    notify(supervisor, WCL_NOTIFY_SYSTEM_EXITED, 0, -1);
}

static void delete_ended(struct supervisor *supervisor, struct task *task, int status)
{
    (void)task;
    (void)status;
    stopped(supervisor);
}

static void clean_up(struct supervisor *supervisor)
{
    supervisor->state = WCL_STATE_STOPPING;
    if (!run(supervisor, TASK_DELETE, delete_ended))
        stopped(supervisor);
}

void lifecycle_created(struct supervisor *supervisor)
{
    supervisor->state = WCL_STATE_CREATED;
    notify(supervisor, WCL_NOTIFY_CREATE_COMPLETED, 0, -1);
}

/* One command makes the container and starts its init, since two would take a fifth longer. */
static void run_ended(struct supervisor *supervisor, struct task *task, int status)
{
    struct timespec now;
    siginfo_t info;
    int init_status = 0;

    supervisor->init = status == 0 ? read_pid(supervisor, PID_FILE) : -1;
    if (supervisor->init < 0) {
        supervisor->state = WCL_STATE_CREATED;
        notify(supervisor, WCL_NOTIFY_START_COMPLETED, WCL_CODE_GEN_FAILURE, task->log);
        if (supervisor->terminating)
            lifecycle_terminate(supervisor);
        return;
    }
    clock_gettime(CLOCK_REALTIME, &now);
    supervisor->started = now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
    supervisor->state = WCL_STATE_RUNNING;
    notify(supervisor, WCL_NOTIFY_START_COMPLETED, 0, -1);
    /* Init may have ended before it was known which process it is; if that was not noted either, it
     * is no child any more. */
    if (processes_take_orphan(supervisor, supervisor->init, &init_status) ||
        waitid(P_PID, (id_t)supervisor->init, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
        lifecycle_init_ended(supervisor, init_status);
    else if (supervisor->terminating)
        lifecycle_terminate(supervisor);
}

static void change_ended(struct supervisor *supervisor, const struct task *task, int status,
                         uint32_t type, enum wcl_container_state success,
                         enum wcl_container_state failure)
{
    /* The container may have ended in the meantime. */
    if (supervisor->state < WCL_STATE_STOPPING)
        supervisor->state = status == 0 ? success : failure;
    notify(supervisor, type, status == 0 ? 0 : WCL_CODE_GEN_FAILURE, task->log);
}

static void resume_ended(struct supervisor *supervisor, struct task *task, int status)
{
    change_ended(supervisor, task, status, WCL_NOTIFY_RESUME_COMPLETED, WCL_STATE_RUNNING,
                 WCL_STATE_PAUSED);
}

/* The runtime gives up freezing processes that fork faster than it gets its turns on a busy
 * machine, lets all of them go on, and can be asked again. */
static void pause_ended(struct supervisor *supervisor, struct task *task, int status)
{
    char text[512];
    bool again = status != 0 && supervisor->state == WCL_STATE_PAUSING &&
                 !supervisor->terminating && ++supervisor->pauses < PAUSE_ATTEMPTS;
    ssize_t size = again ? pread(task->log, text, sizeof(text), 0) : 0;

    if (size > 0 && memmem(text, (size_t)size, "unable to freeze", 16) &&
        run(supervisor, TASK_PAUSE, pause_ended))
        return;
    supervisor->pauses = 0;
    change_ended(supervisor, task, status, WCL_NOTIFY_PAUSE_COMPLETED, WCL_STATE_PAUSED,
                 WCL_STATE_RUNNING);
}

bool lifecycle_change(struct supervisor *supervisor, enum task_kind kind)
{
    return run(supervisor, kind,
               kind == TASK_RUN     ? run_ended
               : kind == TASK_PAUSE ? pause_ended
                                    : resume_ended);
}

void lifecycle_init_ended(struct supervisor *supervisor, int status)
{
    supervisor->init_ended = true;
    supervisor->init_status = status;
    if (supervisor->terminating)
        supervisor->exit_type = WCL_EXIT_FORCED;
    else if (supervisor->shutting_down || supervisor->finished)
        supervisor->exit_type = WCL_EXIT_GRACEFUL;
    else
        supervisor->exit_type = WCL_EXIT_UNEXPECTED;
    clean_up(supervisor);
}

/* Ends init, and with it all that runs. */
static void end_init(struct supervisor *supervisor)
{
    /* A process in a frozen cgroup of version 1 does not die; the runtime thaws it. */
    if (supervisor->state == WCL_STATE_PAUSED || supervisor->state == WCL_STATE_PAUSING ||
        supervisor->state == WCL_STATE_RESUMING)
        run(supervisor, TASK_KILL, NULL);
    kill(supervisor->init, SIGKILL);
}

/* A shutdown under way waits for the other processes too. */
void lifecycle_finish(struct supervisor *supervisor)
{
    if (supervisor->init <= 0 || supervisor->init_ended || supervisor->shutting_down ||
        supervisor->terminating)
        return;
    supervisor->finished = true;
    end_init(supervisor);
}

void lifecycle_terminate(struct supervisor *supervisor)
{
    supervisor->terminating = true;
    if (supervisor->state == WCL_STATE_CREATED) {
        supervisor->exit_type = WCL_EXIT_FORCED;
        clean_up(supervisor);
        return;
    }
    /* While it is being started, the end of that is waited for. */
    if (supervisor->init > 0 && !supervisor->init_ended)
        end_init(supervisor);
}

/* ---- Shutdown ------------------------------------------------------------------------------- */

/* What names the pid namespace of a process; false when it cannot be known. */
static bool pid_namespace_of(const char *process, char *link, size_t size)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%s/ns/pid", process);
    ssize_t length = readlink(path, link, size - 1);
    if (length <= 0)
        return false;
    link[length] = '\0';
    return true;
}

static bool was_asked(const struct supervisor *supervisor, pid_t pid)
{
    for (const struct asked *asked = supervisor->asked; asked; asked = asked->next)
        if (asked->pid == pid)
            return true;
    return false;
}

static void ask_round(struct supervisor *supervisor);

static void asked_ended(struct supervisor *supervisor, struct source *source, uint32_t events)
{
    struct asked *asked = (struct asked *)source;
    struct asked **at = &supervisor->asked;

    (void)events;
    while (*at != asked)
        at = &(*at)->next;
    *at = asked->next;
    loop_remove(supervisor, asked->pidfd);
    close_fd(&asked->pidfd);
    free(asked);
    if (!supervisor->asked && !supervisor->init_ended)
        ask_round(supervisor);
}

/* Sends one process SIGTERM and waits for its end. */
static void ask(struct supervisor *supervisor, pid_t pid)
{
    struct asked *asked = calloc(1, sizeof(*asked));

    if (!asked)
        return;
    asked->source.ready = asked_ended;
    asked->pid = pid;
    asked->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (asked->pidfd < 0 || syscall(SYS_pidfd_send_signal, asked->pidfd, SIGTERM, NULL, 0) < 0 ||
        !loop_add(supervisor, asked->pidfd, EPOLLIN, &asked->source)) {
        close_fd(&asked->pidfd);
        free(asked);
        return;
    }
    asked->next = supervisor->asked;
    supervisor->asked = asked;
}

/*
 * Asks the processes of init's pid namespace. One that is this program's own is not the container's
 * alone: the host's processes are in it, which must never be signalled.
 */
static void ask_namespace(struct supervisor *supervisor)
{
    char init[16], wanted[64], own[64], found[64];

    snprintf(init, sizeof(init), "%d", (int)supervisor->init);
    if (!pid_namespace_of("self", own, sizeof(own)) ||
        !pid_namespace_of(init, wanted, sizeof(wanted)) || strcmp(own, wanted) == 0)
        return;
    DIR *proc = opendir("/proc");
    /* Those that cannot be listed end with init. */
    for (struct dirent *entry; proc && (entry = readdir(proc));) {
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
        if (pid > 0 && pid != supervisor->init && !was_asked(supervisor, pid) &&
            pid_namespace_of(entry->d_name, found, sizeof(found)) && strcmp(found, wanted) == 0)
            ask(supervisor, pid);
    }
    if (proc)
        closedir(proc);
}

/* Asks every process that was not asked yet; when init alone is left, init is told to end. */
static void ask_round(struct supervisor *supervisor)
{
    ask_namespace(supervisor);
    if (!supervisor->asked)
        kill(supervisor->init, SIGTERM);
}

void lifecycle_shutdown(struct supervisor *supervisor)
{
    supervisor->shutting_down = true;
    ask_round(supervisor);
}
