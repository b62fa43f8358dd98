/* Importing a layer's tar: the input is hashed as it is inflated, and again as it is read, while
 * its entries go to the layer's writer. */
#include "layer/vmcompute/import_tar.h"

#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/hooks.h"
#include "compress/compress.h"

typedef struct tar_import {
    wcl_input *input;
    wcl_block *block; /* the one at hand, NULL for none */
    size_t position;  /* in it */
    uint64_t size;    /* bytes of the tar so far */
    wcl_sha256 *tar;
    wcl_sha256 *blob;
    const wcl_hooks *hooks; /* the caller's */
    uint64_t entries;
} tar_import;

static wcl_status hash_blob(void *context, const void *data, size_t size, wcl_error *error)
{
    return wcl_sha256_update(((tar_import *)context)->blob, data, size, error);
}

/* Goes on to the next block; WCL_END at the end. */
static wcl_status next_block(tar_import *import, wcl_error *error)
{
    wcl_block_unref(import->block);
    import->block = NULL;
    import->position = 0;
    wcl_status status = wcl_input_next(import->input, &import->block, error);
    if (status != WCL_OK)
        return status;
    import->size += import->block->size;
    return wcl_sha256_update(import->tar, import->block->data, import->block->size, error);
}

static wcl_status read_tar(void *context, void *buffer, size_t size, size_t *got, wcl_error *error)
{
    tar_import *import = context;

    *got = 0;
    if (!import->block || import->position == import->block->size) {
        wcl_status status = next_block(import, error);
        if (status != WCL_OK)
            return status == WCL_END ? WCL_OK : status;
    }
    size_t left = import->block->size - import->position;
    *got = size < left ? size : left;
    memcpy(buffer, import->block->data + import->position, *got);
    import->position += *got;
    return WCL_OK;
}

/* What is behind the end of the archive belongs to the tar, and to its digest. */
static wcl_status read_rest(tar_import *import, wcl_error *error)
{
    wcl_status status;

    do
        status = next_block(import, error);
    while (status == WCL_OK);
    return status == WCL_END ? WCL_OK : status;
}

static bool count_entries(void *context, const wcl_progress *progress)
{
    tar_import *import = context;

    import->entries = progress->entries;
    return wcl_hooks_is_cancelled(import->hooks, progress);
}

static bool is_digest(const char *expected, const char *digest)
{
    return strcmp(expected, digest) == 0 || strcmp(expected, digest + strlen("sha256:")) == 0;
}

static wcl_status check_digests(tar_import *import, const wcl_import_options *options,
                                wcl_import_result *result, wcl_error *error)
{
    const char *expected = options->expect_digest;
    uint8_t digest[WCL_SHA256_SIZE];

    if (wcl_sha256_finish(import->tar, digest, error) != WCL_OK)
        return WCL_FAILED;
    wcl_digest_format(digest, result->diff_id);
    if (wcl_input_compression(import->input) != WCL_COMPRESSION_NONE &&
        wcl_sha256_finish(import->blob, digest, error) != WCL_OK)
        return WCL_FAILED;
    wcl_digest_format(digest, result->blob_digest);
    if (expected && !is_digest(expected, result->diff_id) &&
        !is_digest(expected, result->blob_digest))
        return wcl_fail(error, WCL_CODE_CHECKSUM,
                        "the digest is %s (uncompressed %s), not %s as expected",
                        result->blob_digest, result->diff_id, expected);
    return WCL_OK;
}

/* Copies the entries to the writer and takes the rest of the tar. */
static wcl_status import_tar_copy(tar_import *import, wcl_layer_writer *writer,
                                  const wcl_import_options *options, wcl_error *error)
{
    const wcl_tar_reader_options tar = { .struct_size = sizeof(tar), .os = WCL_OS_WINDOWS };
    const wcl_hooks hooks = { .struct_size = sizeof(hooks),
                              .context = import,
                              .progress = count_entries };
    wcl_layer_reader *reader = NULL;

    if (options->os == WCL_OS_LINUX)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "vmcompute.dll keeps layers of Windows, and this is one of Linux");
    if (wcl_tar_reader_open(read_tar, import, &tar, &reader, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = wcl_layer_copy(reader, writer, &hooks, error);
    if (wcl_layer_reader_close(reader, status == WCL_OK ? error : NULL) != WCL_OK)
        status = WCL_FAILED;
    return status == WCL_OK ? read_rest(import, error) : status;
}

static wcl_status import_to(tar_import *import, wcl_layer_writer *writer,
                            const wcl_import_options *options, wcl_import_result *result,
                            wcl_error *error)
{
    wcl_status status = import_tar_copy(import, writer, options, error);

    if (status == WCL_OK)
        status = check_digests(import, options, result, error);
    if (status == WCL_OK)
        return wcl_layer_writer_close(writer, error);
    wcl_layer_writer_abort(writer);
    return status;
}

static wcl_status import_tar_begin(tar_import *import, wcl_read_fn read, void *context,
                                   const wcl_import_options *options, wcl_error *error)
{
    const wcl_input_options input = { .max_size = options->max_size,
                                      .tap = hash_blob,
                                      .tap_context = import };
    uint8_t digest[WCL_SHA256_SIZE];

    if (options->expect_digest && wcl_digest_parse(options->expect_digest, digest, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_sha256_new(&import->tar, error) != WCL_OK ||
        wcl_sha256_new(&import->blob, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_input_open(read, context, &input, &import->input, error);
}

static void import_tar_end(tar_import *import)
{
    wcl_block_unref(import->block);
    wcl_input_free(import->input);
    wcl_sha256_free(import->tar);
    wcl_sha256_free(import->blob);
}

wcl_status wcl_vm_import_tar(const wcl_driver *driver, const char *id, wcl_parents parents,
                             wcl_read_fn read, void *context, const wcl_import_options *options,
                             wcl_import_result *result, wcl_error *error)
{
    tar_import import = { .hooks = driver->hooks };
    wcl_import_result made = { .struct_size = sizeof(made), .os = WCL_OS_WINDOWS };
    wcl_layer_writer *writer = NULL;

    wcl_status status = import_tar_begin(&import, read, context, options, error);
    if (status == WCL_OK)
        status = wcl_vm_writer_open(driver, id, parents, &writer, error);
    if (status == WCL_OK)
        status = import_to(&import, writer, options, &made, error);
    if (status == WCL_OK) {
        snprintf(made.kind, sizeof(made.kind), "%s", parents.count ? "layer" : "base");
        made.blob_size = wcl_input_consumed(import.input);
        made.size = import.size;
        made.entries = import.entries;
        *result = made;
    }
    import_tar_end(&import);
    return status;
}
