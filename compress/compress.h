/* Compressed input and output, with the work on threads of its own, in bounded memory. */
#ifndef WCL_COMPRESS_COMPRESS_H
#define WCL_COMPRESS_COMPRESS_H

#include <wcl/compression.h>

#include "compress/block.h"

/* The media types of plain layers, to which those of compressed ones add. */
#define WCL_MEDIA_OCI_LAYER "application/vnd.oci.image.layer.v1.tar"
#define WCL_MEDIA_DOCKER_LAYER "application/vnd.docker.image.rootfs.diff.tar"

/* Bytes of input that tell its compression. */
#define WCL_COMPRESSION_MAGIC_SIZE 10

/* The compression of what begins with these bytes. */
wcl_compression wcl_compression_recognise(const void *data, size_t size);

/* ---- Input ---------------------------------------------------------------------------------- */

typedef struct wcl_input wcl_input;

typedef struct wcl_input_options {
    /* More decompressed bytes than this are refused with WCL_CODE_FILE_TOO_LARGE; 0: no limit. */
    uint64_t max_size;
    /* More decompressed bytes than this of each compressed one are, behind the first
     * WCL_COMPRESSION_RATIO_FREE; 0: no limit. */
    uint64_t max_ratio;
    /* Sees all compressed bytes, in order, on the reading thread (for the blob's digest); of plain
     * input, whose blocks hold the same bytes, it sees nothing. May be NULL. */
    wcl_write_fn tap;
    void *tap_context;
    /* Blocks that there are, of 512 KiB each; 0: 16, enough to ride out a consumer's pauses and
     * small beside the rest of a program. */
    unsigned blocks;
} wcl_input_options;

/*
 * Recognises the compression of what `read` gives by its first bytes and decompresses it on a
 * thread of its own. `options` may be NULL. What is still unread at the end of a gzip member is
 * another member, or padding of zeros; anything else is an error. Waits for the first bytes. `read`
 * and the tap are called from that thread alone, until the end or wcl_input_free(). Who holds
 * more than three quarters of the blocks waits for ever for the next.
 */
wcl_status wcl_input_open(wcl_read_fn read, void *context, const wcl_input_options *options,
                          wcl_input **input, wcl_error *error);

/*
 * The next block of decompressed bytes, never empty, which the caller unrefs; WCL_END at the end. A
 * failure comes behind the bytes that were good: WCL_CODE_TRUNCATED, _CHECKSUM, _CORRUPT,
 * _FILE_TOO_LARGE, or what `read` failed with.
 */
wcl_status wcl_input_next(wcl_input *input, wcl_block **block, wcl_error *error);

wcl_compression wcl_input_compression(const wcl_input *input);
/* Compressed bytes taken so far. Any thread. */
uint64_t wcl_input_consumed(const wcl_input *input);
/* Stops the thread and frees; a call of `read` that is under way is waited for. Blocks that are
 * still held must be given back first. */
void wcl_input_free(wcl_input *input);

/* ---- Output --------------------------------------------------------------------------------- */

typedef struct wcl_output wcl_output;

/* Compresses what it is given and passes it on to `write`, from the calling thread, in order. The
 * bytes do not depend on the number of threads. `level` 0 is the usual one. */
wcl_status wcl_output_open(wcl_write_fn write, void *context, wcl_compression compression,
                           int level, wcl_output **output, wcl_error *error);
wcl_status wcl_output_write(wcl_output *output, const void *data, size_t size, wcl_error *error);
/* Passes on everything that is left. */
wcl_status wcl_output_finish(wcl_output *output, wcl_error *error);
void wcl_output_free(wcl_output *output);

#endif
