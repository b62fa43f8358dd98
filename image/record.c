/* Records of images: what each has of layers and blobs, so that its manifest need not be read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/beneath.h"
#include "base/error.h"
#include "image/descriptor.h"
#include "image/store.h"

#define RECORD_SIZE_MAX ((size_t)4 * 1024 * 1024)

void wcl_image_record_path(const char *digest, char path[96])
{
    const char *colon = strchr(digest, ':');

    snprintf(path, 96, "images/%.64s", colon ? colon + 1 : digest);
}

void wcl_image_record_free(wcl_image_record *record)
{
    free(record->layers);
    cJSON_Delete(record->json);
    *record = (wcl_image_record)WCL_IMAGE_RECORD_INIT;
}

/* ---- Reading -------------------------------------------------------------------------------- */

static wcl_status get_digest(const cJSON *json, const char *name, const char **digest,
                             wcl_error *error)
{
    const char *text = "";

    if (wcl_json_get_text(json, name, &text, error) != WCL_OK ||
        wcl_digest_check(text, error) != WCL_OK)
        return WCL_FAILED;
    *digest = text;
    return WCL_OK;
}

static wcl_status image_record_read_layer(const cJSON *json, wcl_image_layer *layer,
                                          wcl_error *error)
{
    layer->id = "";
    if (wcl_json_get_text(json, "id", &layer->id, error) != WCL_OK ||
        wcl_layer_id_check(layer->id, error) != WCL_OK ||
        get_digest(json, "diff_id", &layer->diff_id, error) != WCL_OK ||
        get_digest(json, "blob", &layer->blob, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_json_get_u64(json, "size", &layer->size, error);
}

static wcl_status parse_record(wcl_image_record *record, wcl_error *error)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(record->json, "layers");
    const cJSON *item;
    uint64_t version = 0;

    if (wcl_json_get_u64(record->json, "version", &version, error) != WCL_OK)
        return WCL_FAILED;
    if (version != WCL_IMAGE_RECORD_VERSION)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "its format version is %llu; this program knows %d",
                        (unsigned long long)version, WCL_IMAGE_RECORD_VERSION);
    if (!cJSON_IsArray(list))
        return wcl_fail(error, WCL_CODE_CORRUPT, "'layers' is not a list");
    record->media_type = "";
    record->layers = calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof(*record->layers));
    if (!record->layers)
        return wcl_fail_memory(error);
    cJSON_ArrayForEach(item, list)
    {
        if (image_record_read_layer(item, &record->layers[record->layer_count], error) != WCL_OK)
            return WCL_FAILED;
        record->layer_count++;
    }
    if (get_digest(record->json, "digest", &record->digest, error) != WCL_OK ||
        get_digest(record->json, "config", &record->config, error) != WCL_OK ||
        wcl_json_get_text(record->json, "media_type", &record->media_type, error) != WCL_OK ||
        wcl_json_get_i64(record->json, "created", &record->created, error) != WCL_OK ||
        wcl_platform_of_json(cJSON_GetObjectItemCaseSensitive(record->json, "platform"),
                             &record->platform, error) != WCL_OK ||
        wcl_json_get_u64(record->json, "size", &record->size, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_json_get_i64(record->json, "added", &record->added, error);
}

wcl_status wcl_image_record_read(const wcl_image_store *store, const char *digest,
                                 wcl_image_record *record, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;
    wcl_error why = WCL_ERROR_INIT;
    char path[96];

    *record = (wcl_image_record)WCL_IMAGE_RECORD_INIT;
    wcl_image_record_path(digest, path);
    if (wcl_image_store_get(store, path, RECORD_SIZE_MAX, &text, &why) != WCL_OK) {
        if (why.code == WCL_CODE_FILE_NOT_FOUND)
            return wcl_fail(error, why.code, "there is no image %s", digest);
        wcl_error_pass(error, &why);
        return wcl_error_context(error, NULL, path);
    }
    if (wcl_json_parse(wcl_buffer_text(&text), text.size, RECORD_SIZE_MAX, &record->json, error) ==
            WCL_OK &&
        parse_record(record, error) == WCL_OK)
        return WCL_OK;
    wcl_image_record_free(record);
    return wcl_error_context(error, NULL, path);
}

/* ---- What it stands for ---------------------------------------------------------------------- */

wcl_status wcl_image_documents(const wcl_image_store *store, const wcl_image_record *record,
                               wcl_manifest **manifest, wcl_config **config, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;

    *manifest = NULL;
    if (wcl_image_blob_read(store, record->digest, WCL_MANIFEST_SIZE_MAX, &text, error) != WCL_OK ||
        wcl_manifest_parse(text.data, text.size, NULL, manifest, error) != WCL_OK)
        return WCL_FAILED;
    if (!config)
        return WCL_OK;
    wcl_buffer_clear(&text);
    if (wcl_image_blob_read(store, record->config, WCL_CONFIG_SIZE_MAX, &text, error) == WCL_OK &&
        wcl_config_parse(text.data, text.size, (*manifest)->layer_count, config, error) == WCL_OK)
        return WCL_OK;
    wcl_manifest_free(*manifest);
    *manifest = NULL;
    return WCL_FAILED;
}
