/*
 * Gzip output: the contents are cut into chunks of one size, each becomes a member of its own, and
 * the members are passed on in order. Where the cuts are does not depend on the threads, so neither
 * do the bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "compress/output_deflate.h"
#include "compress/output_encoder.h"
#include "base/thread.h"

#define CHUNK_SIZE (512u * 1024)
/* With about 1.5 MiB per worker, memory stays bounded on large machines. */
#define MOST_WORKERS 16

typedef enum chunk_state {
    CHUNK_FREE,
    CHUNK_WAITING,
    CHUNK_RUNNING,
    CHUNK_DONE
} chunk_state;

typedef struct gzip_chunk {
    chunk_state state;
    uint8_t *data; /* CHUNK_SIZE bytes */
    size_t size;
    uint8_t *member; /* as many as the bound of a chunk */
    size_t member_size;
} gzip_chunk;

struct wcl_encoder {
    wcl_sink sink;
    int level;
    size_t member_room;
    bool any; /* a member was made */
    /* A ring of chunks: the caller fills and passes on in order, the workers take in order. */
    gzip_chunk *chunks;
    size_t chunk_count;
    size_t filling; /* the one that the caller fills */
    size_t oldest;  /* the one to be passed on next */
    size_t next;    /* the one that a worker takes next */
    pthread_mutex_t mutex;
    pthread_cond_t work; /* a chunk waits, or stop */
    pthread_cond_t done; /* a chunk is done */
    bool stop;
    bool out_of_memory; /* a worker has no compressor */
    pthread_t workers[MOST_WORKERS];
    unsigned worker_count;
};

static void compress_chunks(wcl_encoder *encoder, wcl_deflater *deflater)
{
    while (!encoder->stop) {
        gzip_chunk *chunk = &encoder->chunks[encoder->next];
        if (chunk->state != CHUNK_WAITING) {
            pthread_cond_wait(&encoder->work, &encoder->mutex);
            continue;
        }
        chunk->state = CHUNK_RUNNING;
        encoder->next = (encoder->next + 1) % encoder->chunk_count;
        pthread_mutex_unlock(&encoder->mutex);
        chunk->member_size = wcl_deflate_member(deflater, chunk->data, chunk->size, chunk->member,
                                                encoder->member_room);
        pthread_mutex_lock(&encoder->mutex);
        chunk->state = CHUNK_DONE;
        pthread_cond_signal(&encoder->done);
    }
}

static void *output_gzip_run(void *context)
{
    wcl_encoder *encoder = context;
    wcl_deflater *deflater = wcl_deflater_new(encoder->level);

    pthread_mutex_lock(&encoder->mutex);
    if (deflater) {
        compress_chunks(encoder, deflater);
    } else {
        encoder->out_of_memory = true;
        pthread_cond_signal(&encoder->done);
    }
    pthread_mutex_unlock(&encoder->mutex);
    wcl_deflater_free(deflater);
    return NULL;
}

static wcl_status make_chunks(wcl_encoder *encoder, wcl_error *error)
{
    encoder->member_room = wcl_deflate_bound(CHUNK_SIZE);
    encoder->chunks = calloc(encoder->chunk_count, sizeof(gzip_chunk));
    if (!encoder->chunks)
        return wcl_fail_memory(error);
    for (size_t i = 0; i < encoder->chunk_count; i++) {
        encoder->chunks[i].data = malloc(CHUNK_SIZE);
        encoder->chunks[i].member = malloc(encoder->member_room);
        if (!encoder->chunks[i].data || !encoder->chunks[i].member)
            return wcl_fail_memory(error);
    }
    return WCL_OK;
}

static wcl_status output_gzip_start(wcl_encoder *encoder, unsigned workers, wcl_error *error)
{
    if (make_chunks(encoder, error) != WCL_OK)
        return WCL_FAILED;
    while (encoder->worker_count < workers) {
        if (wcl_thread_start(&encoder->workers[encoder->worker_count], output_gzip_run, encoder,
                             error) != WCL_OK)
            return WCL_FAILED;
        encoder->worker_count++;
    }
    return WCL_OK;
}

