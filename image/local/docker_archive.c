/*
 * Docker archives as sources: manifest.json says which config and which layers an image has. The
 * manifest that such an image lacks is made up from these: Docker's schema 2, of the layers as they
 * lie there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/list.h"
#include "image/descriptor.h"
#include "image/local/sources.h"
#include "compress/compress.h"

#define LIST_SIZE_MAX ((size_t)16 * 1024 * 1024)
#define READ_SIZE (256 * 1024)
/* Files of all images, and names of one. */
#define BLOBS_MAX 8192
#define NAMES_MAX 1000

/* A file of the archive that a manifest names by its digest. */
typedef struct blob {
    char digest[WCL_DIGEST_TEXT_SIZE];
    char *name;
} blob;

typedef struct docker_archive {
    wcl_image_source base;
    const wcl_bundle *bundle;
    cJSON *list; /* manifest.json */
    blob *blobs;
    size_t blob_count;
    size_t capacity;
} docker_archive;

/* ---- Blobs ---------------------------------------------------------------------------------- */

/* The file's blob, where the archive's images had it before: it is hashed once, however many of
 * them have it. */
static const blob *find_blob(const docker_archive *archive, const char *name)
{
    for (size_t i = 0; i < archive->blob_count; i++)
        if (strcmp(archive->blobs[i].name, name) == 0)
            return &archive->blobs[i];
    return NULL;
}

static wcl_status add_blob(docker_archive *archive, const char *digest, const char *name,
                           wcl_error *error)
{
    if (archive->blob_count == BLOBS_MAX)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "the archive's images have more than %d files", BLOBS_MAX);
    if (WCL_LIST_RESERVE(archive->blobs, archive->blob_count, archive->capacity, error) != WCL_OK)
        return WCL_FAILED;
    blob *added = &archive->blobs[archive->blob_count];
    snprintf(added->digest, sizeof(added->digest), "%s", digest);
    added->name = strdup(name);
    if (!added->name)
        return wcl_fail_memory(error);
    archive->blob_count++;
    return WCL_OK;
}

