/* OCI layouts as sinks. */
#include "image/local/layout_sink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/list.h"

#define BLOB_NAME_SIZE 96
#define COPY_SIZE (1024 * 1024)

typedef struct layout_sink {
    wcl_image_sink base;
    wcl_bundle_writer *writer;
    cJSON *index;       /* index.json */
    cJSON *docker_list; /* manifest.json */
    char **digests;     /* of the blobs that are in it */
    size_t digest_count;
    size_t capacity;
    uint8_t *buffer;
} layout_sink;

static void blob_name(const char *digest, char name[BLOB_NAME_SIZE])
{
    snprintf(name, BLOB_NAME_SIZE, "blobs/sha256/%s", wcl_digest_digits(digest));
}

/* ---- Blobs ---------------------------------------------------------------------------------- */

static bool has_digest(const layout_sink *sink, const char *digest)
{
    for (size_t i = 0; i < sink->digest_count; i++)
        if (strcmp(sink->digests[i], digest) == 0)
            return true;
    return false;
}

static wcl_status add_digest(layout_sink *sink, const char *digest, wcl_error *error)
{
    if (WCL_LIST_RESERVE(sink->digests, sink->digest_count, sink->capacity, error) != WCL_OK)
        return WCL_FAILED;
    sink->digests[sink->digest_count] = strdup(digest);
    if (!sink->digests[sink->digest_count])
        return wcl_fail_memory(error);
    sink->digest_count++;
    return WCL_OK;
}

static wcl_status has_blob(wcl_image_sink *base, const wcl_push_blob *blob, bool *has,
                           wcl_error *error)
{
    (void)error;
    *has = has_digest((layout_sink *)base, blob->descriptor->digest);
    return WCL_OK;
}

static wcl_status copy_blob(layout_sink *sink, const wcl_push_blob *blob, wcl_error *error)
{
    uint64_t at = 0;
    size_t got;

    while (at < blob->descriptor->size) {
        uint64_t left = blob->descriptor->size - at;
        if (blob->read_at(blob, at, sink->buffer, left < COPY_SIZE ? (size_t)left : COPY_SIZE, &got,
                          error) != WCL_OK)
            return WCL_FAILED;
        if (got == 0)
            break;
        if (wcl_bundle_writer_write(sink->writer, sink->buffer, got, error) != WCL_OK ||
            blob->advance(blob, got, error) != WCL_OK)
            return WCL_FAILED;
        at += got;
    }
    return WCL_OK;
}

static wcl_status put_blob(wcl_image_sink *base, const wcl_push_blob *blob, wcl_error *error)
{
    layout_sink *sink = (layout_sink *)base;
    char name[BLOB_NAME_SIZE];

    blob_name(blob->descriptor->digest, name);
    if (wcl_bundle_writer_begin(sink->writer, name, blob->descriptor->size, error) != WCL_OK ||
        copy_blob(sink, blob, error) != WCL_OK ||
        wcl_bundle_writer_end(sink->writer, error) != WCL_OK)
        return WCL_FAILED;
    return add_digest(sink, blob->descriptor->digest, error);
}

/* ---- Manifests ------------------------------------------------------------------------------ */

wcl_status wcl_docker_list_add(cJSON *list, const char *config, const char *name,
                               const char *const *layers, size_t count, wcl_error *error)
{
    WCL_CLEANUP_FREE wcl_reference *reference = NULL;
    cJSON *item = cJSON_CreateObject(), *names, *tags = NULL;

    if (!item || !cJSON_AddItemToArray(list, item))
        return wcl_fail_memory(error);
    bool made = cJSON_AddStringToObject(item, "Config", config);
    if (name && wcl_reference_parse(name, &reference, error) != WCL_OK)
        return WCL_FAILED;
    if (reference && reference->tag) {
        made = made && (tags = cJSON_AddArrayToObject(item, "RepoTags")) &&
               cJSON_AddItemToArray(tags, cJSON_CreateString(reference->familiar));
    } else {
        made = made && cJSON_AddNullToObject(item, "RepoTags");
    }
    made = made && (names = cJSON_AddArrayToObject(item, "Layers"));
    for (size_t i = 0; made && i < count; i++)
        made = cJSON_AddItemToArray(names, cJSON_CreateString(layers[i]));
    return made ? WCL_OK : wcl_fail_memory(error);
}

static wcl_status add_to_docker_list(layout_sink *sink, const wcl_manifest *manifest,
                                     const char *reference, wcl_error *error)
{
    const size_t count = manifest->layer_count;
    WCL_CLEANUP_FREE char(*texts)[BLOB_NAME_SIZE] = calloc(count + 1, sizeof(*texts));
    WCL_CLEANUP_FREE const char **names = calloc(count + 1, sizeof(*names));
    char config[BLOB_NAME_SIZE];

    if (!texts || !names)
        return wcl_fail_memory(error);
    blob_name(manifest->config.digest, config);
    for (size_t i = 0; i < count; i++) {
        blob_name(manifest->layers[i].digest, texts[i]);
        names[i] = texts[i];
    }
    return wcl_docker_list_add(sink->docker_list, config, reference, names, count, error);
}

