/* The compressed bytes as they come from the caller. */
#include "compress/input_source.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

wcl_status wcl_input_source_init(wcl_input_source *source, wcl_error *error)
{
    source->buffer = malloc(WCL_INPUT_SOURCE_SIZE);
    return source->buffer ? WCL_OK : wcl_fail_memory(error);
}

void wcl_input_source_free(wcl_input_source *source)
{
    free(source->buffer);
    source->buffer = NULL;
}

uint64_t wcl_input_source_offset(const wcl_input_source *source)
{
    return __atomic_load_n(&source->taken, __ATOMIC_RELAXED) - wcl_input_source_ready(source);
}

static wcl_status read_more(wcl_input_source *source, uint8_t *data, size_t size, size_t *got,
                            wcl_error *error)
{
    *got = 0;
    wcl_status status = source->read(source->context, data, size, got, error);
    if (status == WCL_FAILED)
        return WCL_FAILED;
    if (*got > size)
        return wcl_fail(error, WCL_CODE_INVALID_DATA,
                        "the caller's read function gave %zu bytes where %zu were asked for", *got,
                        size);
    if (*got == 0)
        source->at_end = true;
    else if (source->tap && source->tap(source->tap_context, data, *got, error) != WCL_OK)
        return WCL_FAILED;
    __atomic_add_fetch(&source->taken, *got, __ATOMIC_RELAXED);
    return WCL_OK;
}

static void make_room(wcl_input_source *source)
{
    if (source->position == 0)
        return;
    memmove(source->buffer, source->buffer + source->position, wcl_input_source_ready(source));
    source->end -= source->position;
    source->position = 0;
}

wcl_status wcl_input_source_fill(wcl_input_source *source, size_t wanted, wcl_error *error)
{
    if (wcl_input_source_ready(source) < wanted)
        make_room(source);
    while (wcl_input_source_ready(source) < wanted && !source->at_end && !source->failed) {
        size_t got;
        if (read_more(source, source->buffer + source->end, WCL_INPUT_SOURCE_SIZE - source->end,
                      &got, &source->error) != WCL_OK)
            source->failed = true;
        else
            source->end += got;
    }
    if (source->failed && wcl_input_source_ready(source) == 0) {
        return wcl_error_pass(error, &source->error);
    }
    return WCL_OK;
}

wcl_status wcl_input_source_read(wcl_input_source *source, void *data, size_t size, size_t *got,
                                 wcl_error *error)
{
    *got = wcl_input_source_ready(source) < size ? wcl_input_source_ready(source) : size;
    if (*got > 0) {
        memcpy(data, wcl_input_source_data(source), *got);
        source->position += *got;
        return WCL_OK;
    }
    if (source->failed || source->at_end)
        return wcl_input_source_fill(source, 1, error);
    return read_more(source, data, size, got, error);
}
