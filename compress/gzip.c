/*
 * Gzip. Input is the sequence of members, over a library that inflates one. For output the contents
 * are cut into chunks of one size, each becomes a member of its own, and the members are passed on
 * in order. Where the cuts are does not depend on the threads, so neither do the bytes.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/thread.h"
#include "compress/formats.h"
#include "compress/output_deflate.h"

#define CHUNK_SIZE (512u * 1024)
/* With about 1.5 MiB per worker, memory stays bounded on large machines. */
#define MOST_WORKERS 16

/* ---- Input ---------------------------------------------------------------------------------- */

typedef struct gzip_decoder {
    wcl_decoder base;
    const wcl_inflater_ops *inflater_ops;
    wcl_inflater *inflater;
    bool in_member;
    bool after_member; /* at least one member was read */
} gzip_decoder;

static wcl_status fail_trailing(const wcl_input_source *source, wcl_error *error)
{
    return wcl_fail(error, WCL_CODE_CORRUPT,
                    "the gzip data is followed, at byte %" PRIu64
                    ", by something that is neither another member nor padding of zeros",
                    wcl_input_source_offset(source));
}

static wcl_status fail_truncated(const wcl_input_source *source, wcl_error *error)
{
    return wcl_fail(error, WCL_CODE_TRUNCATED,
                    "the gzip data ends within a member after %" PRIu64
                    " bytes; it was not transferred whole",
                    wcl_input_source_offset(source));
}

static wcl_status skip_padding(wcl_input_source *source, wcl_error *error)
{
    for (;;) {
        if (wcl_input_source_fill(source, 1, error) != WCL_OK)
            return WCL_FAILED;
        if (wcl_input_source_ready(source) == 0)
            return WCL_END;
        if (*wcl_input_source_data(source) != 0)
            return fail_trailing(source, error);
        source->position++;
    }
}

/* Goes into the next member; WCL_END when there is none. */
static wcl_status begin_member(gzip_decoder *decoder, wcl_input_source *source, wcl_error *error)
{
    if (wcl_input_source_fill(source, 2, error) != WCL_OK)
        return WCL_FAILED;
    size_t ready = wcl_input_source_ready(source);
    const uint8_t *data = wcl_input_source_data(source);
    if (ready == 0)
        return decoder->after_member ? WCL_END : fail_truncated(source, error);
    if (decoder->after_member && data[0] == 0)
        return skip_padding(source, error);
    if (data[0] != 0x1f || (ready > 1 && data[1] != 0x8b))
        return fail_trailing(source, error);
    if (decoder->after_member)
        decoder->inflater_ops->reset(decoder->inflater);
    decoder->in_member = true;
    return WCL_OK;
}

/* Inflates what is ready. Without progress at the end of the input, the member is cut short. */
static wcl_status inflate_some(gzip_decoder *decoder, wcl_input_source *source, uint8_t *data,
                               size_t size, size_t *made, wcl_error *error)
{
    *made = 0;
    if (wcl_input_source_ready(source) == 0 &&
        wcl_input_source_fill(source, WCL_INPUT_SOURCE_SIZE / 2, error) != WCL_OK)
        return WCL_FAILED;
    size_t ready = wcl_input_source_ready(source);
    wcl_inflate_step step = { wcl_input_source_data(source), ready, data, size, false };
    wcl_status status = decoder->inflater_ops->inflate(decoder->inflater, &step, error);
    source->position += ready - step.in_size;
    *made = size - step.out_size;
    if (status != WCL_OK)
        return WCL_FAILED;
    if (step.done) {
        decoder->in_member = false;
        decoder->after_member = true;
    } else if (ready == step.in_size && *made == 0) {
        return ready == 0 ? fail_truncated(source, error)
                          : wcl_fail(error, WCL_CODE_CORRUPT, "the gzip data is damaged");
    }
    return WCL_OK;
}

static wcl_status input_gzip_decode(wcl_decoder *base, wcl_input_source *source, uint8_t *data,
                                    size_t size, size_t *made, wcl_error *error)
{
    gzip_decoder *decoder = (gzip_decoder *)base;
    *made = 0;
    while (*made < size) {
        if (!decoder->in_member) {
            wcl_status status = begin_member(decoder, source, error);
            if (status != WCL_OK)
                return status;
        }
        size_t more;
        wcl_status status = inflate_some(decoder, source, data + *made, size - *made, &more, error);
        *made += more;
        if (status != WCL_OK)
            return status;
    }
    return WCL_OK;
}

static void free_decoder(wcl_decoder *base)
{
    gzip_decoder *decoder = (gzip_decoder *)base;
    if (decoder->inflater)
        decoder->inflater_ops->free(decoder->inflater);
    free(decoder);
}

static const wcl_decoder_ops gzip_ops = { .decode = input_gzip_decode, .free = free_decoder };

wcl_status wcl_gzip_decoder_new(const wcl_inflater_ops *inflater_ops, wcl_decoder **decoder,
                                wcl_error *error)
{
    gzip_decoder *made = calloc(1, sizeof(*made));
    if (!made)
        return wcl_fail_memory(error);
    made->base.ops = &gzip_ops;
    made->inflater_ops = inflater_ops;
    if (inflater_ops->new (&made->inflater, error) != WCL_OK) {
        free(made);
        return WCL_FAILED;
    }
    *decoder = &made->base;
    return WCL_OK;
}

/* ---- Output --------------------------------------------------------------------------------- */

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

static void *run_worker(void *context)
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

static wcl_status start_workers(wcl_encoder *encoder, unsigned workers, wcl_error *error)
{
    if (make_chunks(encoder, error) != WCL_OK)
        return WCL_FAILED;
    while (encoder->worker_count < workers) {
        if (wcl_thread_start(&encoder->workers[encoder->worker_count], run_worker, encoder,
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

static wcl_status new_encoder(wcl_sink sink, int level, wcl_encoder **encoder, wcl_error *error)
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
    if (start_workers(made, workers, error) != WCL_OK) {
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
        return wcl_fail(error, WCL_CODE_GEN_FAILURE, "cannot compress a chunk");
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

static wcl_status finish_gzip(wcl_encoder *encoder, wcl_error *error)
{
    if ((encoder->chunks[encoder->filling].size > 0 || !encoder->any) &&
        submit(encoder, error) != WCL_OK)
        return WCL_FAILED;
    while (encoder->oldest != encoder->filling)
        if (pass_on(encoder, error) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}

static const wcl_encoder_ops encoder_ops = {
    .new = new_encoder,
    .write = write_gzip,
    .finish = finish_gzip,
    .free = free_encoder,
};

/* ---- The format ----------------------------------------------------------------------------- */

static bool begins_as_gzip(const uint8_t *data, size_t size)
{
    return size >= 2 && memcmp(data, "\x1f\x8b", 2) == 0;
}

static wcl_status new_decoder(wcl_decoder **decoder, wcl_error *error)
{
    return wcl_gzip_decoder_new(&WCL_INFLATER_BEST, decoder, error);
}

const wcl_format wcl_format_gzip = {
    .info = { .compression = WCL_COMPRESSION_GZIP,
              .name = "gzip",
              .suffixes = { ".gz", ".tgz" },
              .oci_media_type = WCL_MEDIA_OCI_LAYER "+gzip",
              .docker_media_type = WCL_MEDIA_DOCKER_LAYER ".gzip",
              .can_write = true,
              .least_level = 1,
              .most_level = 9,
              .usual_level = 6 },
    .begins = begins_as_gzip,
    .new_decoder = new_decoder,
    .encoder = &encoder_ops,
};
