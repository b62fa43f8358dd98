/* Layers in memory, and temporary folders, for the tests of the forms that are folders. */
#ifndef WCL_TESTS_DIR_FIXTURE_H
#define WCL_TESTS_DIR_FIXTURE_H

#include <wcl/backupstream.h>
#include <wcl/layer.h>

#include "base/buffer.h"

typedef struct fixture_entry {
    wcl_entry entry; /* its strings are its own */
    wcl_buffer stream;
} fixture_entry;

typedef struct fixture_layer {
    fixture_entry *entries;
    size_t count;
} fixture_layer;

void fixture_free(fixture_layer *layer);

/* Adds an entry whose backup stream is to be filled in. */
fixture_entry *fixture_add(fixture_layer *layer, wcl_entry_kind kind, const char *path,
                           const char *target);
fixture_entry *fixture_find(const fixture_layer *layer, const char *path);

/* Appends a stream to an entry's backup stream. */
void fixture_stream(fixture_entry *entry, uint32_t id, uint32_t attributes, const char *name,
                    uint64_t offset, const void *data, size_t size);

/* The entries of tests/data/vectors. */
void fixture_load_vectors(fixture_layer *layer);

/* Adds all entries, in pieces of `piece` bytes. Fails the test on errors, unless `error` is given.
 */
wcl_status fixture_write(const fixture_layer *layer, wcl_layer_writer *writer, size_t piece,
                         wcl_error *error);
/* Reads to the end and closes. */
void fixture_read(wcl_layer_reader *reader, fixture_layer *layer);

/* Both have the same entries with the same bytes, in whatever order. */
void fixture_assert_same(const fixture_layer *expected, const fixture_layer *got);

/* A new folder below `base`; removed with all that is in it by fixture_remove_folder(). */
char *fixture_make_folder(const char *base);
void fixture_remove_folder(char *folder);

/* "FOLDER/NAME", to be freed. */
char *fixture_path(const char *folder, const char *name);
void fixture_write_file(const char *folder, const char *name, const void *data, size_t size);
wcl_buffer fixture_read_file(const char *folder, const char *name);
/* Names in the folder, "." and ".." not counted. */
size_t fixture_count_names(const char *folder);

void fixture_assert_ok(wcl_status status, const wcl_error *error);

#endif
