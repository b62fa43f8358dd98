/* The pipe between the thread of a connection and the one that works on a layer. */
#include "graphdriver/server/pipe.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

wcl_status wcl_feed_init(wcl_feed *pipe, size_t capacity, wcl_error *error)
{
    *pipe = (wcl_feed) { .data = malloc(capacity), .capacity = capacity };
    if (!pipe->data)
        return wcl_fail_memory(error);
    pthread_mutex_init(&pipe->mutex, NULL);
    pthread_cond_init(&pipe->changed, NULL);
    return WCL_OK;
}

void wcl_feed_destroy(wcl_feed *pipe)
{
    if (!pipe->data)
        return;
    pthread_mutex_destroy(&pipe->mutex);
    pthread_cond_destroy(&pipe->changed);
    free(pipe->data);
    pipe->data = NULL;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Puts in as much as there is room for in one piece. */
static size_t put(wcl_feed *pipe, const uint8_t *data, size_t size)
{
    size_t at = (pipe->start + pipe->used) % pipe->capacity;
    size_t part = smaller(size, pipe->capacity - pipe->used);

    part = smaller(part, pipe->capacity - at);
    memcpy(pipe->data + at, data, part);
    pipe->used += part;
    return part;
}

static wcl_status fail_broken(wcl_error *error)
{
    return wcl_fail(error, WCL_CODE_BROKEN_PIPE, "the client went away");
}

wcl_status wcl_feed_write(wcl_feed *pipe, const void *data, size_t size, wcl_error *error)
{
    const uint8_t *bytes = data;

    pthread_mutex_lock(&pipe->mutex);
    while (size && !pipe->broken) {
        if (pipe->used == pipe->capacity) {
            pthread_cond_wait(&pipe->changed, &pipe->mutex);
            continue;
        }
        size_t part = put(pipe, bytes, size);
        bytes += part;
        size -= part;
        pthread_cond_broadcast(&pipe->changed);
    }
    bool broken = pipe->broken;
    pthread_mutex_unlock(&pipe->mutex);
    return broken ? fail_broken(error) : WCL_OK;
}

wcl_status wcl_feed_read(wcl_feed *pipe, void *buffer, size_t size, size_t *got, wcl_error *error)
{
    *got = 0;
    pthread_mutex_lock(&pipe->mutex);
    while (pipe->used == 0 && !pipe->ended && !pipe->broken)
        pthread_cond_wait(&pipe->changed, &pipe->mutex);
    while (!pipe->broken && pipe->used && *got < size) {
        size_t part = smaller(smaller(size - *got, pipe->used), pipe->capacity - pipe->start);
        memcpy((uint8_t *)buffer + *got, pipe->data + pipe->start, part);
        pipe->start = (pipe->start + part) % pipe->capacity;
        pipe->used -= part;
        *got += part;
    }
    bool broken = pipe->broken;
    pthread_cond_broadcast(&pipe->changed);
    pthread_mutex_unlock(&pipe->mutex);
    return broken ? fail_broken(error) : WCL_OK;
}

bool wcl_feed_wait(wcl_feed *pipe)
{
    pthread_mutex_lock(&pipe->mutex);
    while (pipe->used == 0 && !pipe->ended && !pipe->broken)
        pthread_cond_wait(&pipe->changed, &pipe->mutex);
    bool has_bytes = pipe->used != 0 && !pipe->broken;
    pthread_mutex_unlock(&pipe->mutex);
    return has_bytes;
}

void wcl_feed_end(wcl_feed *pipe)
{
    pthread_mutex_lock(&pipe->mutex);
    pipe->ended = true;
    pthread_cond_broadcast(&pipe->changed);
    pthread_mutex_unlock(&pipe->mutex);
}

void wcl_feed_break(wcl_feed *pipe)
{
    pthread_mutex_lock(&pipe->mutex);
    pipe->broken = true;
    pthread_cond_broadcast(&pipe->changed);
    pthread_mutex_unlock(&pipe->mutex);
}
