/* Manifests and indexes: OCI's, and Docker's of schema 2. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "image/descriptor.h"

/* ---- Which document it is ------------------------------------------------------------------- */

static bool is_index_type(const char *media_type)
{
    return strcmp(media_type, WCL_MEDIA_OCI_INDEX) == 0 ||
           strcmp(media_type, WCL_MEDIA_DOCKER_INDEX) == 0;
}

static bool is_manifest_type(const char *media_type)
{
    return strcmp(media_type, WCL_MEDIA_OCI_MANIFEST) == 0 ||
           strcmp(media_type, WCL_MEDIA_DOCKER_MANIFEST) == 0;
}

static wcl_status check_version(const cJSON *json, wcl_error *error)
{
    uint64_t version = 0;

    if (wcl_json_get_u64(json, "schemaVersion", &version, error) != WCL_OK)
        return WCL_FAILED;
    if (version == 1)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "it is a manifest of schema 1, which is not supported; push the image "
                        "again");
    if (version != 2)
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "its 'schemaVersion' is not 2");
    return WCL_OK;
}

/* Settles the media type: what it was served as, what it says itself, and what it has must agree;
 * else one reader would see an image where another sees an index. */
static wcl_status settle_type(wcl_manifest *manifest, const char *served, wcl_error *error)
{
    const cJSON *json = manifest->json;
    bool has_layers = cJSON_GetObjectItemCaseSensitive(json, "layers") ||
                      cJSON_GetObjectItemCaseSensitive(json, "config");
    bool has_manifests = cJSON_GetObjectItemCaseSensitive(json, "manifests") != NULL;
    const char *own = "", *type;

    if (wcl_json_get_text(json, "mediaType", &own, error) != WCL_OK)
        return WCL_FAILED;
    bool is_known = served && (is_index_type(served) || is_manifest_type(served));
    if (*own && is_known && strcmp(own, served) != 0)
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "it is served as '%.80s' and says '%.80s'",
                        served, own);
    if (has_layers == has_manifests)
        return wcl_fail(error, WCL_CODE_INVALID_DATA,
                        has_layers ? "it has both layers and manifests"
                                   : "it has neither layers nor manifests");
    type = *own       ? own
           : is_known ? served
                      : (has_layers ? WCL_MEDIA_OCI_MANIFEST : WCL_MEDIA_OCI_INDEX);
    if (!is_index_type(type) && !is_manifest_type(type))
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "it is of the media type '%.100s', which is not that of an image", type);
    if (is_index_type(type) != has_manifests)
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "it is of the media type '%.80s' and has %s",
                        type, has_layers ? "layers" : "manifests");
    manifest->is_index = has_manifests;
    manifest->media_type = is_index_type(type)
                               ? (strcmp(type, WCL_MEDIA_OCI_INDEX) == 0 ? WCL_MEDIA_OCI_INDEX
                                                                         : WCL_MEDIA_DOCKER_INDEX)
                           : strcmp(type, WCL_MEDIA_OCI_MANIFEST) == 0 ? WCL_MEDIA_OCI_MANIFEST
                                                                       : WCL_MEDIA_DOCKER_MANIFEST;
    return WCL_OK;
}

/* ---- What is in it -------------------------------------------------------------------------- */

static wcl_status read_list(const cJSON *json, const char *name, size_t most, wcl_descriptor **list,
                            size_t *count, wcl_error *error)
{
    const cJSON *items = cJSON_GetObjectItemCaseSensitive(json, name);
    const cJSON *item;

    if (!cJSON_IsArray(items))
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "'%s' is not a list", name);
    size_t size = (size_t)cJSON_GetArraySize(items);
    if (size > most)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED, "it has %zu %s; at most %zu are supported",
                        size, name, most);
    *list = calloc(size + 1, sizeof(**list));
    if (!*list)
        return wcl_fail_memory(error);
    cJSON_ArrayForEach(item, items)
    {
        char where[64];
        if (wcl_descriptor_read(item, &(*list)[*count], error) != WCL_OK) {
            snprintf(where, sizeof(where), "%s[%zu]", name, *count);
            return wcl_error_context(error, NULL, where);
        }
        ++*count;
    }
    return WCL_OK;
}

static wcl_status read_layers(wcl_manifest *manifest, wcl_error *error)
{
    const cJSON *config = cJSON_GetObjectItemCaseSensitive(manifest->json, "config");

    if (!config)
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "'config' is missing");
    if (wcl_descriptor_read(config, &manifest->config, error) != WCL_OK)
        return wcl_error_context(error, NULL, "config");
    const char *type = manifest->config.media_type;
    if (!wcl_media_type_is_config(type, manifest->media_type))
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "it is not an image but an artifact: its config is a '%.100s'", type);
    if (manifest->config.size > WCL_CONFIG_SIZE_MAX)
        return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE,
                        "its config has %llu bytes, more than the %zu allowed",
                        (unsigned long long)manifest->config.size, WCL_CONFIG_SIZE_MAX);
    if (read_list(manifest->json, "layers", WCL_LAYERS_MAX, &manifest->layers,
                  &manifest->layer_count, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i < manifest->layer_count; i++)
        if (!wcl_media_type_is_layer(manifest->layers[i].media_type, NULL, NULL))
            return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                            "layers[%zu] is of the media type '%.100s', which is not a "
                            "known one of layers",
                            i, manifest->layers[i].media_type);
    return WCL_OK;
}

