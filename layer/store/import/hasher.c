/* Hashing on a thread of its own. */
#include "layer/store/import/hasher.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "layer/store/import/block_thread.h"

/* Of the blocks for copies. */
#define COPY_SIZE (256u * 1024)
#define COPY_COUNT 8

struct wcl_hasher {
    wcl_block_thread *thread;
    wcl_sha256 *sha256;     /* of the thread, until it has ended */
    wcl_block_pool *copies; /* made when first wanted */
    wcl_block *copy;        /* not full yet */
};

static wcl_status hash(void *context, wcl_block *const *blocks, size_t count, wcl_error *error)
{
    wcl_hasher *hasher = context;

    for (size_t i = 0; i < count; i++)
        if (wcl_sha256_update(hasher->sha256, blocks[i]->data, blocks[i]->size, error) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}

wcl_status wcl_hasher_start(wcl_hasher **hasher, wcl_error *error)
{
    wcl_hasher *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    if (wcl_sha256_new(&made->sha256, error) != WCL_OK ||
        wcl_block_thread_start(hash, made, &made->thread, error) != WCL_OK) {
        wcl_hasher_free(made);
        return WCL_FAILED;
    }
    *hasher = made;
    return WCL_OK;
}

wcl_status wcl_hasher_give(wcl_hasher *hasher, wcl_block *block, wcl_error *error)
{
    return wcl_block_thread_give(hasher->thread, block, error);
}

/* Gives the thread what was copied so far. */
static wcl_status give_copy(wcl_hasher *hasher, wcl_error *error)
{
    wcl_block *copy = hasher->copy;

    if (!copy)
        return WCL_OK;
    hasher->copy = NULL;
    wcl_status status = wcl_block_thread_give(hasher->thread, copy, error);
    wcl_block_unref(copy);
    return status;
}

wcl_status wcl_hasher_update(wcl_hasher *hasher, const void *data, size_t size, wcl_error *error)
{
    const uint8_t *bytes = data;

    if (!hasher->copies &&
        wcl_block_pool_new(COPY_COUNT, COPY_SIZE, &hasher->copies, error) != WCL_OK)
        return WCL_FAILED;
    while (size > 0) {
        if (!hasher->copy && !(hasher->copy = wcl_block_get(hasher->copies)))
            return wcl_fail_memory(error);
        wcl_block *copy = hasher->copy;
        size_t part = size < COPY_SIZE - copy->size ? size : COPY_SIZE - copy->size;
        memcpy(copy->data + copy->size, bytes, part);
        copy->size += part;
        bytes += part;
        size -= part;
        if (copy->size == COPY_SIZE && give_copy(hasher, error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

wcl_status wcl_hasher_finish(wcl_hasher *hasher, uint8_t digest[WCL_SHA256_SIZE], wcl_error *error)
{
    if (give_copy(hasher, error) != WCL_OK ||
        wcl_block_thread_finish(hasher->thread, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_sha256_finish(hasher->sha256, digest, error);
}

void wcl_hasher_free(wcl_hasher *hasher)
{
    if (!hasher)
        return;
    wcl_block_unref(hasher->copy);
    wcl_block_thread_free(hasher->thread);
    wcl_block_pool_free(hasher->copies);
    wcl_sha256_free(hasher->sha256);
    free(hasher);
}
