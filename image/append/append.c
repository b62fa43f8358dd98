/* Appending a layer to an image. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/options.h"
#include "base/spool.h"
#include "image/append/config.h"
#include "image/append/layer.h"
#include "image/engine.h"
#include "compress/compress.h"
#include "layer/internal.h"

#define SPOOL_MEMORY (4u * 1024 * 1024)

/* The new image, as the engine takes it. */
typedef struct new_image {
    wcl_image_source source;
    const wcl_driver *driver;
    const wcl_image_append_options *options;
    wcl_append_blob blob;
    wcl_append_made made;
    wcl_os os;
    wcl_sha256 *tar_digest;
    wcl_sha256 *blob_digest;
    wcl_output *output;
    wcl_spool spool; /* the layer's blob */
    cJSON *config_json;
    cJSON *manifest_json;
    char *config;
    char *manifest;
    char config_digest[WCL_DIGEST_TEXT_SIZE];
} new_image;

/* ---- The layer's blob ----------------------------------------------------------------------- */

static wcl_status take_blob(void *context, const void *data, size_t size, wcl_error *error)
{
    new_image *image = context;

    if (wcl_sha256_update(image->blob_digest, data, size, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_spool_append(&image->spool, data, size, error);
}

static wcl_status take_tar(void *context, const void *data, size_t size, wcl_error *error)
{
    new_image *image = context;

    if (wcl_sha256_update(image->tar_digest, data, size, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_output_write(image->output, data, size, error);
}

static wcl_status finish_digest(wcl_sha256 *sha256, char text[WCL_DIGEST_TEXT_SIZE],
                                wcl_error *error)
{
    uint8_t digest[WCL_SHA256_SIZE];

    if (wcl_sha256_finish(sha256, digest, error) != WCL_OK)
        return WCL_FAILED;
    wcl_digest_format(digest, text);
    return WCL_OK;
}

static wcl_status write_layer(new_image *image, const wcl_append_layer *layer, const char *input,
                              wcl_error *error)
{
    const wcl_append_tar given = { .name = "-",
                                   .fd = -1,
                                   .read = image->options->read,
                                   .context = image->options->read_context,
                                   .hooks = layer->hooks,
                                   .max_size = image->options->max_size,
                                   .max_entries = image->options->max_entries,
                                   .max_ratio = image->options->max_ratio };
    wcl_append_source *source = NULL;
    wcl_layer_writer *writer = NULL;

    wcl_status status = input ? wcl_append_source_open(input, &given, &source, error)
                              : wcl_append_tar_open(&given, &source, error);
    if (status == WCL_OK)
        status = wcl_tar_writer_open(take_tar, image, NULL, &writer, error);
    if (status == WCL_OK)
        status = wcl_append_layer_write(layer, source, writer, &image->made, error);
    if (status == WCL_OK)
        status = wcl_layer_writer_close(writer, error);
    else
        wcl_layer_writer_abort(writer);
    wcl_append_source_free(source);
    return status;
}

static wcl_status make_blob(new_image *image, const wcl_append_layer *layer, const char *input,
                            wcl_error *error)
{
    if (wcl_sha256_new(&image->tar_digest, error) != WCL_OK ||
        wcl_sha256_new(&image->blob_digest, error) != WCL_OK ||
        wcl_output_open(take_blob, image, WCL_COMPRESSION_GZIP, 0, &image->output, error) !=
            WCL_OK ||
        write_layer(image, layer, input, error) != WCL_OK ||
        wcl_output_finish(image->output, error) != WCL_OK ||
        finish_digest(image->tar_digest, image->blob.diff_id, error) != WCL_OK ||
        finish_digest(image->blob_digest, image->blob.digest, error) != WCL_OK)
        return WCL_FAILED;
    image->blob.size = image->spool.size;
    image->blob.created = image->made.newest;
    if (image->options->has_epoch)
        image->blob.created = (struct timespec) { .tv_sec = image->options->epoch };
    return WCL_OK;
}

/* ---- As the engine's source ----------------------------------------------------------------- */

typedef struct new_stream {
    wcl_blob_stream stream;
    const new_image *image;
    bool is_config;
    uint64_t position;
} new_stream;

static wcl_status stream_read(wcl_blob_stream *base, void *buffer, size_t size, size_t *got,
                              wcl_error *error)
{
    new_stream *stream = (new_stream *)base;
    const new_image *image = stream->image;
    uint64_t total = stream->is_config ? strlen(image->config) : image->spool.size;
    uint64_t left = total - stream->position;

    *got = left < size ? (size_t)left : size;
    if (*got == 0)
        return WCL_OK;
    if (stream->is_config)
        memcpy(buffer, image->config + stream->position, *got);
    else if (wcl_spool_read(&image->spool, stream->position, buffer, *got, error) != WCL_OK)
        return WCL_FAILED;
    stream->position += *got;
    return WCL_OK;
}

static void stream_free(wcl_blob_stream *base)
{
    free(base);
}

static const wcl_blob_stream_ops stream_ops = { .read = stream_read, .free = stream_free };

static wcl_status append_get_manifest(wcl_image_source *base, const char *reference,
                                      wcl_buffer *text, char media_type[128], wcl_error *error)
{
    const new_image *image = (const new_image *)base;

    (void)reference;
    (void)media_type;
    return wcl_buffer_append_text(text, image->manifest, error);
}

static wcl_status append_open_blob(wcl_image_source *base, const wcl_descriptor *descriptor,
                                   uint64_t offset, wcl_blob_stream **stream, wcl_error *error)
{
    const new_image *image = (const new_image *)base;
    bool is_config = strcmp(descriptor->digest, image->config_digest) == 0;

    if (!is_config && strcmp(descriptor->digest, image->blob.digest) != 0)
        return wcl_fail(error, WCL_CODE_FILE_NOT_FOUND,
                        "the layer %s of the image that is appended to is not in the store",
                        descriptor->digest);
    new_stream *made = calloc(1, sizeof(*made));
    if (!made)
        return wcl_fail_memory(error);
    made->stream.ops = &stream_ops;
    made->image = image;
    made->is_config = is_config;
    made->position = offset;
    *stream = &made->stream;
    return WCL_OK;
}

static void source_free(wcl_image_source *base)
{
    (void)base; /* whoever appends frees it */
}

static const wcl_image_source_ops source_ops = { .get_manifest = append_get_manifest,
                                                 .open_blob = append_open_blob,
                                                 .free = source_free };

/* ---- Documents ------------------------------------------------------------------------------ */

static wcl_status append_parse(char *text, size_t size, size_t limit, cJSON **json,
                               wcl_error *error)
{
    wcl_status status = wcl_json_parse(text, size, limit, json, error);

    wcl_free(text);
    return status;
}

/* Takes over what the base has; `base` NULL stands for an image of nothing. */
static wcl_status load_base(new_image *image, const char *base, const wcl_image_info *info,
                            wcl_error *error)
{
    size_t size;
    char *text;

    if (!base)
        return wcl_append_scratch(image->options->platform, &image->config_json,
                                  &image->manifest_json, error);
    if (wcl_image_config(image->driver, info->digest, &text, &size, error) != WCL_OK ||
        append_parse(text, size, WCL_CONFIG_SIZE_MAX, &image->config_json, error) != WCL_OK ||
        wcl_image_manifest(image->driver, info->digest, &text, &size, error) != WCL_OK)
        return WCL_FAILED;
    return append_parse(text, size, WCL_MANIFEST_SIZE_MAX, &image->manifest_json, error);
}

static wcl_status make_documents(new_image *image, wcl_error *error)
{
    if (wcl_append_config(image->config_json, image->options, &image->blob, error) != WCL_OK)
        return WCL_FAILED;
    image->config = wcl_json_print(image->config_json);
    if (!image->config)
        return wcl_fail_memory(error);
    size_t size = strlen(image->config);
    if (wcl_digest_of(image->config, size, image->config_digest, error) != WCL_OK ||
        wcl_append_manifest(image->manifest_json, &image->blob, image->config, size, error) !=
            WCL_OK)
        return WCL_FAILED;
    image->manifest = wcl_json_print(image->manifest_json);
    return image->manifest ? WCL_OK : wcl_fail_memory(error);
}

/* ---- The whole ------------------------------------------------------------------------------ */

static void free_image(new_image *image)
{
    wcl_output_free(image->output);
    wcl_sha256_free(image->tar_digest);
    wcl_sha256_free(image->blob_digest);
    wcl_spool_free(&image->spool);
    cJSON_Delete(image->config_json);
    cJSON_Delete(image->manifest_json);
    wcl_free(image->config);
    wcl_free(image->manifest);
}

static wcl_status settle_os(new_image *image, const wcl_image_info *info, wcl_error *error)
{
    const wcl_platform *wanted = image->options->platform;
    const char *wanted_os = wanted ? wanted->os : "";
    const char *os = info ? info->platform.os : wanted_os;

    image->os = strcmp(os, "windows") == 0 ? WCL_OS_WINDOWS : WCL_OS_LINUX;
    if (!*wanted_os || strcmp(wanted_os, os) == 0)
        return WCL_OK;
    return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                    "cannot append to an image for %s a layer for %s", os, wanted_os);
}

static wcl_status make_image(new_image *image, const char *base, const wcl_image_info *info,
                             const char *input, wcl_error *error)
{
    const wcl_image_append_options *options = image->options;
    wcl_append_layer layer = { .to = options->to,
                               .deleted = options->deleted,
                               .deleted_count = options->deleted_count,
                               .sddl = options->sddl,
                               .folder_sddl = options->folder_sddl,
                               .owner = options->owner,
                               .has_epoch = options->has_epoch,
                               .epoch = options->epoch,
                               .hooks = image->driver->hooks };

    if (settle_os(image, info, error) != WCL_OK || load_base(image, base, info, error) != WCL_OK)
        return WCL_FAILED;
    layer.os = image->os;
    if (info && info->layer_count > 0 &&
        wcl_append_base_open(image->driver, info->layers[0], &layer.base, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = make_blob(image, &layer, input, error);
    wcl_append_base_free(layer.base);
    return status == WCL_OK ? make_documents(image, error) : status;
}

/* An empty text in the options is none. */
static void drop_empty_texts(wcl_image_append_options *options)
{
    const char **const texts[] = { &options->to,      &options->sddl,       &options->folder_sddl,
                                   &options->owner,   &options->entrypoint, &options->cmd,
                                   &options->workdir, &options->user };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        *texts[i] = wcl_text_or_null(*texts[i]);
}

wcl_status wcl_image_append(const wcl_driver *driver, const char *base, const char *input,
                            const char *name, const wcl_image_append_options *options,
                            wcl_image_info **made, wcl_error *error)
{
    wcl_driver own;
    wcl_image_append_options chosen = WCL_IMAGE_APPEND_OPTIONS_INIT;
    WCL_CLEANUP_FREE wcl_image_info *info = NULL;
    WCL_CLEANUP_FREE wcl_reference *reference = NULL;
    new_image image = { .source = { .ops = &source_ops }, .driver = &own, .options = &chosen };

    if (made)
        *made = NULL;
    base = wcl_text_or_null(base);
    input = wcl_text_or_null(input);
    wcl_spool_init(&image.spool, SPOOL_MEMORY);
    wcl_status status = wcl_driver_take(&driver, &own, __func__, error);
    if (status == WCL_OK)
        status = WCL_TAKE(wcl_image_append_options, &chosen, options, __func__, error);
    drop_empty_texts(&chosen);
    if (status == WCL_OK)
        status = wcl_reference_parse(name, &reference, error);
    if (status == WCL_OK && base)
        status = wcl_image_get_info(driver, base, &info, error);
    if (status == WCL_OK && !input && !image.options->read)
        status = wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "there is nothing to append");
    if (status == WCL_OK && !base && !image.options->platform)
        status = wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                          "an image on nothing needs a platform; say which");
    if (status == WCL_OK)
        status = make_image(&image, base, info, input, error);
    if (status == WCL_OK) {
        const wcl_transfer_options limits = { .struct_size = sizeof(limits),
                                              .max_size = image.options->max_size,
                                              .max_entries = image.options->max_entries,
                                              .max_ratio = image.options->max_ratio };
        const wcl_pull_request request = {
            driver, &image.source, reference->name, (const char *const *)&reference->name,
            1,      &limits
        };
        status = wcl_image_pull_from(&request, made, error);
    }
    free_image(&image);
    return status == WCL_OK ? WCL_OK : wcl_error_context(error, "append", name);
}
