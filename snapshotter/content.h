/* containerd's store of blobs, as it serves it. */
#ifndef WCL_SNAPSHOTTER_CONTENT_H
#define WCL_SNAPSHOTTER_CONTENT_H

#include "snapshotter/grpc/client.h"

/* A name of a transfer that nobody else uses. */
#define WCL_CONTENT_REF_SIZE 64
wcl_status wcl_content_make_ref(char ref[WCL_CONTENT_REF_SIZE], wcl_error *error);

typedef struct wcl_content_label {
    const char *key;
    const char *value;
} wcl_content_label;

typedef struct wcl_content_labels {
    const wcl_content_label *items;
    size_t count;
} wcl_content_labels;

/* Gives a blob that is there labels, and the target's lease a hold of it; fails where it is not
 * there or of another size. */
wcl_status wcl_content_hold(const wcl_grpc_target *target, const char *digest, uint64_t size,
                            const wcl_content_labels *labels, wcl_error *error);

/* ---- Reading --------------------------------------------------------------------------------- */

typedef struct wcl_content_reader wcl_content_reader;

/* From the file that it is, where that can be opened. */
wcl_status wcl_content_reader_open(const wcl_grpc_target *target, const char *digest,
                                   wcl_content_reader **reader, wcl_error *error);
/* A wcl_read_fn. */
wcl_status wcl_content_read(void *reader, void *buffer, size_t size, size_t *got, wcl_error *error);
void wcl_content_reader_free(wcl_content_reader *reader);

/* ---- Writing --------------------------------------------------------------------------------- */

typedef struct wcl_content_writer wcl_content_writer;

/* `ref` names the transfer. */
wcl_status wcl_content_writer_open(const wcl_grpc_target *target, const char *ref,
                                   wcl_content_writer **writer, wcl_error *error);
/* A wcl_write_fn. */
wcl_status wcl_content_write(void *writer, const void *data, size_t size, wcl_error *error);

/* The blob is there once this succeeds, or was there before; its digest and size. */
wcl_status wcl_content_commit(wcl_content_writer *writer, const wcl_content_labels *labels,
                              char digest[72], uint64_t *size, wcl_error *error);
void wcl_content_writer_free(wcl_content_writer *writer);

#endif
