/* The compressed bytes as they come from the caller: buffered, counted, and shown to the tap. */
#ifndef WCL_COMPRESS_INPUT_SOURCE_H
#define WCL_COMPRESS_INPUT_SOURCE_H

#include <wcl/base.h>

/* Large enough that a decoder's work for each piece of input does not count. */
#define WCL_INPUT_SOURCE_SIZE (256u * 1024)

typedef struct wcl_input_source {
    wcl_read_fn read;
    void *context;
    wcl_write_fn tap;
    void *tap_context;
    uint8_t *buffer; /* WCL_INPUT_SOURCE_SIZE bytes */
    size_t position; /* of the first byte not yet used */
    size_t end;
    bool at_end; /* `read` has no more; what is buffered may still be there */
    bool failed; /* `read` or the tap failed with `error`, to be told once the buffer is used up */
    wcl_error error;
    uint64_t taken; /* bytes that `read` gave; atomic */
} wcl_input_source;

wcl_status wcl_input_source_init(wcl_input_source *source, wcl_error *error);
void wcl_input_source_free(wcl_input_source *source);

/* Bytes ready in the buffer. */
static inline size_t wcl_input_source_ready(const wcl_input_source *source)
{
    return source->end - source->position;
}

static inline const uint8_t *wcl_input_source_data(const wcl_input_source *source)
{
    return source->buffer + source->position;
}

/* Where in the compressed stream the next unused byte is. */
uint64_t wcl_input_source_offset(const wcl_input_source *source);

/*
 * Reads until at least `wanted` bytes are ready or the input ends. Fails only when the input does
 * and nothing is ready any more.
 */
wcl_status wcl_input_source_fill(wcl_input_source *source, size_t wanted, wcl_error *error);

/* Takes the bytes that are ready, else reads straight into `data`; `*got` is 0 at the end. */
wcl_status wcl_input_source_read(wcl_input_source *source, void *data, size_t size, size_t *got,
                                 wcl_error *error);

#endif
