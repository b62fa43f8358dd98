/* The reference vectors, for the conformance tests of backup streams. */
#ifndef TESTS_CONFORMANCE_BACKUPSTREAM_VECTORS_H
#define TESTS_CONFORMANCE_BACKUPSTREAM_VECTORS_H

#include "base/buffer.h"
#include "base/json.h"

/* The contents of a file under tests/data/vectors; fails the test when there is none. */
wcl_buffer vector_load(const char *name);

/* The same, as JSON. */
cJSON *vector_load_json(const char *name);

/* The bytes that hexadecimal digits or base64 stand for. */
wcl_buffer vector_unhex(const char *text);
wcl_buffer vector_unbase64(const char *text);

const char *vector_text(const cJSON *object, const char *name);
uint64_t vector_number(const cJSON *object, const char *name);

/* Calls `visit` for every entry that has a backup stream, with its number and the stream; returns
 * how many there were. */
size_t vector_each_entry(void (*visit)(size_t number, const cJSON *entry,
                                       const wcl_buffer *backup));

/* Calls `visit` for the data of every stream of the kind `id`; returns how many there were. */
size_t vector_each_stream(uint32_t id,
                          void (*visit)(size_t number, const uint8_t *data, size_t size));

#endif