static wcl_status read_manifest(wcl_manifest *manifest, const void *text, size_t size,
                                const char *served, wcl_error *error)
{
    wcl_document document = WCL_DOCUMENT_OF(manifest);

    if (wcl_document_read(text, size, WCL_MANIFEST_SIZE_MAX, &document, error) != WCL_OK ||
        check_version(manifest->json, error) != WCL_OK ||
        settle_type(manifest, served, error) != WCL_OK)
        return WCL_FAILED;
    if (manifest->is_index)
        return read_list(manifest->json, "manifests", WCL_MANIFESTS_MAX, &manifest->manifests,
                         &manifest->manifest_count, error);
    return read_layers(manifest, error);
}

wcl_status wcl_manifest_parse(const void *text, size_t size, const char *media_type,
                              wcl_manifest **manifest, wcl_error *error)
{
    wcl_manifest *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    if (read_manifest(made, text, size, media_type, error) != WCL_OK) {
        wcl_manifest_free(made);
        return wcl_error_context(error, NULL, "manifest");
    }
    *manifest = made;
    return WCL_OK;
}

void wcl_manifest_free(wcl_manifest *manifest)
{
    if (!manifest)
        return;
    for (size_t i = 0; i < manifest->layer_count; i++)
        wcl_descriptor_clear(&manifest->layers[i]);
    for (size_t i = 0; i < manifest->manifest_count; i++)
        wcl_descriptor_clear(&manifest->manifests[i]);
    wcl_descriptor_clear(&manifest->config);
    free(manifest->layers);
    free(manifest->manifests);
    free(manifest->text);
    cJSON_Delete(manifest->json);
    free(manifest);
}

/* ---- Choosing of an index ------------------------------------------------------------------- */

/* Something that belongs to an image: signatures, attestations. */
static bool is_attachment(const wcl_descriptor *entry)
{
    return wcl_descriptor_annotation(entry, "vnd.docker.reference.type") ||
           (entry->has_platform && strcmp(entry->platform.os, "unknown") == 0) ||
           !(is_manifest_type(entry->media_type) || is_index_type(entry->media_type) ||
             !*entry->media_type);
}

static wcl_status fail_choice(const wcl_manifest *index, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer list = WCL_BUFFER_INIT;

    for (size_t i = 0; i < index->manifest_count && list.size < 600; i++) {
        const wcl_descriptor *entry = &index->manifests[i];
        const wcl_platform *platform = &entry->platform;
        if (!entry->has_platform || is_attachment(entry))
            continue;
        if (wcl_buffer_printf(&list, error, "%s%.30s%s%.30s%s/%.30s%s%.30s", list.size ? ", " : "",
                              platform->os, *platform->os_version ? "(" : "", platform->os_version,
                              *platform->os_version ? ")" : "", platform->architecture,
                              *platform->variant ? "/" : "", platform->variant) != WCL_OK)
            return WCL_FAILED;
    }
    return wcl_fail(error, WCL_CODE_FILE_NOT_FOUND,
                    "the index does not have an image for the wanted platform%s%s",
                    list.size ? "; it has " : "", wcl_buffer_text(&list));
}

wcl_status wcl_manifest_choose(const wcl_manifest *index, const wcl_platform *platform,
                               const wcl_descriptor **chosen, wcl_error *error)
{
    WCL_CLEANUP_FREE wcl_platform *platforms =
        calloc(index->manifest_count + 1, sizeof(*platforms));
    const wcl_descriptor *only = NULL, *unsaid = NULL;
    size_t images = 0, at;

    if (!platforms)
        return wcl_fail_memory(error);
    for (size_t i = 0; i < index->manifest_count; i++) {
        platforms[i] = (wcl_platform) { "", "", "", "" };
        if (is_attachment(&index->manifests[i]))
            continue;
        images++;
        only = &index->manifests[i];
        if (only->has_platform)
            platforms[i] = only->platform;
        else if (!unsaid && is_manifest_type(only->media_type))
            unsaid = only;
    }
    if (images == 1 && !only->has_platform)
        *chosen = only;
    else if (wcl_platform_choose(platform, platforms, index->manifest_count, &at))
        *chosen = &index->manifests[at];
    else if (unsaid)
        *chosen = unsaid;
    else
        return fail_choice(index, error);
    return WCL_OK;
}
