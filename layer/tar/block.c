/* The pool of shared blocks. */
#include "layer/tar/block.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/error.h"

struct wcl_block_pool {
    pthread_mutex_t mutex;
    pthread_cond_t returned; /* a block came back, or the pool was cancelled */
    wcl_block *free_blocks;  /* the one used last first: it may still be in the cache */
    size_t made;
    size_t count;
    size_t capacity;
    bool cancelled;
};

wcl_status wcl_block_pool_new(size_t count, size_t capacity, wcl_block_pool **pool,
                              wcl_error *error)
{
    wcl_block_pool *made = calloc(1, sizeof(*made));
    if (!made)
        return wcl_fail_memory(error);
    pthread_mutex_init(&made->mutex, NULL);
    pthread_cond_init(&made->returned, NULL);
    made->count = count;
    made->capacity = capacity;
    *pool = made;
    return WCL_OK;
}

static wcl_block *make_block(wcl_block_pool *pool)
{
    wcl_block *block = calloc(1, sizeof(*block));
    if (!block)
        return NULL;
    block->storage = malloc(pool->capacity + WCL_BLOCK_ALIGNMENT);
    if (!block->storage) {
        free(block);
        return NULL;
    }
    block->data =
        block->storage + (WCL_BLOCK_ALIGNMENT - (uintptr_t)block->storage % WCL_BLOCK_ALIGNMENT);
    block->pool = pool;
    pool->made++;
    return block;
}

wcl_block *wcl_block_get(wcl_block_pool *pool)
{
    wcl_block *block = NULL;

    pthread_mutex_lock(&pool->mutex);
    while (!pool->cancelled && !pool->free_blocks && pool->made == pool->count)
        pthread_cond_wait(&pool->returned, &pool->mutex);
    if (!pool->cancelled) {
        block = pool->free_blocks;
        if (block)
            pool->free_blocks = block->next_free;
        else
            block = make_block(pool);
    }
    pthread_mutex_unlock(&pool->mutex);
    if (block) {
        block->size = 0;
        block->offset = 0;
        block->next_free = NULL;
        __atomic_store_n(&block->references, 1, __ATOMIC_RELAXED);
    }
    return block;
}

wcl_block *wcl_block_ref(wcl_block *block)
{
    __atomic_add_fetch(&block->references, 1, __ATOMIC_RELAXED);
    return block;
}

void wcl_block_unref(wcl_block *block)
{
    if (!block || __atomic_sub_fetch(&block->references, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    wcl_block_pool *pool = block->pool;
    pthread_mutex_lock(&pool->mutex);
    block->next_free = pool->free_blocks;
    pool->free_blocks = block;
    pthread_cond_signal(&pool->returned);
    pthread_mutex_unlock(&pool->mutex);
}

void wcl_block_pool_cancel(wcl_block_pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    pool->cancelled = true;
    pthread_cond_broadcast(&pool->returned);
    pthread_mutex_unlock(&pool->mutex);
}

void wcl_block_pool_free(wcl_block_pool *pool)
{
    if (!pool)
        return;
    while (pool->free_blocks) {
        wcl_block *block = pool->free_blocks;
        pool->free_blocks = block->next_free;
        free(block->storage);
        free(block);
    }
    pthread_cond_destroy(&pool->returned);
    pthread_mutex_destroy(&pool->mutex);
    free(pool);
}
