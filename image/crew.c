/* A crew: several layers on their way at a time. */
#include "image/crew.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/hooks.h"
#include "base/thread.h"

/* Nanoseconds between two reports. */
#define REPORT_EVERY 100000000
#define PARALLEL_DEFAULT 3

/* ---- What layers' own work asks ------------------------------------------------------------- */

static bool on_progress(void *context, const wcl_progress *progress)
{
    const wcl_crew *crew = context;

    (void)progress;
    return atomic_load(&crew->stop);
}

/* Keeps a message for the thread that the caller's log belongs to. */
static void on_log(void *context, wcl_log_level level, const char *message)
{
    wcl_crew *crew = context;

    pthread_mutex_lock(&crew->mutex);
    if (wcl_buffer_append_byte(&crew->log, (uint8_t)level, NULL) == WCL_OK)
        wcl_buffer_append(&crew->log, message, strlen(message) + 1, NULL);
    pthread_mutex_unlock(&crew->mutex);
}

/* ---- A job's side --------------------------------------------------------------------------- */

wcl_status wcl_job_check(const wcl_job *job, wcl_error *error)
{
    return atomic_load(&job->crew->stop) ? wcl_fail(error, WCL_CODE_CANCELLED, "cancelled")
                                         : WCL_OK;
}

wcl_status wcl_job_await_turn(wcl_job *job, wcl_error *error)
{
    wcl_crew *crew = job->crew;

    pthread_mutex_lock(&crew->mutex);
    job->is_resting = true;
    pthread_cond_broadcast(&crew->changed);
    while (job->number > 0 && !crew->jobs[job->number - 1].is_placed && !atomic_load(&crew->stop))
        pthread_cond_wait(&crew->changed, &crew->mutex);
    pthread_mutex_unlock(&crew->mutex);
    return wcl_job_check(job, error);
}

void wcl_job_place(wcl_job *job)
{
    wcl_crew *crew = job->crew;

    pthread_mutex_lock(&crew->mutex);
    job->is_placed = true;
    pthread_cond_broadcast(&crew->changed);
    pthread_mutex_unlock(&crew->mutex);
}

static void fail_crew(wcl_crew *crew, const wcl_error *error)
{
    if (crew->status == WCL_OK) {
        crew->status = WCL_FAILED;
        crew->error = *error;
    }
    atomic_store(&crew->stop, true);
    pthread_cond_broadcast(&crew->changed);
}

static void *run_job(void *context)
{
    wcl_job *job = context;
    wcl_crew *crew = job->crew;
    wcl_error error = WCL_ERROR_INIT;

    wcl_status status = crew->run(crew->context, job, &error);
    pthread_mutex_lock(&crew->mutex);
    if (status != WCL_OK)
        fail_crew(crew, &error);
    job->is_finished = true;
    pthread_cond_broadcast(&crew->changed);
    pthread_mutex_unlock(&crew->mutex);
    return NULL;
}

/* ---- The caller's side ---------------------------------------------------------------------- */

static void deliver_log(wcl_crew *crew)
{
    const wcl_hooks *hooks = crew->driver->hooks;
    wcl_buffer log;

    pthread_mutex_lock(&crew->mutex);
    log = crew->log;
    crew->log = (wcl_buffer)WCL_BUFFER_INIT;
    pthread_mutex_unlock(&crew->mutex);
    for (size_t at = 0; at < log.size;) {
        const char *message = (const char *)log.data + at + 1;
        wcl_hooks_log(hooks, (wcl_log_level)log.data[at], message);
        at += 2 + strlen(message);
    }
    wcl_buffer_free(&log);
}

static void report_layers(const wcl_crew *crew)
{
    wcl_transfer *transfers;

    if (!crew->options || !crew->options->layers)
        return;
    transfers = calloc(crew->count + 1, sizeof(*transfers));
    if (!transfers)
        return;
    for (size_t i = 0; i < crew->count; i++)
        transfers[i] = (wcl_transfer) { .digest = crew->jobs[i].digest,
                                        .state = atomic_load(&crew->jobs[i].state),
                                        .done = atomic_load(&crew->jobs[i].done),
                                        .total = crew->jobs[i].total };
    crew->options->layers(crew->options->context, transfers, crew->count);
    free(transfers);
}

/* Tells the caller how far it is; false when the caller wants no more. */
static bool crew_report(wcl_crew *crew)
{
    wcl_progress progress = { .operation = crew->operation };

    deliver_log(crew);
    report_layers(crew);
    for (size_t i = 0; i < crew->count; i++) {
        wcl_transfer_state state = atomic_load(&crew->jobs[i].state);
        progress.done += atomic_load(&crew->jobs[i].done);
        progress.total += crew->jobs[i].total;
        progress.entries += state == WCL_TRANSFER_DONE || state == WCL_TRANSFER_PRESENT;
    }
    return !wcl_hooks_is_cancelled(crew->driver->hooks, &progress);
}