static bool layout_sink_add_name(cJSON *entry, const char *name, const wcl_reference *reference)
{
    cJSON *annotations = cJSON_AddObjectToObject(entry, "annotations");

    return annotations && cJSON_AddStringToObject(annotations, "io.containerd.image.name", name) &&
           cJSON_AddStringToObject(annotations, "org.opencontainers.image.ref.name",
                                   reference->tag ? reference->tag : name);
}

static wcl_status add_to_index(layout_sink *sink, const wcl_manifest *manifest, const char *name,
                               wcl_error *error)
{
    WCL_CLEANUP_FREE wcl_reference *reference = NULL;
    cJSON *entry = cJSON_CreateObject();
    cJSON *list = cJSON_GetObjectItemCaseSensitive(sink->index, "manifests");

    if (!entry || !cJSON_AddItemToArray(list, entry))
        return wcl_fail_memory(error);
    if (name && wcl_reference_parse(name, &reference, error) != WCL_OK)
        return WCL_FAILED;
    bool made = cJSON_AddStringToObject(entry, "mediaType", manifest->media_type) &&
                cJSON_AddStringToObject(entry, "digest", manifest->digest) &&
                wcl_json_add_u64(entry, "size", manifest->size) &&
                (!name || layout_sink_add_name(entry, name, reference));
    return made ? WCL_OK : wcl_fail_memory(error);
}

static wcl_status put_manifest(wcl_image_sink *base, const wcl_manifest *manifest,
                               const char *reference, wcl_error *error)
{
    layout_sink *sink = (layout_sink *)base;
    char name[BLOB_NAME_SIZE];

    blob_name(manifest->digest, name);
    if (!has_digest(sink, manifest->digest) &&
        (wcl_bundle_writer_put(sink->writer, name, manifest->text, manifest->size, error) !=
             WCL_OK ||
         add_digest(sink, manifest->digest, error) != WCL_OK))
        return WCL_FAILED;
    if (add_to_index(sink, manifest, reference, error) != WCL_OK)
        return WCL_FAILED;
    return add_to_docker_list(sink, manifest, reference, error);
}

/* ---- Beginning and ending ------------------------------------------------------------------- */

static wcl_status write_json(wcl_bundle_writer *writer, const char *name, const cJSON *json,
                             wcl_error *error)
{
    WCL_CLEANUP_FREE char *text = wcl_json_print(json);

    if (!text)
        return wcl_fail_memory(error);
    return wcl_bundle_writer_put(writer, name, text, strlen(text), error);
}

wcl_status wcl_docker_list_write(wcl_bundle_writer *writer, const cJSON *list, wcl_error *error)
{
    return write_json(writer, "manifest.json", list, error);
}

static wcl_status layout_sink_finish(wcl_image_sink *base, wcl_error *error)
{
    layout_sink *sink = (layout_sink *)base;

    if (write_json(sink->writer, "index.json", sink->index, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_docker_list_write(sink->writer, sink->docker_list, error);
}

static void free_sink(wcl_image_sink *base)
{
    layout_sink *sink = (layout_sink *)base;

    for (size_t i = 0; i < sink->digest_count; i++)
        free(sink->digests[i]);
    free(sink->digests);
    free(sink->buffer);
    cJSON_Delete(sink->index);
    cJSON_Delete(sink->docker_list);
    free(sink);
}

static wcl_status layout_sink_begin(layout_sink *sink, wcl_error *error)
{
    static const char version[] = "{\"imageLayoutVersion\":\"1.0.0\"}";

    sink->index = cJSON_CreateObject();
    sink->docker_list = cJSON_CreateArray();
    sink->buffer = malloc(COPY_SIZE);
    if (!sink->index || !sink->docker_list || !sink->buffer ||
        !wcl_json_add_u64(sink->index, "schemaVersion", 2) ||
        !cJSON_AddStringToObject(sink->index, "mediaType", WCL_MEDIA_OCI_INDEX) ||
        !cJSON_AddArrayToObject(sink->index, "manifests"))
        return wcl_fail_memory(error);
    if (wcl_bundle_writer_put(sink->writer, "oci-layout", version, sizeof(version) - 1, error) !=
            WCL_OK ||
        wcl_bundle_writer_folder(sink->writer, "blobs", error) != WCL_OK)
        return WCL_FAILED;
    return wcl_bundle_writer_folder(sink->writer, "blobs/sha256", error);
}

wcl_status wcl_layout_sink_open(wcl_bundle_writer *writer, wcl_image_sink **sink, wcl_error *error)
{
    static const wcl_image_sink_ops ops = { has_blob, put_blob, put_manifest, layout_sink_finish,
                                            free_sink };
    layout_sink *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    made->base = (wcl_image_sink) { .ops = &ops, .operation = "save", .parallel = 1 };
    made->writer = writer;
    if (layout_sink_begin(made, error) != WCL_OK) {
        free_sink(&made->base);
        return WCL_FAILED;
    }
    *sink = &made->base;
    return WCL_OK;
}
