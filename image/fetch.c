/*
 * Fetching one layer: its bytes come from the source, are kept as a blob, and are imported
 * meanwhile. Where they are the plain tar, the blob on its way and the staged layer.tar are one
 * file (two links to it), so that what a broken fetch leaves can be resumed, and nothing is
 * written twice; once the layer is in place, only it keeps the file.
 */
#include "image/fetch.h"

#include <stdlib.h>
#include <string.h>

#include "base/beneath.h"
#include "base/error.h"
#include "layer/internal.h"
#include "compress/compress.h"

/* Of a layer: as what was left of it, from zero, and as the layer that another pull made. */
#define TRIES_MAX 3

/* One layer being fetched. */
typedef struct layer {
    const wcl_fetch *fetch;
    wcl_job *job;
    const wcl_descriptor *descriptor;
    const char *id;
    const char *diff_id;
    /* The blob is the tar itself. Such a blob is never committed: the layer's tar is the only copy,
     * so the blob and the layer come into place together, or neither does. */
    bool is_plain;
    /* What an earlier fetch left is linked as another layer's tar too. Whoever wrote to it would
     * change that layer, so it is read if it is whole, and else left alone and begun anew. */
    bool is_shared;
    uint64_t done; /* bytes given to the reader */
    /* Of these, what an earlier fetch left. Nobody knows whether it came from this source: a wrong
     * digest with it is no reason to blame the source, but to try once from zero... */
    uint64_t resumed;
    bool is_anew; /* ...which this is: what an earlier fetch left is not taken any more */
    /* Holds the blob's lock from begin_blob() until the gate is passed; without a descriptor for a
     * plain tar of this machine, which is not kept, and for a blob that is there already... */
    wcl_blob_writer writer;
    int local; /* ...which is this one */
    wcl_blob_stream *stream;
    /* With a code, the source failed. What it gave before is good then and kept, where a failure of
     * the import says that the bytes are bad, and nothing is kept. */
    wcl_error source_error;
} layer;

/* ---- The blob's bytes ----------------------------------------------------------------------- */

static wcl_status read_source(layer *layer, void *buffer, size_t size, size_t *got,
                              wcl_error *error)
{
    wcl_image_source *source = layer->fetch->source;
    wcl_error *why = &layer->source_error;
    wcl_status status = WCL_OK;

    if (!layer->stream)
        status =
            source->ops->open_blob(source, layer->descriptor, layer->done, &layer->stream, why);
    if (status == WCL_OK)
        status = layer->stream->ops->read(layer->stream, buffer, size, got, why);
    if (status == WCL_OK && *got == 0)
        status =
            wcl_fail(why, WCL_CODE_TRUNCATED, "the blob ends after %llu of %llu bytes",
                     (unsigned long long)layer->done, (unsigned long long)layer->descriptor->size);
    if (status != WCL_OK)
        return wcl_error_pass(error, why);
    return layer->writer.fd < 0 ? WCL_OK
                                : wcl_blob_writer_write(&layer->writer, buffer, *got, error);
}

/* A wcl_read_fn: gives as many bytes as the blob is to have, wherever they are. */
static wcl_status read_blob(void *context, void *buffer, size_t size, size_t *got, wcl_error *error)
{
    layer *layer = context;
    uint64_t left = layer->descriptor->size - layer->done;
    wcl_status status;

    *got = 0;
    if (wcl_job_check(layer->job, error) != WCL_OK)
        return WCL_FAILED;
    if (left == 0)
        return WCL_OK;
    if (size > left)
        size = (size_t)left;
    if (layer->local >= 0) {
        status = wcl_pread_full(layer->local, buffer, size, layer->done, got, error);
    } else if (layer->done < layer->resumed) {
        if (size > layer->resumed - layer->done)
            size = (size_t)(layer->resumed - layer->done);
        status = wcl_pread_full(layer->writer.fd, buffer, size, layer->done, got, error);
    } else {
        status = read_source(layer, buffer, size, got, error);
    }
    if (status != WCL_OK)
        return wcl_error_context(error, NULL, layer->descriptor->digest);
    layer->done += *got;
    atomic_store(&layer->job->done, layer->done);
    return WCL_OK;
}

