/* The thread that makes chains ahead. */
#include "snapshotter/ahead.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/heap.h"
#include "base/thread.h"
#include "layer/internal.h"

void wcl_ahead_init(wcl_ahead *ahead, const wcl_driver *layers)
{
    *ahead = (wcl_ahead) { .layers = layers };
    pthread_mutex_init(&ahead->mutex, NULL);
    pthread_cond_init(&ahead->changed, NULL);
}

static bool ahead_is_given_up(void *context, const wcl_progress *progress)
{
    (void)progress;
    return atomic_load(&((wcl_ahead *)context)->is_given_up);
}

static void make_chain(wcl_ahead *ahead)
{
    const wcl_hooks hooks = { .struct_size = sizeof(hooks),
                              .context = ahead,
                              .progress = ahead_is_given_up };
    WCL_CLEANUP_STORE wcl_store store = WCL_STORE_INIT;
    WCL_CLEANUP_STORE_LAYER wcl_store_layer layer = WCL_STORE_LAYER_INIT;
    wcl_driver driver = *ahead->layers;

    driver.hooks = &hooks;
    if (wcl_store_open(&driver, &store, NULL) == WCL_OK &&
        wcl_store_layer_open(&store, ahead->current, WCL_LOCK_SHARED, &layer, NULL) == WCL_OK)
        wcl_chain_ensure(&store, &layer, NULL);
}

static void *ahead_run(void *context)
{
    wcl_ahead *ahead = context;

    pthread_mutex_lock(&ahead->mutex);
    while (!ahead->stop) {
        if (!*ahead->wanted) {
            pthread_cond_wait(&ahead->changed, &ahead->mutex);
            continue;
        }
        memcpy(ahead->current, ahead->wanted, sizeof(ahead->current));
        *ahead->wanted = '\0';
        atomic_store(&ahead->is_given_up, false);
        pthread_mutex_unlock(&ahead->mutex);
        make_chain(ahead);
        wcl_heap_give_back();
        pthread_mutex_lock(&ahead->mutex);
        *ahead->current = '\0';
        pthread_cond_broadcast(&ahead->changed);
    }
    pthread_mutex_unlock(&ahead->mutex);
    return NULL;
}

wcl_status wcl_ahead_start(wcl_ahead *ahead, wcl_error *error)
{
    ahead->is_started = wcl_thread_start(&ahead->thread, ahead_run, ahead, error) == WCL_OK;
    return ahead->is_started ? WCL_OK : WCL_FAILED;
}

void wcl_ahead_destroy(wcl_ahead *ahead)
{
    if (ahead->is_started) {
        pthread_mutex_lock(&ahead->mutex);
        ahead->stop = true;
        atomic_store(&ahead->is_given_up, true);
        pthread_cond_broadcast(&ahead->changed);
        pthread_mutex_unlock(&ahead->mutex);
        pthread_join(ahead->thread, NULL);
    }
    pthread_cond_destroy(&ahead->changed);
    pthread_mutex_destroy(&ahead->mutex);
}

void wcl_ahead_want(wcl_ahead *ahead, const char *layer)
{
    pthread_mutex_lock(&ahead->mutex);
    snprintf(ahead->wanted, sizeof(ahead->wanted), "%s", layer);
    pthread_cond_broadcast(&ahead->changed);
    pthread_mutex_unlock(&ahead->mutex);
}

void wcl_ahead_wait(wcl_ahead *ahead, const char *layer)
{
    pthread_mutex_lock(&ahead->mutex);
    while (*layer && strcmp(ahead->current, layer) == 0)
        pthread_cond_wait(&ahead->changed, &ahead->mutex);
    pthread_mutex_unlock(&ahead->mutex);
}

void wcl_ahead_give_up(wcl_ahead *ahead, const char *layer)
{
    pthread_mutex_lock(&ahead->mutex);
    if (strcmp(ahead->wanted, layer) == 0)
        *ahead->wanted = '\0';
    if (strcmp(ahead->current, layer) == 0)
        atomic_store(&ahead->is_given_up, true);
    while (*layer && strcmp(ahead->current, layer) == 0)
        pthread_cond_wait(&ahead->changed, &ahead->mutex);
    pthread_mutex_unlock(&ahead->mutex);
}
