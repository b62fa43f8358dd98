/* Compressed input: the reading thread, and the queue of blocks between it and the consumer. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/thread.h"
#include "compress/formats.h"

#define BLOCK_SIZE (512u * 1024)
#define BLOCK_COUNT 16

struct wcl_input {
    /* Of the reading thread. */
    wcl_input_source source;
    wcl_write_fn tap;
    void *tap_context;
    wcl_decoder *decoder;
    uint64_t max_size;
    uint64_t max_ratio;
    uint64_t made;
    /* Of both. */
    wcl_block_pool *pool;
    pthread_t thread;
    bool started;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    wcl_block *first; /* the queue, linked by next_free */
    wcl_block *last;
    bool recognised;
    wcl_compression compression;
    bool stop;         /* the consumer wants no more */
    wcl_status status; /* WCL_OK while reading */
    wcl_error error;   /* of WCL_FAILED */
};

static wcl_status open_decoder(wcl_input *input, wcl_compression *compression, wcl_error *error)
{
    *compression = wcl_compression_recognise(wcl_input_source_data(&input->source),
                                             wcl_input_source_ready(&input->source));
    const wcl_format *format = wcl_format_find(*compression);
    if (!format->new_decoder)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "the input is compressed with %s, which this build of wcl cannot read",
                        format->info.name);
    return format->new_decoder(&input->decoder, error);
}

static wcl_status recognise(wcl_input *input, wcl_compression *compression, wcl_error *error)
{
    wcl_input_source *source = &input->source;

    if (wcl_input_source_fill(source, WCL_COMPRESSION_MAGIC_SIZE, error) != WCL_OK ||
        open_decoder(input, compression, error) != WCL_OK)
        return WCL_FAILED;
    if (*compression == WCL_COMPRESSION_NONE || !input->tap)
        return WCL_OK;
    source->tap = input->tap;
    source->tap_context = input->tap_context;
    return source->tap(source->tap_context, wcl_input_source_data(source),
                       wcl_input_source_ready(source), error);
}

static bool is_stopped(wcl_input *input)
{
    pthread_mutex_lock(&input->mutex);
    bool stop = input->stop;
    pthread_mutex_unlock(&input->mutex);
    return stop;
}

static void enqueue(wcl_input *input, wcl_block *block)
{
    pthread_mutex_lock(&input->mutex);
    if (input->last)
        input->last->next_free = block;
    else
        input->first = block;
    input->last = block;
    pthread_cond_signal(&input->changed);
    pthread_mutex_unlock(&input->mutex);
}

/* Whether what was made is more than what was taken can be good for. */
static wcl_status check_ratio(const wcl_input *input, wcl_status status, wcl_error *error)
{
    uint64_t taken = wcl_input_consumed(input);

    if (!input->max_ratio || input->made <= WCL_COMPRESSION_RATIO_FREE ||
        input->made / input->max_ratio <= taken)
        return status;
    return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE,
                    "the input is inflated to more than the %" PRIu64
                    " times its size that are allowed; --max-ratio raises the limit",
                    input->max_ratio);
}

/* Decompresses into `block`, one byte further than the limit to see whether there is more. */
static wcl_status decode_block(wcl_input *input, wcl_block *block, wcl_error *error)
{
    size_t room = BLOCK_SIZE;
    uint64_t allowed = input->max_size - input->made;

    if (input->max_size && allowed < room)
        room = (size_t)allowed + 1;
    block->offset = input->made;
    wcl_status status = input->decoder->ops->decode(input->decoder, &input->source, block->data,
                                                    room, &block->size, error);
    if (input->max_size && block->size > allowed) {
        block->size = (size_t)allowed;
        status = wcl_fail(error, WCL_CODE_FILE_TOO_LARGE,
                          "the input holds more than the %" PRIu64
                          " bytes that are allowed; --max-size raises the limit",
                          input->max_size);
    }
    input->made += block->size;
    return status == WCL_FAILED ? status : check_ratio(input, status, error);
}

static wcl_status read_all(wcl_input *input, wcl_error *error)
{
    wcl_status status = WCL_OK;

    while (status == WCL_OK && !is_stopped(input)) {
        wcl_block *block = wcl_block_get(input->pool);
        if (!block)
            return wcl_fail_memory(error);
        status = decode_block(input, block, error);
        if (block->size)
            enqueue(input, block);
        else
            wcl_block_unref(block);
    }
    return status;
}

