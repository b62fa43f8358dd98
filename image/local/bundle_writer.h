/* Writing a bundle: a folder or a tar, that appears under its name only once it is whole. */
#ifndef WCL_IMAGE_BUNDLE_WRITER_H
#define WCL_IMAGE_BUNDLE_WRITER_H

#include "base/buffer.h"

typedef struct wcl_bundle_writer wcl_bundle_writer;

/* Begins the bundle `path`; a folder must be new or empty. "-" is standard output, for a tar. */
wcl_status wcl_bundle_writer_open(const char *path, bool is_folder, wcl_bundle_writer **writer,
                                  wcl_error *error);
/* Makes a folder, in one that is there. */
wcl_status wcl_bundle_writer_folder(wcl_bundle_writer *writer, const char *name, wcl_error *error);
/* Begins a file of `size` bytes, in a folder that is there; all of them follow through write(). */
wcl_status wcl_bundle_writer_begin(wcl_bundle_writer *writer, const char *name, uint64_t size,
                                   wcl_error *error);
wcl_status wcl_bundle_writer_write(wcl_bundle_writer *writer, const void *data, size_t size,
                                   wcl_error *error);
wcl_status wcl_bundle_writer_end(wcl_bundle_writer *writer, wcl_error *error);
/* A whole file. */
wcl_status wcl_bundle_writer_put(wcl_bundle_writer *writer, const char *name, const void *data,
                                 size_t size, wcl_error *error);
/* Puts the bundle in place. */
wcl_status wcl_bundle_writer_finish(wcl_bundle_writer *writer, wcl_error *error);
/* Frees; without finish() before, nothing is left. NULL is allowed. */
void wcl_bundle_writer_free(wcl_bundle_writer *writer);

#endif
