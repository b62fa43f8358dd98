/* The feed between the thread of a connection and the one that works on a layer. */
#include "graphdriver/server/feed.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

wcl_status wcl_feed_init(wcl_feed *feed, size_t capacity, wcl_error *error)
{
    *feed = (wcl_feed) { .data = malloc(capacity), .capacity = capacity };
    if (!feed->data)
        return wcl_fail_memory(error);
    pthread_mutex_init(&feed->mutex, NULL);
    pthread_cond_init(&feed->changed, NULL);
    return WCL_OK;
}

void wcl_feed_destroy(wcl_feed *feed)
{
    if (!feed->data)
        return;
    pthread_mutex_destroy(&feed->mutex);
    pthread_cond_destroy(&feed->changed);
    free(feed->data);
    feed->data = NULL;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Puts in as much as there is room for in one piece. */
static size_t feed_put(wcl_feed *feed, const uint8_t *data, size_t size)
{
    size_t at = (feed->start + feed->used) % feed->capacity;
    size_t part = smaller(size, feed->capacity - feed->used);

    part = smaller(part, feed->capacity - at);
    memcpy(feed->data + at, data, part);
    feed->used += part;
    return part;
}

static wcl_status fail_broken(wcl_error *error)
{
    return wcl_fail(error, WCL_CODE_BROKEN_PIPE, "the client went away");
}

wcl_status wcl_feed_write(wcl_feed *feed, const void *data, size_t size, wcl_error *error)
{
    const uint8_t *bytes = data;

    pthread_mutex_lock(&feed->mutex);
    while (size && !feed->broken) {
        if (feed->used == feed->capacity) {
            pthread_cond_wait(&feed->changed, &feed->mutex);
            continue;
        }
        size_t part = feed_put(feed, bytes, size);
        bytes += part;
        size -= part;
        pthread_cond_broadcast(&feed->changed);
    }
    bool broken = feed->broken;
    pthread_mutex_unlock(&feed->mutex);
    return broken ? fail_broken(error) : WCL_OK;
}

wcl_status wcl_feed_read(wcl_feed *feed, void *buffer, size_t size, size_t *got, wcl_error *error)
{
    *got = 0;
    pthread_mutex_lock(&feed->mutex);
    while (feed->used == 0 && !feed->ended && !feed->broken)
        pthread_cond_wait(&feed->changed, &feed->mutex);
    while (!feed->broken && feed->used && *got < size) {
        size_t part = smaller(smaller(size - *got, feed->used), feed->capacity - feed->start);
        memcpy((uint8_t *)buffer + *got, feed->data + feed->start, part);
        feed->start = (feed->start + part) % feed->capacity;
        feed->used -= part;
        *got += part;
    }
    bool broken = feed->broken;
    pthread_cond_broadcast(&feed->changed);
    pthread_mutex_unlock(&feed->mutex);
    return broken ? fail_broken(error) : WCL_OK;
}

bool wcl_feed_wait(wcl_feed *feed)
{
    pthread_mutex_lock(&feed->mutex);
    while (feed->used == 0 && !feed->ended && !feed->broken)
        pthread_cond_wait(&feed->changed, &feed->mutex);
    bool has_bytes = feed->used != 0 && !feed->broken;
    pthread_mutex_unlock(&feed->mutex);
    return has_bytes;
}

void wcl_feed_end(wcl_feed *feed)
{
    pthread_mutex_lock(&feed->mutex);
    feed->ended = true;
    pthread_cond_broadcast(&feed->changed);
    pthread_mutex_unlock(&feed->mutex);
}

void wcl_feed_break(wcl_feed *feed)
{
    pthread_mutex_lock(&feed->mutex);
    feed->broken = true;
    pthread_cond_broadcast(&feed->changed);
    pthread_mutex_unlock(&feed->mutex);
}