static void *compress_input_run(void *context)
{
    wcl_input *input = context;
    wcl_error error = WCL_ERROR_INIT;
    wcl_compression compression = WCL_COMPRESSION_NONE;

    wcl_status status = recognise(input, &compression, &error);
    if (status == WCL_OK) {
        pthread_mutex_lock(&input->mutex);
        input->compression = compression;
        input->recognised = true;
        pthread_cond_broadcast(&input->changed);
        pthread_mutex_unlock(&input->mutex);
        status = read_all(input, &error);
    }
    pthread_mutex_lock(&input->mutex);
    input->status = status == WCL_OK ? WCL_END : status;
    input->error = error;
    pthread_cond_broadcast(&input->changed);
    pthread_mutex_unlock(&input->mutex);
    return NULL;
}

/* Starts the thread and waits until it knows the compression, or fails as it does. */
static wcl_status compress_input_start(wcl_input *input, unsigned blocks, wcl_error *error)
{
    if (wcl_input_source_init(&input->source, error) != WCL_OK ||
        wcl_block_pool_new(blocks, BLOCK_SIZE, &input->pool, error) != WCL_OK ||
        wcl_thread_start(&input->thread, compress_input_run, input, error) != WCL_OK)
        return WCL_FAILED;
    input->started = true;
    pthread_mutex_lock(&input->mutex);
    while (!input->recognised && input->status == WCL_OK)
        pthread_cond_wait(&input->changed, &input->mutex);
    bool recognised = input->recognised;
    if (!recognised)
        wcl_error_pass(error, &input->error);
    pthread_mutex_unlock(&input->mutex);
    return recognised ? WCL_OK : WCL_FAILED;
}

wcl_status wcl_input_open(wcl_read_fn read, void *context, const wcl_input_options *options,
                          wcl_input **input, wcl_error *error)
{
    wcl_input *made = calloc(1, sizeof(*made));
    if (!made)
        return wcl_fail_memory(error);
    pthread_mutex_init(&made->mutex, NULL);
    pthread_cond_init(&made->changed, NULL);
    made->source.read = read;
    made->source.context = context;
    if (options) {
        made->max_size = options->max_size;
        made->max_ratio = options->max_ratio;
        made->tap = options->tap;
        made->tap_context = options->tap_context;
    }
    unsigned blocks = options && options->blocks ? options->blocks : BLOCK_COUNT;
    if (compress_input_start(made, blocks, error) != WCL_OK) {
        wcl_input_free(made);
        return WCL_FAILED;
    }
    *input = made;
    return WCL_OK;
}

wcl_status wcl_input_next(wcl_input *input, wcl_block **block, wcl_error *error)
{
    wcl_status status = WCL_OK;

    pthread_mutex_lock(&input->mutex);
    while (!input->first && input->status == WCL_OK)
        pthread_cond_wait(&input->changed, &input->mutex);
    *block = input->first;
    if (input->first) {
        input->first = input->first->next_free;
        if (!input->first)
            input->last = NULL;
        (*block)->next_free = NULL;
    } else {
        status = input->status;
        if (status == WCL_FAILED)
            wcl_error_pass(error, &input->error);
    }
    pthread_mutex_unlock(&input->mutex);
    return status;
}

wcl_compression wcl_input_compression(const wcl_input *input)
{
    return input->compression;
}

uint64_t wcl_input_consumed(const wcl_input *input)
{
    return __atomic_load_n(&input->source.taken, __ATOMIC_RELAXED);
}

static void stop_thread(wcl_input *input)
{
    pthread_mutex_lock(&input->mutex);
    input->stop = true;
    pthread_mutex_unlock(&input->mutex);
    wcl_block_pool_cancel(input->pool);
    pthread_join(input->thread, NULL);
}

void wcl_input_free(wcl_input *input)
{
    if (!input)
        return;
    if (input->started)
        stop_thread(input);
    while (input->first) {
        wcl_block *block = input->first;
        input->first = block->next_free;
        wcl_block_unref(block);
    }
    if (input->decoder)
        input->decoder->ops->free(input->decoder);
    wcl_block_pool_free(input->pool);
    wcl_input_source_free(&input->source);
    pthread_cond_destroy(&input->changed);
    pthread_mutex_destroy(&input->mutex);
    free(input);
}
