/* The reference vectors in tests/data/vectors, and layers held in memory. Needs cmocka's includes.
 */
#ifndef TESTS_TAR_VECTORS_H
#define TESTS_TAR_VECTORS_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <wcl/tar.h>

#include "base/buffer.h"
#include "base/json.h"

#define VECTORS "tests/data/vectors/"

/* Reads a whole file; false where there is none. */
bool read_file(const char *name, wcl_buffer *out);
/* The same of a vector, which must be there; `name` is a format with the entry's number. */
void read_vector(const char *name, int number, wcl_buffer *out);

/* entries.json. Freed with cJSON_Delete(). */
cJSON *read_entries(void);
/* One of its entries; the path is with forward slashes and freed with free(). */
void describe_entry(const cJSON *json, wcl_entry *entry, char **path, char **target);

/* A reader of a tar in memory, which must outlive it. */
typedef struct memory_source {
    const uint8_t *data;
    size_t size;
    size_t position;
    size_t step; /* bytes given at a time; 0: as many as are wanted */
} memory_source;

wcl_status read_memory(void *context, void *buffer, size_t size, size_t *got, wcl_error *error);
/* A wcl_write_fn whose context is a wcl_buffer. */
wcl_status write_memory(void *context, const void *data, size_t size, wcl_error *error);

/* The backup stream of the entry that the reader stands on. */
void read_stream(wcl_layer_reader *reader, wcl_buffer *out);

void assert_same_bytes(const wcl_buffer *got, const wcl_buffer *wanted, const char *what);

#endif
