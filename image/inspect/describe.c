/* Putting together what is known of an image. */
#include "image/inspect/describe.h"

#include <string.h>

#include "base/error.h"
#include "image/document.h"

typedef struct documents {
    wcl_manifest *manifest;
    wcl_config *config;
} documents;

static void free_documents(documents *documents)
{
    wcl_manifest_free(documents->manifest);
    wcl_config_free(documents->config);
}

static wcl_status read_documents(const wcl_driver *driver, const wcl_image_info *info,
                                 documents *documents, wcl_error *error)
{
    WCL_CLEANUP_FREE char *manifest = NULL;
    WCL_CLEANUP_FREE char *config = NULL;
    size_t size;

    if (wcl_image_manifest(driver, info->digest, &manifest, &size, error) != WCL_OK ||
        wcl_manifest_parse(manifest, size, info->media_type, &documents->manifest, error) !=
            WCL_OK ||
        wcl_image_config(driver, info->digest, &config, &size, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_config_parse(config, size, documents->manifest->layer_count, &documents->config,
                            error);
}

/* From here on, the first step of the history that made a layer. */
static const cJSON *next_event(const cJSON *event)
{
    while (event && cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(event, "empty_layer")))
        event = event->next;
    return event;
}

/* The step that made the first layer; NULL unless there is one for each. */
static const cJSON *first_event(const documents *documents)
{
    const cJSON *history = cJSON_GetObjectItemCaseSensitive(documents->config->json, "history");
    size_t count = 0;

    if (!cJSON_IsArray(history))
        return NULL;
    for (const cJSON *event = next_event(history->child); event; event = next_event(event->next))
        count++;
    return count == documents->config->layer_count ? next_event(history->child) : NULL;
}

static bool add_layer(cJSON *layers, const documents *documents, size_t index, const char *id,
                      uint64_t tar_size, const cJSON *event)
{
    const wcl_descriptor *blob = &documents->manifest->layers[index];
    const cJSON *created_by = event ? cJSON_GetObjectItemCaseSensitive(event, "created_by") : NULL;
    cJSON *layer = cJSON_CreateObject();

    if (!layer || !cJSON_AddItemToArray(layers, layer)) {
        cJSON_Delete(layer);
        return false;
    }
    if (cJSON_IsString(created_by) &&
        !cJSON_AddStringToObject(layer, "created_by", created_by->valuestring))
        return false;
    return cJSON_AddStringToObject(layer, "id", id) &&
           wcl_json_add_text(layer, "digest", blob->digest) &&
           cJSON_AddStringToObject(layer, "diff_id", documents->config->diff_ids[index]) &&
           cJSON_AddStringToObject(layer, "media_type", blob->media_type) &&
           wcl_json_add_u64(layer, "size", blob->size) &&
           wcl_json_add_u64(layer, "tar_size", tar_size);
}

static wcl_status add_layers(const wcl_driver *driver, const wcl_image_info *info,
                             const documents *documents, cJSON *json, wcl_error *error)
{
    cJSON *layers = cJSON_AddArrayToObject(json, "layers");
    const cJSON *event = first_event(documents);

    if (!layers)
        return wcl_fail_memory(error);
    for (size_t i = 0; i < documents->manifest->layer_count && i < info->layer_count; i++) {
        const char *id = info->layers[info->layer_count - 1 - i];
        WCL_CLEANUP_FREE wcl_layer_info *layer = NULL;
        if (wcl_layer_get_info(driver, id, &layer, error) != WCL_OK)
            return WCL_FAILED;
        if (!add_layer(layers, documents, i, id, layer->tar_size, event))
            return wcl_fail_memory(error);
        event = event ? next_event(event->next) : NULL;
    }
    return WCL_OK;
}

static bool add_basics(cJSON *json, const char *image, const wcl_image_info *info)
{
    cJSON *names;
    bool added = cJSON_AddStringToObject(json, "name", image) &&
                 (names = cJSON_AddArrayToObject(json, "names")) != NULL;

    for (size_t i = 0; added && i < info->name_count; i++) {
        WCL_CLEANUP_FREE wcl_reference *reference = NULL;
        bool is_known = wcl_reference_parse(info->names[i], &reference, NULL) == WCL_OK;
        cJSON *name = cJSON_CreateString(is_known ? reference->familiar : info->names[i]);
        added = name && cJSON_AddItemToArray(names, name);
    }
    return added && cJSON_AddStringToObject(json, "digest", info->digest) &&
           cJSON_AddStringToObject(json, "media_type", info->media_type) &&
           cJSON_AddStringToObject(json, "config_digest", info->config_digest) &&
           cJSON_AddStringToObject(json, "os", info->platform.os) &&
           cJSON_AddStringToObject(json, "architecture", info->platform.architecture) &&
           cJSON_AddStringToObject(json, "variant", info->platform.variant) &&
           cJSON_AddStringToObject(json, "os_version", info->platform.os_version) &&
           wcl_json_add_i64(json, "created", info->created) &&
           wcl_json_add_u64(json, "size", info->size) &&
           wcl_json_add_u64(json, "tar_size", info->tar_size);
}

static wcl_status add_document(cJSON *json, const char *name, const char *text, size_t size,
                               wcl_error *error)
{
    cJSON *document;

    if (wcl_json_parse(text, size, WCL_CONFIG_SIZE_MAX, &document, error) != WCL_OK)
        return WCL_FAILED;
    if (cJSON_AddItemToObject(json, name, document))
        return WCL_OK;
    cJSON_Delete(document);
    return wcl_fail_memory(error);
}

wcl_status wcl_image_describe(const wcl_driver *driver, const char *image,
                              const wcl_image_info *info, bool with_documents, cJSON **json,
                              wcl_error *error)
{
    documents documents = { NULL, NULL };
    cJSON *made = cJSON_CreateObject();
    wcl_status status = read_documents(driver, info, &documents, error);

    if (status == WCL_OK && (!made || !add_basics(made, image, info)))
        status = wcl_fail_memory(error);
    if (status == WCL_OK)
        status = add_layers(driver, info, &documents, made, error);
    if (status == WCL_OK && with_documents)
        status = add_document(made, "manifest", documents.manifest->text, documents.manifest->size,
                              error);
    if (status == WCL_OK && with_documents)
        status =
            add_document(made, "config", documents.config->text, documents.config->size, error);
    free_documents(&documents);
    if (status == WCL_OK)
        *json = made;
    else
        cJSON_Delete(made);
    return status;
}