static void free_encoder(wcl_encoder *encoder)
{
    pthread_mutex_lock(&encoder->mutex);
    encoder->stop = true;
    pthread_cond_broadcast(&encoder->work);
    pthread_mutex_unlock(&encoder->mutex);
    for (unsigned i = 0; i < encoder->worker_count; i++)
        pthread_join(encoder->workers[i], NULL);
    for (size_t i = 0; encoder->chunks && i < encoder->chunk_count; i++) {
        free(encoder->chunks[i].data);
        free(encoder->chunks[i].member);
    }
    free(encoder->chunks);
    pthread_cond_destroy(&encoder->done);
    pthread_cond_destroy(&encoder->work);
    pthread_mutex_destroy(&encoder->mutex);
    free(encoder);
}

static wcl_status output_gzip_new_encoder(wcl_sink sink, int level, wcl_encoder **encoder,
                                          wcl_error *error)
{
    wcl_encoder *made = calloc(1, sizeof(*made));
    if (!made)
        return wcl_fail_memory(error);
    unsigned workers = wcl_thread_count(MOST_WORKERS);
    made->sink = sink;
    made->level = level;
    /* One being filled and one waiting beside those in work. */
    made->chunk_count = workers + 2;
    pthread_mutex_init(&made->mutex, NULL);
    pthread_cond_init(&made->work, NULL);
    pthread_cond_init(&made->done, NULL);
    if (output_gzip_start(made, workers, error) != WCL_OK) {
        free_encoder(made);
        return WCL_FAILED;
    }
    *encoder = made;
    return WCL_OK;
}

/* Waits for the oldest chunk, which is in the workers' hands, and passes its member on. */
static wcl_status pass_on(wcl_encoder *encoder, wcl_error *error)
{
    gzip_chunk *chunk = &encoder->chunks[encoder->oldest];

    pthread_mutex_lock(&encoder->mutex);
    while (chunk->state != CHUNK_DONE && !encoder->out_of_memory)
        pthread_cond_wait(&encoder->done, &encoder->mutex);
    bool done = chunk->state == CHUNK_DONE;
    pthread_mutex_unlock(&encoder->mutex);
    if (!done)
        return wcl_fail_memory(error);
    if (chunk->member_size == 0)
        return wcl_fail(error, WCL_CODE_GEN_FAILURE, "a chunk cannot be compressed");
    if (encoder->sink.write(encoder->sink.context, chunk->member, chunk->member_size, error) !=
        WCL_OK)
        return WCL_FAILED;
    chunk->size = 0;
    pthread_mutex_lock(&encoder->mutex);
    chunk->state = CHUNK_FREE;
    pthread_mutex_unlock(&encoder->mutex);
    encoder->oldest = (encoder->oldest + 1) % encoder->chunk_count;
    return WCL_OK;
}

/* Hands the filled chunk to the workers and goes to the next, passing it on first where it is still
 * theirs. */
static wcl_status submit(wcl_encoder *encoder, wcl_error *error)
{
    pthread_mutex_lock(&encoder->mutex);
    encoder->chunks[encoder->filling].state = CHUNK_WAITING;
    pthread_cond_signal(&encoder->work);
    pthread_mutex_unlock(&encoder->mutex);
    encoder->any = true;
    encoder->filling = (encoder->filling + 1) % encoder->chunk_count;
    return encoder->filling == encoder->oldest ? pass_on(encoder, error) : WCL_OK;
}

static wcl_status write_gzip(wcl_encoder *encoder, const void *data, size_t size, wcl_error *error)
{
    const uint8_t *bytes = data;

    while (size > 0) {
        gzip_chunk *chunk = &encoder->chunks[encoder->filling];
        size_t room = CHUNK_SIZE - chunk->size;
        size_t some = size < room ? size : room;
        memcpy(chunk->data + chunk->size, bytes, some);
        chunk->size += some;
        bytes += some;
        size -= some;
        if (chunk->size == CHUNK_SIZE && submit(encoder, error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

static wcl_status output_gzip_finish(wcl_encoder *encoder, wcl_error *error)
{
    if ((encoder->chunks[encoder->filling].size > 0 || !encoder->any) &&
        submit(encoder, error) != WCL_OK)
        return WCL_FAILED;
    while (encoder->oldest != encoder->filling)
        if (pass_on(encoder, error) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}

const wcl_encoder_ops wcl_encoder_gzip = {
    .name = "gzip",
    .least_level = 1,
    .most_level = 9,
    .usual_level = 6,
    .new = output_gzip_new_encoder,
    .write = write_gzip,
    .finish = output_gzip_finish,
    .free = free_encoder,
};
