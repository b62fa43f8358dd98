/* A feed in memory between two threads: what one writes the other reads, a bounded number of bytes
 * later. Either may give up. */
#ifndef WCL_GRAPHDRIVER_FEED_H
#define WCL_GRAPHDRIVER_FEED_H

#include <pthread.h>
#include <wcl/base.h>

typedef struct wcl_feed {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    uint8_t *data; /* a ring */
    size_t capacity, start, used;
    bool ended;  /* the writer has written everything */
    bool broken; /* one of them gave up */
} wcl_feed;

wcl_status wcl_feed_init(wcl_feed *feed, size_t capacity, wcl_error *error);
void wcl_feed_destroy(wcl_feed *feed);

/* Waits for room; fails with BROKEN_PIPE when the other side gave up. */
wcl_status wcl_feed_write(wcl_feed *feed, const void *data, size_t size, wcl_error *error);
/* Waits for at least a byte; `*got` is 0 at the end. Fails with BROKEN_PIPE likewise. */
wcl_status wcl_feed_read(wcl_feed *feed, void *buffer, size_t size, size_t *got, wcl_error *error);
/* Waits until there is something to read, if only the end; whether there are bytes. */
bool wcl_feed_wait(wcl_feed *feed);
void wcl_feed_end(wcl_feed *feed);
void wcl_feed_break(wcl_feed *feed);

#endif
