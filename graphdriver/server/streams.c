/* The threads of Diff and ApplyDiff. */
#include "graphdriver/server/streams.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define FEED_SIZE (1024 * 1024)

/* ---- The list -------------------------------------------------------------------------------- */

void wcl_streams_init(wcl_streams *streams)
{
    pthread_mutex_init(&streams->mutex, NULL);
    streams->first = NULL;
    streams->stopping = false;
}

void wcl_streams_stop(wcl_streams *streams)
{
    pthread_mutex_lock(&streams->mutex);
    streams->stopping = true;
    for (wcl_stream *at = streams->first; at; at = at->next)
        wcl_feed_break(&at->feed);
    pthread_mutex_unlock(&streams->mutex);
}

void wcl_streams_destroy(wcl_streams *streams)
{
    pthread_mutex_destroy(&streams->mutex);
}

static void enlist(wcl_streams *streams, wcl_stream *stream)
{
    pthread_mutex_lock(&streams->mutex);
    stream->streams = streams;
    stream->next = streams->first;
    stream->place = &streams->first;
    if (stream->next)
        stream->next->place = &stream->next;
    streams->first = stream;
    if (streams->stopping)
        wcl_feed_break(&stream->feed);
    pthread_mutex_unlock(&streams->mutex);
}

static void delist(wcl_stream *stream)
{
    pthread_mutex_lock(&stream->streams->mutex);
    *stream->place = stream->next;
    if (stream->next)
        stream->next->place = stream->place;
    pthread_mutex_unlock(&stream->streams->mutex);
}

/* ---- The work -------------------------------------------------------------------------------- */

static wcl_status read_feed(void *context, void *buffer, size_t size, size_t *got, wcl_error *error)
{
    return wcl_feed_read(context, buffer, size, got, error);
}

static wcl_status write_feed(void *context, const void *data, size_t size, wcl_error *error)
{
    return wcl_feed_write(context, data, size, error);
}

static void *streams_apply(void *context)
{
    wcl_stream *stream = context;

    wcl_client_serve(&stream->client);
    stream->status =
        wcl_graphdriver_apply_diff(stream->session->driver, stream->id, stream->parent, read_feed,
                                   &stream->feed, &stream->size, &stream->error);
    /* Whatever else comes is of no interest. */
    wcl_feed_break(&stream->feed);
    return NULL;
}

static void *diff(void *context)
{
    wcl_stream *stream = context;

    wcl_client_serve(&stream->client);
    stream->status = wcl_graphdriver_diff(stream->session->driver, stream->id, stream->parent,
                                          write_feed, &stream->feed, &stream->error);
    wcl_feed_end(&stream->feed);
    return NULL;
}

/* ---- Beginning and ending -------------------------------------------------------------------- */

static void release(wcl_stream *stream)
{
    if (stream->session)
        wcl_sessions_leave(stream->sessions, stream->session);
    wcl_feed_destroy(&stream->feed);
    free(stream->id);
    free(stream->parent);
    free(stream);
}

static wcl_status streams_start(wcl_streams *streams, wcl_sessions *sessions, wcl_client client,
                                const char *id, const char *parent, void *(*work)(void *),
                                wcl_stream **stream, wcl_error *error)
{
    wcl_stream *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    made->sessions = sessions;
    made->client = client;
    made->id = strdup(id ? id : "");
    made->parent = strdup(parent ? parent : "");
    wcl_status status = made->id && made->parent ? WCL_OK : wcl_fail_memory(error);
    if (status == WCL_OK)
        status = wcl_sessions_enter(sessions, &made->session, error);
    if (status == WCL_OK)
        status = wcl_feed_init(&made->feed, FEED_SIZE, error);
    if (status != WCL_OK) {
        release(made);
        return WCL_FAILED;
    }
    enlist(streams, made);
    int number = pthread_create(&made->thread, NULL, work, made);
    if (number == 0) {
        *stream = made;
        return WCL_OK;
    }
    delist(made);
    release(made);
    return wcl_fail_errno(error, number, "cannot start a thread");
}

wcl_status wcl_stream_apply(wcl_streams *streams, wcl_sessions *sessions, wcl_client client,
                            const char *id, const char *parent, wcl_stream **stream,
                            wcl_error *error)
{
    return streams_start(streams, sessions, client, id, parent, streams_apply, stream, error);
}

wcl_status wcl_stream_diff(wcl_streams *streams, wcl_sessions *sessions, wcl_client client,
                           const char *id, const char *parent, wcl_stream **stream,
                           wcl_error *error)
{
    return streams_start(streams, sessions, client, id, parent, diff, stream, error);
}

static void join(wcl_stream *stream)
{
    if (stream->session)
        pthread_join(stream->thread, NULL);
    if (stream->session)
        wcl_sessions_leave(stream->sessions, stream->session);
    stream->session = NULL;
}

wcl_status wcl_stream_finish(wcl_stream *stream, uint64_t *size, wcl_error *error)
{
    wcl_feed_end(&stream->feed);
    join(stream);
    *size = stream->size;
    if (stream->status != WCL_OK && error)
        *error = stream->error;
    return stream->status;
}

void wcl_stream_free(wcl_stream *stream)
{
    if (!stream)
        return;
    wcl_feed_break(&stream->feed);
    join(stream);
    delist(stream);
    release(stream);
}