static void close_blob(layer *layer, bool keep)
{
    if (layer->stream)
        layer->stream->ops->free(layer->stream);
    layer->stream = NULL;
    if (layer->local >= 0)
        close(layer->local);
    layer->local = -1;
    wcl_blob_writer_end(&layer->writer, keep);
}

static wcl_status begin_blob(layer *layer, bool *is_there, wcl_error *error)
{
    return wcl_blob_writer_begin(layer->fetch->store, layer->descriptor->digest,
                                 &layer->job->crew->stop, &layer->writer, is_there, error);
}

/*
 * What is left of a plain tar may belong to a layer: to one that is being made of it, whose maker
 * died or waits for its parents, or to one that is in place. It is whole then, or of no use.
 */
static wcl_status settle_shared(layer *layer, bool *is_there, wcl_error *error)
{
    if (layer->writer.fd < 0 || !wcl_blob_writer_is_shared(&layer->writer))
        return WCL_OK;
    wcl_store_clean(&layer->fetch->store->layers);
    layer->is_shared = wcl_blob_writer_is_shared(&layer->writer);
    if (!layer->is_shared || (!layer->is_anew && layer->writer.size == layer->descriptor->size))
        return WCL_OK;
    layer->is_shared = false;
    wcl_blob_writer_end(&layer->writer, false);
    return begin_blob(layer, is_there, error);
}

/* Begins again at zero where what was left is longer than the blob, or led to a failure. */
static wcl_status settle_rest(layer *layer, wcl_error *error)
{
    if (!layer->is_anew && layer->writer.size <= layer->descriptor->size)
        return WCL_OK;
    return layer->writer.size ? wcl_blob_writer_restart(&layer->writer, error) : WCL_OK;
}

/* Finds out where the bytes come from. */
static wcl_status image_fetch_open_blob(layer *layer, wcl_error *error)
{
    const char *digest = layer->descriptor->digest;
    bool is_there = false;

    layer->done = layer->resumed = 0;
    layer->is_shared = false;
    layer->source_error = (wcl_error)WCL_ERROR_INIT;
    /* What is on this machine need not be resumed. */
    if (layer->is_plain && !layer->fetch->source->is_remote)
        return WCL_OK;
    if (begin_blob(layer, &is_there, error) != WCL_OK ||
        settle_shared(layer, &is_there, error) != WCL_OK)
        return WCL_FAILED;
    if (is_there) {
        layer->local = wcl_image_blob_open(layer->fetch->store, digest, NULL, NULL, error);
        return layer->local < 0 ? WCL_FAILED : WCL_OK;
    }
    if (settle_rest(layer, error) != WCL_OK)
        return WCL_FAILED;
    layer->resumed = layer->writer.size;
    return WCL_OK;
}

/* ---- Checking and placing ------------------------------------------------------------------- */

static wcl_status check_digests(const layer *layer, const char *blob, uint64_t size,
                                const char *diff_id, wcl_error *error)
{
    const wcl_descriptor *descriptor = layer->descriptor;

    if (size != descriptor->size)
        return wcl_fail(error, WCL_CODE_CHECKSUM, "the blob has %llu bytes instead of %llu",
                        (unsigned long long)size, (unsigned long long)descriptor->size);
    if (strcmp(blob, descriptor->digest) != 0)
        return wcl_fail(error, WCL_CODE_CHECKSUM, "the blob has the digest %s instead of %s", blob,
                        descriptor->digest);
    if (strcmp(diff_id, layer->diff_id) != 0)
        return wcl_fail(error, WCL_CODE_CHECKSUM,
                        "the layer of the blob %s has the diff ID %s instead of %s", blob, diff_id,
                        layer->diff_id);
    return WCL_OK;
}

static wcl_status place_blob(layer *layer, wcl_error *error)
{
    if (layer->writer.fd < 0)
        return WCL_OK;
    if (!layer->is_plain)
        return wcl_blob_writer_commit(&layer->writer, error);
    /* It is placed with the layer, which may have to wait for a layer of the same blob. */
    wcl_blob_writer_unlock(&layer->writer);
    return WCL_OK;
}

