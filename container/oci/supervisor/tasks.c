/* Commands of the OCI runtime, run as children while the loop goes on. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "container/oci/supervisor/supervisor.h"
#include "platform/linux/spawn.h"

#define LOG_PATH "/proc/self/fd/3"

struct task *tasks_new(enum task_kind kind, task_done done)
{
    struct task *task = calloc(1, sizeof(*task));

    if (!task)
        return NULL;
    task->kind = kind;
    task->done = done;
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

void tasks_end(struct supervisor *supervisor, struct task *task, int status)
{
    if (task->done)
        task->done(supervisor, task, status);
    task_free(supervisor, task);
}

void tasks_start(struct supervisor *supervisor, struct task *task, const char *const *arguments,
                 const char *signal, const int fds[3], int document)
{
    static const char *const verbs[] = { "run", "pause", "resume", "exec", "kill", "delete" };
    const char *all[24] = {
        supervisor->runtime, "--root", supervisor->runtime_root, "--log", LOG_PATH,
        "--log-format",      "json",   verbs[task->kind]
    };
    const wcl_spawn spawn = { .arguments = all,
                              .fds = { fds[0], fds[1], fds[2], task->log, document } };
    size_t count = 8;

    while (*arguments)
        all[count++] = *arguments++;
    all[count++] = supervisor->id;
    all[count++] = signal;
    int failed = wcl_spawn_start(&spawn, &task->pid);
    if (failed) {
        dprintf(task->log, "cannot run the OCI runtime '%s': %s", supervisor->runtime,
                strerror(failed));
        tasks_end(supervisor, task, TASK_NOT_RUN);
        return;
    }
    task->next = supervisor->tasks;
    supervisor->tasks = task;
}

bool tasks_child_ended(struct supervisor *supervisor, pid_t pid, int status)
{
    for (struct task **at = &supervisor->tasks; *at; at = &(*at)->next) {
        struct task *task = *at;
        if (task->pid != pid)
            continue;
        *at = task->next;
        tasks_end(supervisor, task, status);
        return true;
    }
    return false;
}
