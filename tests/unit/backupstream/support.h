/* What the unit tests of backup streams share. */
#ifndef TESTS_UNIT_BACKUPSTREAM_SUPPORT_H
#define TESTS_UNIT_BACKUPSTREAM_SUPPORT_H

#include <wcl/backupstream.h>

#include "base/buffer.h"

/* The contents of a file under tests/data/vectors. */
wcl_buffer load_vector(const char *name);

/* Appends what it is given to the wcl_buffer that is its context. */
wcl_status append_to_buffer(void *context, const void *data, size_t size, wcl_error *error);

/* A source for the pull reader. */
typedef struct bytes_source {
    const uint8_t *data;
    size_t size, position;
} bytes_source;

wcl_status read_bytes(void *context, void *buffer, size_t size, size_t *got, wcl_error *error);

/* Reads a whole backup stream, data and all; WCL_END when it was whole. */
wcl_status pull_all(const void *data, size_t size, wcl_error *error);

/* The same with the push decoder, in one piece; WCL_OK when it was whole. */
wcl_status push_all(const void *data, size_t size, wcl_error *error);

/* The bytes of one stream's header. */
void append_header(wcl_buffer *out, uint32_t id, uint32_t attributes, uint64_t size,
                   uint32_t name_size);

#endif
