/*
 * Diff and ApplyDiff: a thread works on the layer while the connection's own thread feeds it, or is
 * fed by it, through a feed, so that both go on in constant memory.
 */
#ifndef WCL_GRAPHDRIVER_STREAMS_H
#define WCL_GRAPHDRIVER_STREAMS_H

#include "graphdriver/server/client.h"
#include "graphdriver/server/feed.h"
#include "graphdriver/server/session.h"

typedef struct wcl_stream {
    wcl_feed feed;
    pthread_t thread;
    wcl_client client;
    wcl_sessions *sessions;
    wcl_session *session;
    char *id, *parent;
    /* Of the work, once it is done: */
    uint64_t size;
    wcl_status status;
    wcl_error error;
    struct wcl_streams *streams;
    struct wcl_stream *next, **place;
} wcl_stream;

/* All that are under way. */
typedef struct wcl_streams {
    pthread_mutex_t mutex;
    wcl_stream *first;
    bool stopping;
} wcl_streams;

void wcl_streams_init(wcl_streams *streams);
/* Breaks off all, and those that are yet to come. */
void wcl_streams_stop(wcl_streams *streams);
void wcl_streams_destroy(wcl_streams *streams);

/* Begins to apply what is written to the feed, or to write a diff to it. */
wcl_status wcl_stream_apply(wcl_streams *streams, wcl_sessions *sessions, wcl_client client,
                            const char *id, const char *parent, wcl_stream **stream,
                            wcl_error *error);
wcl_status wcl_stream_diff(wcl_streams *streams, wcl_sessions *sessions, wcl_client client,
                           const char *id, const char *parent, wcl_stream **stream,
                           wcl_error *error);

/* Waits for the end of what is applied: all was written to the feed. */
wcl_status wcl_stream_finish(wcl_stream *stream, uint64_t *size, wcl_error *error);

/* Breaks it off if it is still under way, waits for its end, and frees. NULL is allowed. */
void wcl_stream_free(wcl_stream *stream);

#endif
