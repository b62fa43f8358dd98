/* Hashing on a thread of its own. */
#include "layer/store/hasher.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/error.h"
#include "layer/tar/worker.h"

/* At least as many as there are blocks in any pool, so that giving never waits. */
#define QUEUE_SIZE 64

struct wcl_hasher {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    wcl_block *queue[QUEUE_SIZE];
    size_t first;
    size_t count;
    bool ended;
    bool joined;
    wcl_sha256 *sha256;
    wcl_status status;
    wcl_error error;
};

/* The next block, or NULL at the end. */
static wcl_block *take(wcl_hasher *hasher)
{
    wcl_block *block = NULL;

    pthread_mutex_lock(&hasher->mutex);
    while (hasher->count == 0 && !hasher->ended)
        pthread_cond_wait(&hasher->changed, &hasher->mutex);
    if (hasher->count) {
        block = hasher->queue[hasher->first];
        hasher->first = (hasher->first + 1) % QUEUE_SIZE;
        hasher->count--;
        pthread_cond_broadcast(&hasher->changed);
    }
    pthread_mutex_unlock(&hasher->mutex);
    return block;
}

static void *run(void *context)
{
    wcl_hasher *hasher = context;
    wcl_block *block;

    while ((block = take(hasher))) {
        if (hasher->status == WCL_OK)
            hasher->status =
                wcl_sha256_update(hasher->sha256, block->data, block->size, &hasher->error);
        wcl_block_unref(block);
    }
    return NULL;
}

wcl_status wcl_hasher_start(wcl_hasher **hasher, wcl_error *error)
{
    wcl_hasher *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    pthread_mutex_init(&made->mutex, NULL);
    pthread_cond_init(&made->changed, NULL);
    made->joined = true;
    if (wcl_sha256_new(&made->sha256, error) != WCL_OK ||
        wcl_worker_start(&made->thread, run, made, error) != WCL_OK) {
        wcl_hasher_free(made);
        return WCL_FAILED;
    }
    made->joined = false;
    *hasher = made;
    return WCL_OK;
}

void wcl_hasher_give(wcl_hasher *hasher, wcl_block *block)
{
    pthread_mutex_lock(&hasher->mutex);
    while (hasher->count == QUEUE_SIZE)
        pthread_cond_wait(&hasher->changed, &hasher->mutex);
    hasher->queue[(hasher->first + hasher->count) % QUEUE_SIZE] = wcl_block_ref(block);
    hasher->count++;
    pthread_cond_broadcast(&hasher->changed);
    pthread_mutex_unlock(&hasher->mutex);
}

static void join(wcl_hasher *hasher)
{
    if (hasher->joined)
        return;
    pthread_mutex_lock(&hasher->mutex);
    hasher->ended = true;
    pthread_cond_broadcast(&hasher->changed);
    pthread_mutex_unlock(&hasher->mutex);
    pthread_join(hasher->thread, NULL);
    hasher->joined = true;
}

wcl_status wcl_hasher_finish(wcl_hasher *hasher, uint8_t digest[WCL_SHA256_SIZE], wcl_error *error)
{
    join(hasher);
    if (hasher->status != WCL_OK) {
        if (error)
            *error = hasher->error;
        return WCL_FAILED;
    }
    return wcl_sha256_finish(hasher->sha256, digest, error);
}

void wcl_hasher_free(wcl_hasher *hasher)
{
    if (!hasher)
        return;
    join(hasher);
    wcl_sha256_free(hasher->sha256);
    pthread_mutex_destroy(&hasher->mutex);
    pthread_cond_destroy(&hasher->changed);
    free(hasher);
}