static wcl_status hash_stream(const wcl_bundle *bundle, wcl_blob_stream *stream, wcl_sha256 *sha256,
                              wcl_error *error)
{
    WCL_CLEANUP_FREE uint8_t *buffer = malloc(READ_SIZE);
    uint64_t done = 0;
    size_t got = 1;

    if (!buffer)
        return wcl_fail_memory(error);
    while (got) {
        if (stream->ops->read(stream, buffer, READ_SIZE, &got, error) != WCL_OK ||
            wcl_sha256_update(sha256, buffer, got, error) != WCL_OK)
            return WCL_FAILED;
        done += got;
        if (wcl_bundle_report(bundle, done, error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

static wcl_status hash_file(const wcl_bundle *bundle, const char *name,
                            char digest[WCL_DIGEST_TEXT_SIZE], wcl_error *error)
{
    uint8_t sum[WCL_SHA256_SIZE];
    wcl_blob_stream *stream = NULL;
    wcl_sha256 *sha256 = NULL;

    wcl_status status = wcl_sha256_new(&sha256, error);
    if (status == WCL_OK)
        status = wcl_bundle_stream(bundle, name, 0, &stream, error);
    if (status == WCL_OK)
        status = hash_stream(bundle, stream, sha256, error);
    if (status == WCL_OK)
        status = wcl_sha256_finish(sha256, sum, error);
    if (status == WCL_OK)
        wcl_digest_format(sum, digest);
    if (stream)
        stream->ops->free(stream);
    wcl_sha256_free(sha256);
    return status;
}

/* The compression that a file's first bytes tell of. */
static wcl_status recognise(const wcl_bundle *bundle, const char *name,
                            wcl_compression *compression, wcl_error *error)
{
    uint8_t first[WCL_COMPRESSION_MAGIC_SIZE];
    size_t got = 0;
    wcl_blob_stream *stream;

    if (wcl_bundle_stream(bundle, name, 0, &stream, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = stream->ops->read(stream, first, sizeof(first), &got, error);
    stream->ops->free(stream);
    *compression = wcl_compression_recognise(first, got);
    return status;
}

/* ---- Making up a manifest ------------------------------------------------------------------- */

static bool add_descriptor(cJSON *json, const char *media_type, uint64_t size, const char *digest)
{
    return cJSON_AddStringToObject(json, "mediaType", media_type) &&
           wcl_json_add_u64(json, "size", size) && cJSON_AddStringToObject(json, "digest", digest);
}

/* A plain tar has the digest that the config says, or is refused when it is imported; only what is
 * compressed must be read beforehand. */
static wcl_status digest_of_layer(const docker_archive *archive, const char *name,
                                  wcl_compression compression, const cJSON *diff_id,
                                  char digest[WCL_DIGEST_TEXT_SIZE], wcl_error *error)
{
    if (compression != WCL_COMPRESSION_NONE || !cJSON_IsString(diff_id) ||
        wcl_digest_check(diff_id->valuestring, NULL) != WCL_OK)
        return hash_file(archive->bundle, name, digest, error);
    snprintf(digest, WCL_DIGEST_TEXT_SIZE, "%s", diff_id->valuestring);
    return WCL_OK;
}

/* The digest that the layer is a blob by. What the config says of a plain tar is not known to be
 * right: another image may say another. */
static wcl_status name_layer(docker_archive *archive, const char *name, wcl_compression compression,
                             const cJSON *diff_id, char digest[WCL_DIGEST_TEXT_SIZE],
                             wcl_error *error)
{
    const blob *known = compression == WCL_COMPRESSION_NONE ? NULL : find_blob(archive, name);

    if (known) {
        snprintf(digest, WCL_DIGEST_TEXT_SIZE, "%s", known->digest);
        return WCL_OK;
    }
    if (digest_of_layer(archive, name, compression, diff_id, digest, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i < archive->blob_count; i++)
        if (strcmp(archive->blobs[i].digest, digest) == 0 &&
            strcmp(archive->blobs[i].name, name) == 0)
            return WCL_OK;
    return add_blob(archive, digest, name, error);
}

static wcl_status add_layer(docker_archive *archive, cJSON *layers, const char *name,
                            const cJSON *diff_id, wcl_error *error)
{
    WCL_CLEANUP_BUNDLE_FILE wcl_bundle_file file = { .fd = -1 };
    char digest[WCL_DIGEST_TEXT_SIZE];
    wcl_compression compression;

    if (wcl_bundle_find(archive->bundle, name, &file, error) != WCL_OK ||
        recognise(archive->bundle, name, &compression, error) != WCL_OK ||
        name_layer(archive, name, compression, diff_id, digest, error) != WCL_OK)
        return wcl_error_context(error, NULL, name);
    const char *media_type = wcl_compression_info_of(compression)->docker_media_type;
    cJSON *layer = cJSON_CreateObject();
    if (!layer || !cJSON_AddItemToArray(layers, layer) ||
        !add_descriptor(layer, media_type ? media_type : WCL_MEDIA_DOCKER_LAYER, file.size, digest))
        return wcl_fail_memory(error);
    return WCL_OK;
}

static wcl_status add_config(docker_archive *archive, cJSON *manifest, const char *name,
                             cJSON **json, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;
    char digest[WCL_DIGEST_TEXT_SIZE];

    if (wcl_bundle_read(archive->bundle, name, WCL_CONFIG_SIZE_MAX, &text, error) != WCL_OK ||
        wcl_json_parse(wcl_buffer_text(&text), text.size, WCL_CONFIG_SIZE_MAX, json, error) !=
            WCL_OK ||
        wcl_digest_of(text.data, text.size, digest, error) != WCL_OK ||
        add_blob(archive, digest, name, error) != WCL_OK)
        return wcl_error_context(error, NULL, name);
    cJSON *config = cJSON_AddObjectToObject(manifest, "config");
    return config && add_descriptor(config, WCL_MEDIA_DOCKER_CONFIG, text.size, digest)
               ? WCL_OK
               : wcl_fail_memory(error);
}

static wcl_status make_manifest(docker_archive *archive, const cJSON *item, cJSON *manifest,
                                wcl_error *error)
{
    const cJSON *names = cJSON_GetObjectItemCaseSensitive(item, "Layers");
    const cJSON *name, *diff_id;
    WCL_CLEANUP_JSON cJSON *config_json = NULL;
    const char *config = "";

    if (wcl_json_get_text(item, "Config", &config, error) != WCL_OK)
        return WCL_FAILED;
    if ((names && !cJSON_IsArray(names) && !cJSON_IsNull(names)) ||
        (cJSON_IsArray(names) && cJSON_GetArraySize(names) > WCL_LAYERS_MAX))
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "'Layers' is not a list of at most %d names",
                        WCL_LAYERS_MAX);
    if (!wcl_json_add_u64(manifest, "schemaVersion", 2) ||
        !cJSON_AddStringToObject(manifest, "mediaType", WCL_MEDIA_DOCKER_MANIFEST))
        return wcl_fail_memory(error);
    if (add_config(archive, manifest, config, &config_json, error) != WCL_OK)
        return WCL_FAILED;
    cJSON *layers = cJSON_AddArrayToObject(manifest, "layers");
    if (!layers)
        return wcl_fail_memory(error);
    const cJSON *rootfs = cJSON_GetObjectItemCaseSensitive(config_json, "rootfs");
    const cJSON *diff_ids = cJSON_GetObjectItemCaseSensitive(rootfs, "diff_ids");
    diff_id = cJSON_IsArray(diff_ids) ? diff_ids->child : NULL;
    if (cJSON_IsArray(names)) {
        cJSON_ArrayForEach(name, names)
        {
            if (!cJSON_IsString(name))
                return wcl_fail(error, WCL_CODE_INVALID_DATA,
                                "'Layers' has an item that is not a string");
            if (add_layer(archive, layers, name->valuestring, diff_id, error) != WCL_OK)
                return WCL_FAILED;
            diff_id = diff_id ? diff_id->next : NULL;
        }
    }
    return WCL_OK;
}

/* ---- The source ----------------------------------------------------------------------------- */

/* The reference is the image's number in manifest.json. */
static wcl_status docker_archive_get_manifest(wcl_image_source *base, const char *reference,
                                              wcl_buffer *text, char media_type[128],
                                              wcl_error *error)
{
    docker_archive *archive = (docker_archive *)base;
    const cJSON *item = cJSON_GetArrayItem(archive->list, atoi(reference));
    WCL_CLEANUP_JSON cJSON *manifest = cJSON_CreateObject();

    if (!manifest)
        return wcl_fail_memory(error);
    if (make_manifest(archive, item, manifest, error) != WCL_OK)
        return wcl_error_context(error, NULL, "manifest.json");
    WCL_CLEANUP_FREE char *printed = wcl_json_print_pretty(manifest);
    if (!printed)
        return wcl_fail_memory(error);
    snprintf(media_type, 128, "%s", WCL_MEDIA_DOCKER_MANIFEST);
    return wcl_buffer_append_text(text, printed, error);
}

static wcl_status docker_archive_open_blob(wcl_image_source *base, const wcl_descriptor *descriptor,
                                           uint64_t offset, wcl_blob_stream **stream,
                                           wcl_error *error)
{
    const docker_archive *archive = (const docker_archive *)base;

    for (size_t i = 0; i < archive->blob_count; i++)
        if (strcmp(archive->blobs[i].digest, descriptor->digest) == 0)
            return wcl_bundle_stream(archive->bundle, archive->blobs[i].name, offset, stream,
                                     error);
    return wcl_fail(error, WCL_CODE_FILE_NOT_FOUND, "there is no blob %s in the archive",
                    descriptor->digest);
}

static void free_archive(wcl_image_source *base)
{
    docker_archive *archive = (docker_archive *)base;

    for (size_t i = 0; i < archive->blob_count; i++)
        free(archive->blobs[i].name);
    free(archive->blobs);
    cJSON_Delete(archive->list);
    free(archive);
}

/* ---- Which images there are ----------------------------------------------------------------- */

bool wcl_docker_archive_is(const wcl_bundle *bundle)
{
    return wcl_bundle_has(bundle, "manifest.json");
}

static wcl_status add_names(const cJSON *tags, wcl_bundle_image *image, wcl_error *error)
{
    const cJSON *tag;

    if (cJSON_GetArraySize(tags) > NAMES_MAX)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED, "an image in it has more than %d names",
                        NAMES_MAX);
    cJSON_ArrayForEach(tag, tags)
    {
        if (cJSON_IsString(tag) && wcl_bundle_image_name(image, tag->valuestring, error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

static wcl_status list_images(const cJSON *list, wcl_bundle_images *images, wcl_error *error)
{
    const cJSON *item;
    char number[24];

    cJSON_ArrayForEach(item, list)
    {
        if (!cJSON_IsObject(item))
            return wcl_fail(error, WCL_CODE_INVALID_DATA, "it has an item that is not an object");
        if (wcl_json_check_unique(item, error) != WCL_OK)
            return WCL_FAILED;
        snprintf(number, sizeof(number), "%zu", images->count);
        if (wcl_bundle_images_add(images, number, error) != WCL_OK)
            return WCL_FAILED;
        if (add_names(cJSON_GetObjectItemCaseSensitive(item, "RepoTags"),
                      &images->items[images->count - 1], error) != WCL_OK)
            return WCL_FAILED;
    }
    return images->count ? WCL_OK
                         : wcl_fail(error, WCL_CODE_FILE_NOT_FOUND, "there is no image in it");
}

static wcl_status read_list(docker_archive *archive, wcl_bundle_images *images, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;

    if (wcl_bundle_read(archive->bundle, "manifest.json", LIST_SIZE_MAX, &text, error) != WCL_OK ||
        wcl_json_parse(wcl_buffer_text(&text), text.size, LIST_SIZE_MAX, &archive->list, error) !=
            WCL_OK)
        return WCL_FAILED;
    if (!cJSON_IsArray(archive->list) || cJSON_GetArraySize(archive->list) > WCL_MANIFESTS_MAX)
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "it is not a list of at most %d images",
                        WCL_MANIFESTS_MAX);
    return list_images(archive->list, images, error);
}

wcl_status wcl_docker_archive_open(const wcl_bundle *bundle, wcl_image_source **source,
                                   wcl_bundle_images *images, wcl_error *error)
{
    static const wcl_image_source_ops ops = { docker_archive_get_manifest, docker_archive_open_blob,
                                              free_archive };
    docker_archive *made = calloc(1, sizeof(*made));

    *images = (wcl_bundle_images) { .items = NULL };
    if (!made)
        return wcl_fail_memory(error);
    made->base.ops = &ops;
    made->base.operation = "load";
    made->bundle = bundle;
    if (read_list(made, images, error) != WCL_OK) {
        wcl_bundle_images_free(images);
        free_archive(&made->base);
        return wcl_error_context(error, NULL, "manifest.json");
    }
    *source = &made->base;
    return WCL_OK;
}
