/* A thread that consumes blocks. */
#include "layer/store/import/block_thread.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/thread.h"

/* At least as many as there are blocks in any pool, so that giving never waits. */
#define QUEUE_SIZE 64

struct wcl_block_thread {
    wcl_blocks_fn use;
    void *context;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    wcl_block *queue[QUEUE_SIZE];
    size_t first;
    size_t count;
    bool ended;
    bool joined;
    wcl_status status;
    wcl_error error;
};

/* The next blocks; none at the end. */
static size_t take(wcl_block_thread *thread, wcl_block *blocks[WCL_BLOCK_THREAD_MOST])
{
    size_t taken = 0;

    pthread_mutex_lock(&thread->mutex);
    while (thread->count == 0 && !thread->ended)
        pthread_cond_wait(&thread->changed, &thread->mutex);
    while (thread->count && taken < WCL_BLOCK_THREAD_MOST) {
        blocks[taken++] = thread->queue[thread->first];
        thread->first = (thread->first + 1) % QUEUE_SIZE;
        thread->count--;
    }
    if (taken)
        pthread_cond_broadcast(&thread->changed);
    pthread_mutex_unlock(&thread->mutex);
    return taken;
}

static void *block_thread_run(void *context)
{
    wcl_block_thread *thread = context;
    wcl_block *blocks[WCL_BLOCK_THREAD_MOST];
    wcl_status status = WCL_OK;
    wcl_error error = WCL_ERROR_INIT;
    size_t count;

    while ((count = take(thread, blocks))) {
        if (status == WCL_OK) {
            status = thread->use(thread->context, blocks, count, &error);
            if (status != WCL_OK) {
                pthread_mutex_lock(&thread->mutex);
                thread->status = status;
                thread->error = error;
                pthread_mutex_unlock(&thread->mutex);
            }
        }
        for (size_t i = 0; i < count; i++)
            wcl_block_unref(blocks[i]);
    }
    return NULL;
}

wcl_status wcl_block_thread_start(wcl_blocks_fn use, void *context, wcl_block_thread **thread,
                                  wcl_error *error)
{
    wcl_block_thread *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    made->use = use;
    made->context = context;
    pthread_mutex_init(&made->mutex, NULL);
    pthread_cond_init(&made->changed, NULL);
    if (wcl_thread_start(&made->thread, block_thread_run, made, error) != WCL_OK) {
        made->joined = true;
        wcl_block_thread_free(made);
        return WCL_FAILED;
    }
    *thread = made;
    return WCL_OK;
}

/* The thread's failure. Its mutex is held. */
static wcl_status tell_failure(const wcl_block_thread *thread, wcl_error *error)
{
    if (thread->status != WCL_OK)
        wcl_error_pass(error, &thread->error);
    return thread->status;
}

wcl_status wcl_block_thread_give(wcl_block_thread *thread, wcl_block *block, wcl_error *error)
{
    pthread_mutex_lock(&thread->mutex);
    while (thread->count == QUEUE_SIZE)
        pthread_cond_wait(&thread->changed, &thread->mutex);
    wcl_status status = tell_failure(thread, error);
    if (status == WCL_OK) {
        thread->queue[(thread->first + thread->count) % QUEUE_SIZE] = wcl_block_ref(block);
        thread->count++;
        pthread_cond_broadcast(&thread->changed);
    }
    pthread_mutex_unlock(&thread->mutex);
    return status;
}

static void join(wcl_block_thread *thread)
{
    if (thread->joined)
        return;
    pthread_mutex_lock(&thread->mutex);
    thread->ended = true;
    pthread_cond_broadcast(&thread->changed);
    pthread_mutex_unlock(&thread->mutex);
    pthread_join(thread->thread, NULL);
    thread->joined = true;
}

wcl_status wcl_block_thread_finish(wcl_block_thread *thread, wcl_error *error)
{
    join(thread);
    return tell_failure(thread, error);
}

void wcl_block_thread_free(wcl_block_thread *thread)
{
    if (!thread)
        return;
    join(thread);
    pthread_mutex_destroy(&thread->mutex);
    pthread_cond_destroy(&thread->changed);
    free(thread);
}
