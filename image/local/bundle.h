/* Bundles: the files of an OCI layout or docker archive, in a folder or in a tar. Names are looked
 * up in the bundle alone; none becomes a path outside it. */
#ifndef WCL_IMAGE_BUNDLE_H
#define WCL_IMAGE_BUNDLE_H

#include "image/peer.h"

typedef struct wcl_bundle wcl_bundle;

/* A file of a bundle: a range of an open file. */
typedef struct wcl_bundle_file {
    int fd;
    bool is_owned; /* `fd` is to be closed */
    uint64_t offset;
    uint64_t size;
} wcl_bundle_file;

/*
 * Opens a folder, or a tar that may be compressed; "-" is standard input. What cannot be read at
 * any place is copied to an unnamed file beneath the folder `temporary` first, within `limits`
 * (image/local/spool.h). `hooks`, which must outlive the bundle, and `limits` may be NULL.
 */
wcl_status wcl_bundle_open(const char *path, int temporary, const wcl_hooks *hooks,
                           const wcl_transfer_options *limits, wcl_bundle **bundle,
                           wcl_error *error);
void wcl_bundle_free(wcl_bundle *bundle);

/* Tells whoever opened it that so many bytes of something were looked at; CANCELLED. */
wcl_status wcl_bundle_report(const wcl_bundle *bundle, uint64_t done, wcl_error *error);

bool wcl_bundle_has(const wcl_bundle *bundle, const char *name);
/* FILE_NOT_FOUND where there is none. Any thread. */
wcl_status wcl_bundle_find(const wcl_bundle *bundle, const char *name, wcl_bundle_file *file,
                           wcl_error *error);
void wcl_bundle_file_close(wcl_bundle_file *file);
#define WCL_CLEANUP_BUNDLE_FILE __attribute__((cleanup(wcl_bundle_file_close)))

/* The whole of a file of at most `limit` bytes. */
wcl_status wcl_bundle_read(const wcl_bundle *bundle, const char *name, size_t limit,
                           wcl_buffer *data, wcl_error *error);

/* A stream of a file's bytes from `offset` on. */
wcl_status wcl_bundle_stream(const wcl_bundle *bundle, const char *name, uint64_t offset,
                             wcl_blob_stream **stream, wcl_error *error);

#endif