/* The import's layer.tar: of a plain tar, the blob on its way. */
static wcl_status place_tar(void *context, int stage_fd, bool *is_there, wcl_error *error)
{
    const layer *layer = context;

    (void)error;
    *is_there = layer->is_plain && layer->writer.fd >= 0 && !layer->is_shared &&
                wcl_blob_writer_share(&layer->writer, stage_fd, "layer.tar");
    return WCL_OK;
}

/* The import's gate: all of the layer is there, and right. */
static wcl_status pass_gate(void *context, const wcl_import_result *result, wcl_error *error)
{
    layer *layer = context;

    if (check_digests(layer, result->blob_digest, result->blob_size, result->diff_id, error) !=
            WCL_OK ||
        place_blob(layer, error) != WCL_OK)
        return WCL_FAILED;
    atomic_store(&layer->job->state, WCL_TRANSFER_STORING);
    if (wcl_job_await_turn(layer->job, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_image_mark_layer(layer->fetch->store, layer->id, error);
}

/* ---- Importing ------------------------------------------------------------------------------ */

static wcl_status image_fetch_import(layer *layer, wcl_error *error)
{
    const wcl_crew *crew = layer->job->crew;
    const wcl_transfer_options none = { .struct_size = sizeof(none) };
    const wcl_transfer_options *limits = crew->options ? crew->options : &none;
    const wcl_config *config = layer->fetch->config;
    const size_t count = layer->job->number;
    const wcl_import_options options = { .struct_size = sizeof(options),
                                         .os = config->os,
                                         .media_type = layer->descriptor->media_type,
                                         .max_size = limits->max_size,
                                         .max_entries = limits->max_entries,
                                         .max_ratio = limits->max_ratio,
                                         .max_memory = limits->max_memory };
    const wcl_import_gate gate = { place_tar, pass_gate, layer };
    WCL_CLEANUP_FREE const char **parents = calloc(count + 1, sizeof(*parents));

    if (!parents)
        return wcl_fail_memory(error);
    for (size_t i = 0; i < count; i++)
        parents[i] = wcl_digest_digits(config->chain_ids[count - 1 - i]);
    const wcl_import_request request = { .id = layer->id,
                                         .parents = { parents, count },
                                         .read = read_blob,
                                         .context = layer,
                                         .options = &options,
                                         .gate = &gate };
    WCL_CLEANUP_STORE wcl_store store = WCL_STORE_INIT;
    if (wcl_store_make(&crew->layers_driver, &store, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_store_import(&store, &request, NULL, error);
}

/* ---- A blob whose layer is there ------------------------------------------------------------ */

static wcl_status hash_blob(void *context, const void *data, size_t size, wcl_error *error)
{
    return wcl_sha256_update(context, data, size, error);
}

static wcl_status hash_layer(wcl_input *input, wcl_sha256 *sha256, wcl_error *error)
{
    wcl_block *block;
    wcl_status status;

    while ((status = wcl_input_next(input, &block, error)) == WCL_OK) {
        status = wcl_sha256_update(sha256, block->data, block->size, error);
        wcl_block_unref(block);
        if (status != WCL_OK)
            break;
    }
    return status == WCL_END ? WCL_OK : status;
}

static wcl_status finish_hash(wcl_sha256 *sha256, char text[WCL_DIGEST_TEXT_SIZE], wcl_error *error)
{
    uint8_t digest[WCL_SHA256_SIZE];

    if (wcl_sha256_finish(sha256, digest, error) != WCL_OK)
        return WCL_FAILED;
    wcl_digest_format(digest, text);
    return WCL_OK;
}

/* The layer came as another blob before: this one is kept beside it, once it is seen to hold the
 * same tar. */
static wcl_status fetch_blob(layer *layer, wcl_error *error)
{
    char blob[WCL_DIGEST_TEXT_SIZE], diff_id[WCL_DIGEST_TEXT_SIZE];
    wcl_sha256 *blob_sha256 = NULL, *layer_sha256 = NULL;
    wcl_input *input = NULL;

    wcl_status status = wcl_sha256_new(&blob_sha256, error);
    const wcl_transfer_options *limits = layer->job->crew->options;
    const wcl_input_options options = {
        .max_size = wcl_tar_limit(limits ? limits->max_size : 0, WCL_TAR_SIZE_MAX),
        .max_ratio = wcl_tar_limit(limits ? limits->max_ratio : 0, WCL_TAR_RATIO_MAX),
        .tap = hash_blob,
        .tap_context = blob_sha256,
    };
    if (status == WCL_OK)
        status = wcl_sha256_new(&layer_sha256, error);
    if (status == WCL_OK)
        status = wcl_input_open(read_blob, layer, &options, &input, error);
    if (status == WCL_OK)
        status = hash_layer(input, layer_sha256, error);
    wcl_input_free(input);
    if (status == WCL_OK)
        status = finish_hash(blob_sha256, blob, error);
    if (status == WCL_OK)
        status = finish_hash(layer_sha256, diff_id, error);
    if (status == WCL_OK)
        status = check_digests(layer, blob, layer->done, diff_id, error);
    if (status == WCL_OK)
        status = place_blob(layer, error);
    wcl_sha256_free(blob_sha256);
    wcl_sha256_free(layer_sha256);
    return status;
}

/* ---- A layer -------------------------------------------------------------------------------- */

/* Whether a layer of the store has this one's tar and stands on this image's layer below. */
static bool is_same(const layer *layer, const wcl_layer_record *record)
{
    const size_t number = layer->job->number;

    if (!record->diff_id || strcmp(record->diff_id, layer->diff_id) != 0 ||
        record->parent_count != number)
        return false;
    return number == 0 ||
           strcmp(record->parents[0],
                  wcl_digest_digits(layer->fetch->config->chain_ids[number - 1])) == 0;
}

/* Whether the layer is in the store; another one in its place is an error. */
static wcl_status look_for_layer(const layer *layer, bool *is_there, wcl_error *error)
{
    WCL_CLEANUP_STORE_LAYER wcl_store_layer there = WCL_STORE_LAYER_INIT;
    wcl_error inner = WCL_ERROR_INIT;

    *is_there = false;
    if (wcl_store_layer_open(&layer->fetch->store->layers, layer->id, WCL_LOCK_NONE, &there,
                             &inner) != WCL_OK) {
        if (inner.code == WCL_CODE_FILE_NOT_FOUND)
            return WCL_OK;
        return wcl_error_pass(error, &inner);
    }
    if (!is_same(layer, &there.record))
        return wcl_fail(error, WCL_CODE_ALREADY_EXISTS,
                        "there is another layer '%s' in the store; remove it first", layer->id);
    *is_there = true;
    return WCL_OK;
}

/* Whether it failed for what the source failed with, or because all is to end: what came before may
 * be resumed. */
static bool is_interruption(const layer *layer, const wcl_error *why)
{
    return why->code == WCL_CODE_CANCELLED ||
           (layer->source_error.code && why->code == layer->source_error.code &&
            strstr(why->message, layer->source_error.message) != NULL);
}

/* One try. What an earlier fetch left may come from another source, and be anything: whatever it
 * leads to but an interruption is no fault of this one before it was fetched from zero. */
static wcl_status try_layer(layer *layer, bool is_there, wcl_error *error)
{
    wcl_error inner = WCL_ERROR_INIT;

    if (image_fetch_open_blob(layer, error) != WCL_OK)
        return WCL_FAILED;
    atomic_store(&layer->job->state, WCL_TRANSFER_RUNNING);
    wcl_status status = is_there ? fetch_blob(layer, &inner) : image_fetch_import(layer, &inner);
    const bool keep = layer->fetch->source->is_remote && is_interruption(layer, &inner);
    close_blob(layer, keep);
    if (status == WCL_OK)
        return WCL_OK;
    /* Another pull may have been faster. */
    if (inner.code == WCL_CODE_ALREADY_EXISTS && !is_there) {
        if (look_for_layer(layer, &is_there, error) != WCL_OK)
            return WCL_FAILED;
        if (is_there && (layer->is_plain ||
                         wcl_image_blob_exists(layer->fetch->store, layer->descriptor->digest)))
            return WCL_OK;
        if (is_there)
            return WCL_END;
    }
    if (layer->resumed && !keep && !layer->is_anew) {
        layer->is_anew = true;
        return WCL_END;
    }
    return wcl_error_pass(error, &inner);
}

static wcl_status fetch_layer(layer *layer, wcl_error *error)
{
    bool is_there;

    if (look_for_layer(layer, &is_there, error) != WCL_OK)
        return WCL_FAILED;
    if (is_there && (layer->is_plain ||
                     wcl_image_blob_exists(layer->fetch->store, layer->descriptor->digest))) {
        atomic_store(&layer->job->done, layer->descriptor->size);
        atomic_store(&layer->job->state, WCL_TRANSFER_PRESENT);
        return WCL_OK;
    }
    wcl_status status = WCL_END;
    for (int tries = 0; tries < TRIES_MAX && status == WCL_END; tries++) {
        if (tries && look_for_layer(layer, &is_there, error) != WCL_OK)
            return WCL_FAILED;
        status = try_layer(layer, is_there, error);
    }
    if (status == WCL_END)
        status = wcl_fail(error, WCL_CODE_BUSY, "others keep changing the layer '%s'", layer->id);
    if (status == WCL_OK)
        atomic_store(&layer->job->state, WCL_TRANSFER_DONE);
    return status;
}

wcl_status wcl_fetch_layer(void *context, wcl_job *job, wcl_error *error)
{
    const wcl_fetch *fetch = context;
    layer layer = { .fetch = fetch,
                    .job = job,
                    .descriptor = &fetch->manifest->layers[job->number],
                    .id = wcl_digest_digits(fetch->config->chain_ids[job->number]),
                    .diff_id = fetch->config->diff_ids[job->number],
                    .writer = WCL_BLOB_WRITER_INIT,
                    .local = -1 };

    layer.is_plain = strcmp(layer.descriptor->digest, layer.diff_id) == 0;
    if (fetch_layer(&layer, error) != WCL_OK)
        return WCL_FAILED;
    wcl_job_place(job);
    return WCL_OK;
}

/* ---- Small blobs ---------------------------------------------------------------------------- */

static wcl_status read_small(wcl_blob_stream *stream, const wcl_descriptor *descriptor,
                             wcl_buffer *data, wcl_error *error)
{
    const size_t size = (size_t)descriptor->size;

    if (wcl_buffer_reserve(data, size, error) != WCL_OK)
        return WCL_FAILED;
    while (data->size < size) {
        size_t got = 0;
        if (stream->ops->read(stream, data->data + data->size, size - data->size, &got, error) !=
            WCL_OK)
            return WCL_FAILED;
        if (got == 0)
            return wcl_fail(error, WCL_CODE_TRUNCATED, "the blob ends after %zu of %zu bytes",
                            data->size, size);
        data->size += got;
    }
    return WCL_OK;
}

wcl_status wcl_fetch_small(const wcl_image_store *store, wcl_image_source *source,
                           const wcl_descriptor *descriptor, size_t limit, wcl_buffer *data,
                           wcl_error *error)
{
    char digest[WCL_DIGEST_TEXT_SIZE];
    wcl_blob_stream *stream = NULL;

    if (descriptor->size > limit)
        return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE,
                        "the blob %s has %llu bytes, more than the %zu allowed", descriptor->digest,
                        (unsigned long long)descriptor->size, limit);
    wcl_status status = wcl_image_blob_find(store, descriptor->digest, limit, data, error);
    if (status != WCL_END)
        return status;
    status = source->ops->open_blob(source, descriptor, 0, &stream, error);
    if (status == WCL_OK)
        status = read_small(stream, descriptor, data, error);
    if (stream)
        stream->ops->free(stream);
    if (status == WCL_OK)
        status = wcl_digest_of(data->data, data->size, digest, error);
    if (status == WCL_OK && strcmp(digest, descriptor->digest) != 0)
        status = wcl_fail(error, WCL_CODE_CHECKSUM, "the blob has the digest %s", digest);
    return status == WCL_OK ? WCL_OK : wcl_error_context(error, NULL, descriptor->digest);
}
