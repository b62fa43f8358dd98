/* The thread that works behind, and its queue. */
#include "layer/store/home/behind.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "base/thread.h"

/* Jobs that wait; whoever brings more does them himself, so that they do not become ever more. */
#define JOBS_MAX 64

typedef struct job {
    struct job *next;
    int fd;         /* closed at the end */
    int staging;    /* or -1: nothing is to be removed */
    char name[192]; /* in it, or the sandbox whose mount it was */
} job;

/* One for the process. */
static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    pthread_t thread;
    unsigned users;
    unsigned count;
    bool stop;
    const job *current;
    job *first, **last;
} behind = { .mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static void do_job(job *job)
{
    if (job->staging >= 0) {
        /* What cannot be removed is left to the next clean-up. */
        wcl_beneath_remove_tree(job->staging, job->name, NULL);
        close(job->staging);
    }
    close(job->fd);
}

static void *behind_run(void *context)
{
    (void)context;
    pthread_mutex_lock(&behind.mutex);
    while (behind.first || !behind.stop) {
        job *job = behind.first;
        if (!job) {
            pthread_cond_wait(&behind.changed, &behind.mutex);
            continue;
        }
        behind.first = job->next;
        if (!behind.first)
            behind.last = &behind.first;
        behind.count--;
        behind.current = job;
        pthread_mutex_unlock(&behind.mutex);
        do_job(job);
        pthread_mutex_lock(&behind.mutex);
        behind.current = NULL;
        free(job);
        pthread_cond_broadcast(&behind.changed);
    }
    pthread_mutex_unlock(&behind.mutex);
    return NULL;
}

wcl_status wcl_behind_start(wcl_error *error)
{
    wcl_status status = WCL_OK;

    pthread_mutex_lock(&behind.mutex);
    if (behind.users == 0) {
        behind.stop = false;
        behind.first = NULL;
        behind.last = &behind.first;
        status = wcl_thread_start(&behind.thread, behind_run, NULL, error);
    }
    if (status == WCL_OK)
        behind.users++;
    pthread_mutex_unlock(&behind.mutex);
    return status;
}

void wcl_behind_stop(void)
{
    pthread_mutex_lock(&behind.mutex);
    bool last = --behind.users == 0;
    pthread_t thread = behind.thread;
    behind.stop = last;
    pthread_cond_broadcast(&behind.changed);
    pthread_mutex_unlock(&behind.mutex);
    if (last)
        pthread_join(thread, NULL);
}

bool wcl_behind_is_running(void)
{
    pthread_mutex_lock(&behind.mutex);
    bool running = behind.users > 0;
    pthread_mutex_unlock(&behind.mutex);
    return running;
}

/* Takes the job over where there is room. */
static bool enqueue(job *job)
{
    pthread_mutex_lock(&behind.mutex);
    bool taken = behind.users > 0 && behind.count < JOBS_MAX;
    if (taken) {
        *behind.last = job;
        behind.last = &job->next;
        behind.count++;
        pthread_cond_broadcast(&behind.changed);
    }
    pthread_mutex_unlock(&behind.mutex);
    return taken;
}

static job *new_job(int fd, int staging, const char *name)
{
    job *made = calloc(1, sizeof(*made));

    if (made) {
        made->fd = fd;
        made->staging = staging;
        snprintf(made->name, sizeof(made->name), "%s", name);
    }
    return made;
}

void wcl_behind_close(const char *id, int fd)
{
    job *job = new_job(fd, -1, id);

    if (!job || !enqueue(job)) {
        free(job);
        close(fd);
    }
}

static bool is_closing(const job *job, const char *id)
{
    return job && job->staging < 0 && strcmp(job->name, id) == 0;
}

static bool is_waiting(const char *id)
{
    bool found = is_closing(behind.current, id);

    for (const job *at = behind.users ? behind.first : NULL; at && !found; at = at->next)
        found = is_closing(at, id);
    return found;
}

void wcl_behind_wait_closed(const char *id)
{
    pthread_mutex_lock(&behind.mutex);
    while (is_waiting(id))
        pthread_cond_wait(&behind.changed, &behind.mutex);
    pthread_mutex_unlock(&behind.mutex);
}

bool wcl_behind_remove(const wcl_store *store, const char *name, int lock)
{
    int staging = fcntl(store->staging_fd, F_DUPFD_CLOEXEC, 0);
    job *job = staging >= 0 ? new_job(lock, staging, name) : NULL;

    if (job && enqueue(job))
        return true;
    free(job);
    if (staging >= 0)
        close(staging);
    return false;
}
