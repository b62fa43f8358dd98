/* The thread that gives back what an engine will not ask to give back. */
#include <time.h>

#include "base/thread.h"
#include "mounts/mounts.h"

/* Seconds between two looks: short at first, because most of what is lost was lost at the kill. */
#define SHORTEST 2
#define LONGEST 64

/* False when it is to stop. */
static bool wait(wcl_keeper *keeper, unsigned seconds)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += seconds;
    pthread_mutex_lock(&keeper->mutex);
    while (!keeper->stop && pthread_cond_timedwait(&keeper->changed, &keeper->mutex, &until) == 0) {
    }
    bool stop = keeper->stop;
    pthread_mutex_unlock(&keeper->mutex);
    return !stop;
}

static void *keeper_run(void *context)
{
    wcl_keeper *keeper = context;
    unsigned seconds = SHORTEST, looks = 0;

    while (wait(keeper, seconds) && keeper->look(keeper->context) > 0)
        if (++looks > 8 && seconds < LONGEST)
            seconds *= 2;
    return NULL;
}

wcl_status wcl_keeper_start(wcl_keeper *keeper, size_t (*look)(void *context), void *context,
                            wcl_error *error)
{
    pthread_condattr_t attributes;

    keeper->look = look;
    keeper->context = context;
    pthread_mutex_init(&keeper->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&keeper->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    keeper->is_started = wcl_thread_start(&keeper->thread, keeper_run, keeper, error) == WCL_OK;
    return keeper->is_started ? WCL_OK : WCL_FAILED;
}

void wcl_keeper_stop(wcl_keeper *keeper)
{
    if (!keeper->is_started)
        return;
    pthread_mutex_lock(&keeper->mutex);
    keeper->stop = true;
    pthread_cond_signal(&keeper->changed);
    pthread_mutex_unlock(&keeper->mutex);
    pthread_join(keeper->thread, NULL);
    pthread_cond_destroy(&keeper->changed);
    pthread_mutex_destroy(&keeper->mutex);
    keeper->is_started = false;
}