/* Starts what may be started; false when all is finished. The mutex is held. */
static bool start_jobs(wcl_crew *crew)
{
    unsigned running = 0;
    bool left = false;

    for (size_t i = 0; i < crew->count; i++)
        running +=
            crew->jobs[i].is_started && !crew->jobs[i].is_finished && !crew->jobs[i].is_resting;
    for (size_t i = 0; i < crew->count; i++) {
        wcl_job *job = &crew->jobs[i];
        if (!job->is_started && running < crew->parallel && !atomic_load(&crew->stop)) {
            wcl_error error = WCL_ERROR_INIT;
            job->is_started = wcl_thread_start(&job->thread, run_job, job, &error) == WCL_OK;
            if (!job->is_started)
                fail_crew(crew, &error);
            running++;
        }
        left = left || (job->is_started ? !job->is_finished : !atomic_load(&crew->stop));
    }
    return left;
}

static void wait_a_while(wcl_crew *crew)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += REPORT_EVERY;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_cond_timedwait(&crew->changed, &crew->mutex, &until);
}

static void supervise(wcl_crew *crew)
{
    struct timespec now, last = { 0, 0 };

    pthread_mutex_lock(&crew->mutex);
    while (start_jobs(crew)) {
        wait_a_while(crew);
        clock_gettime(CLOCK_MONOTONIC, &now);
        if ((now.tv_sec - last.tv_sec) * 1000000000L + now.tv_nsec - last.tv_nsec < REPORT_EVERY)
            continue;
        last = now;
        pthread_mutex_unlock(&crew->mutex);
        bool go_on = crew_report(crew);
        pthread_mutex_lock(&crew->mutex);
        if (!go_on) {
            wcl_error error = WCL_ERROR_INIT;
            wcl_fail(&error, WCL_CODE_CANCELLED, "cancelled");
            fail_crew(crew, &error);
        }
    }
    pthread_mutex_unlock(&crew->mutex);
}

static unsigned parallel_of(const wcl_crew *crew)
{
    unsigned wanted = crew->options ? crew->options->parallel : 0;

    if (crew->parallel && (!wanted || crew->parallel < wanted))
        return crew->parallel;
    return wanted ? wanted : PARALLEL_DEFAULT;
}

static wcl_status prepare(wcl_crew *crew, wcl_error *error)
{
    pthread_condattr_t attributes;

    crew->jobs = calloc(crew->count + 1, sizeof(*crew->jobs));
    if (!crew->jobs)
        return wcl_fail_memory(error);
    for (size_t i = 0; i < crew->count; i++) {
        const wcl_descriptor *blob = crew->blob(crew->context, i);
        crew->jobs[i].crew = crew;
        crew->jobs[i].number = i;
        crew->jobs[i].digest = blob->digest;
        crew->jobs[i].total = blob->size;
    }
    crew->hooks = (wcl_hooks) {
        .struct_size = sizeof(wcl_hooks), .context = crew, .log = on_log, .progress = on_progress
    };
    crew->layers_driver = *crew->driver;
    crew->layers_driver.hooks = &crew->hooks;
    crew->log = (wcl_buffer)WCL_BUFFER_INIT;
    crew->status = WCL_OK;
    crew->parallel = parallel_of(crew);
    atomic_init(&crew->stop, false);
    *crew->peer_stop = &crew->stop;
    pthread_mutex_init(&crew->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&crew->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    return WCL_OK;
}

static void crew_clear(wcl_crew *crew)
{
    *crew->peer_stop = NULL;
    pthread_cond_destroy(&crew->changed);
    pthread_mutex_destroy(&crew->mutex);
    wcl_buffer_free(&crew->log);
    free(crew->jobs);
}

wcl_status wcl_crew_run(wcl_crew *crew, wcl_error *error)
{
    if (prepare(crew, error) != WCL_OK)
        return WCL_FAILED;
    supervise(crew);
    for (size_t i = 0; i < crew->count; i++)
        if (crew->jobs[i].is_started)
            pthread_join(crew->jobs[i].thread, NULL);
    bool go_on = crew_report(crew);
    wcl_status status = crew->status;
    if (status != WCL_OK && error)
        *error = crew->error;
    else if (!go_on)
        status = wcl_fail(error, WCL_CODE_CANCELLED, "cancelled");
    crew_clear(crew);
    return status;
}
