/* The pool of shared blocks. */
#include "compress/block.h"

#include <pthread.h>
#include <stdlib.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

#include "base/error.h"

#define HUGE_PAGE ((size_t)2 * 1024 * 1024)

/* Who waits is woken when this share of the blocks is free again: not for each one. */
#define WAKE_SHARE 4

/* Bytes behind each block that AddressSanitizer watches. */
#ifndef __has_feature
#define __has_feature(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#define GUARD WCL_BLOCK_ALIGNMENT
#else
#define GUARD 0u
#define ASAN_POISON_MEMORY_REGION(address, size) ((void)0)
#endif

struct wcl_block_pool {
    pthread_mutex_t mutex;
    pthread_cond_t returned; /* a block came back, or the pool was cancelled */
    wcl_block *free_blocks;  /* the one used last first: it may still be in the cache */
    wcl_block *blocks;
    size_t made;
    size_t free_count;
    size_t count;
    size_t capacity;
    uint8_t *memory;  /* of all blocks */
    uint8_t *storage; /* what it is aligned in */
    bool cancelled;
};

/*
 * All blocks in one piece of huge pages, where there are such: every byte of a layer goes through
 * here several times, and the kernel pins them page by page for what is written directly.
 */
static bool make_memory(wcl_block_pool *pool)
{
    size_t size = pool->count * (pool->capacity + GUARD);

    pool->blocks = calloc(pool->count, sizeof(*pool->blocks));
    pool->storage = malloc(size + HUGE_PAGE);
    if (!pool->blocks || !pool->storage)
        return false;
    pool->memory = pool->storage + (HUGE_PAGE - (uintptr_t)pool->storage % HUGE_PAGE);
#ifdef MADV_HUGEPAGE
    madvise(pool->memory, size / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
#endif
    return true;
}

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
    if (!make_memory(made)) {
        wcl_block_pool_free(made);
        return wcl_fail_memory(error);
    }
    *pool = made;
    return WCL_OK;
}

/* The next of the blocks that were never used. */
static wcl_block *make_block(wcl_block_pool *pool)
{
    wcl_block *block = &pool->blocks[pool->made];

    block->data = pool->memory + pool->made * (pool->capacity + GUARD);
    ASAN_POISON_MEMORY_REGION(block->data + pool->capacity, GUARD);
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
        if (block) {
            pool->free_blocks = block->next_free;
            pool->free_count--;
        } else {
            block = make_block(pool);
        }
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
    pool->free_count++;
    if (pool->free_count >= pool->count / WAKE_SHARE)
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
    free(pool->storage);
    free(pool->blocks);
    pthread_cond_destroy(&pool->returned);
    pthread_mutex_destroy(&pool->mutex);
    free(pool);
}
