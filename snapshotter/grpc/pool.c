/* Threads that work off jobs. */
#include "snapshotter/grpc/pool.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/thread.h"

wcl_status wcl_grpc_pool_init(wcl_grpc_pool *pool, unsigned most, wcl_error *error)
{
    *pool = (wcl_grpc_pool) { .threads = calloc(most, sizeof(pthread_t)), .most = most };
    if (!pool->threads)
        return wcl_fail_memory(error);
    pool->last = &pool->first;
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->wanted, NULL);
    return WCL_OK;
}

static void *work_off(void *context)
{
    wcl_grpc_pool *pool = context;

    pthread_mutex_lock(&pool->mutex);
    for (;;) {
        while (!pool->first && !pool->is_stopping) {
            pool->idle++;
            pthread_cond_wait(&pool->wanted, &pool->mutex);
            pool->idle--;
        }
        wcl_grpc_job *job = pool->first;
        if (!job)
            break;
        pool->first = job->next;
        pool->queued--;
        if (!pool->first)
            pool->last = &pool->first;
        pthread_mutex_unlock(&pool->mutex);
        job->run(job);
        pthread_mutex_lock(&pool->mutex);
    }
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

wcl_status wcl_grpc_pool_add(wcl_grpc_pool *pool, wcl_grpc_job *job, wcl_error *error)
{
    wcl_status status = WCL_OK;

    pthread_mutex_lock(&pool->mutex);
    if (pool->queued >= pool->idle && pool->count < pool->most) {
        status = wcl_thread_start(&pool->threads[pool->count], work_off, pool, error);
        if (status == WCL_OK)
            pool->count++;
        else if (pool->count > 0)
            status = WCL_OK;
    }
    if (status == WCL_OK) {
        job->next = NULL;
        pool->queued++;
        *pool->last = job;
        pool->last = &job->next;
        pthread_cond_signal(&pool->wanted);
    }
    pthread_mutex_unlock(&pool->mutex);
    return status;
}

void wcl_grpc_pool_destroy(wcl_grpc_pool *pool)
{
    if (!pool->threads)
        return;
    pthread_mutex_lock(&pool->mutex);
    pool->is_stopping = true;
    pthread_cond_broadcast(&pool->wanted);
    pthread_mutex_unlock(&pool->mutex);
    for (unsigned i = 0; i < pool->count; i++)
        pthread_join(pool->threads[i], NULL);
    pthread_cond_destroy(&pool->wanted);
    pthread_mutex_destroy(&pool->mutex);
    free(pool->threads);
    pool->threads = NULL;
}
