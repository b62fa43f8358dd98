/* Putting an image in place: manifest and config, its record, and its names. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/beneath.h"
#include "base/error.h"
#include "image/store.h"

static bool add_layer(cJSON *list, const wcl_descriptor *descriptor, const wcl_config *config,
                      size_t number)
{
    cJSON *layer = cJSON_CreateObject();

    return layer && cJSON_AddItemToArray(list, layer) &&
           cJSON_AddStringToObject(layer, "id", wcl_digest_digits(config->chain_ids[number])) &&
           cJSON_AddStringToObject(layer, "diff_id", config->diff_ids[number]) &&
           cJSON_AddStringToObject(layer, "blob", descriptor->digest) &&
           wcl_json_add_u64(layer, "size", descriptor->size);
}

static bool add_platform(cJSON *json, const wcl_platform *platform)
{
    cJSON *item = cJSON_AddObjectToObject(json, "platform");

    return item && wcl_json_add_text(item, "os", platform->os) &&
           wcl_json_add_text(item, "architecture", platform->architecture) &&
           wcl_json_add_text(item, "variant", platform->variant) &&
           wcl_json_add_text(item, "os.version", platform->os_version);
}

static cJSON *make_record(const wcl_manifest *manifest, const wcl_config *config)
{
    cJSON *json = cJSON_CreateObject();
    cJSON *list = NULL;

    bool made = json && wcl_json_add_u64(json, "version", WCL_IMAGE_RECORD_VERSION) &&
                cJSON_AddStringToObject(json, "digest", manifest->digest) &&
                cJSON_AddStringToObject(json, "media_type", manifest->media_type) &&
                cJSON_AddStringToObject(json, "config", config->digest) &&
                add_platform(json, &config->platform) &&
                wcl_json_add_i64(json, "created", config->created) &&
                (list = cJSON_AddArrayToObject(json, "layers")) &&
                wcl_json_add_u64(json, "size", manifest->size + config->size) &&
                wcl_json_add_i64(json, "added", (int64_t)time(NULL));
    for (size_t i = 0; made && i < manifest->layer_count; i++)
        made = add_layer(list, &manifest->layers[i], config, i);
    if (made)
        return json;
    cJSON_Delete(json);
    return NULL;
}

static wcl_status put_blob(const wcl_image_store *store, const char *digest, const void *data,
                           size_t size, wcl_error *error)
{
    char path[96];

    if (wcl_image_blob_exists(store, digest))
        return WCL_OK;
    snprintf(path, sizeof(path), "blobs/sha256/%s", wcl_digest_digits(digest));
    return wcl_image_store_put(store, path, data, size, error);
}

wcl_status wcl_image_commit(const wcl_image_store *store, const wcl_new_image *image,
                            wcl_image_info **info, wcl_error *error)
{
    const wcl_manifest *manifest = image->manifest;
    const wcl_config *config = image->config;
    WCL_CLEANUP_IMAGE_RECORD wcl_image_record record = WCL_IMAGE_RECORD_INIT;
    WCL_CLEANUP_JSON cJSON *json = make_record(manifest, config);
    WCL_CLEANUP_FREE char *text = json ? wcl_json_print_pretty(json) : NULL;
    char path[96];

    if (!text)
        return wcl_fail_memory(error);
    WCL_CLEANUP_FD int lock = wcl_image_store_lock(store, true, error);
    if (lock < 0)
        return WCL_FAILED;
    wcl_image_record_path(manifest->digest, path);
    if (put_blob(store, config->digest, config->text, config->size, error) != WCL_OK ||
        put_blob(store, manifest->digest, manifest->text, manifest->size, error) != WCL_OK)
        return WCL_FAILED;
    if (!wcl_image_store_has(store, path) &&
        wcl_image_store_put(store, path, text, strlen(text), error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i < image->name_count; i++)
        if (wcl_image_name_set(store, image->names[i], manifest->digest, image->index, error) !=
            WCL_OK)
            return WCL_FAILED;
    if (!info)
        return WCL_OK;
    if (wcl_image_record_read(store, manifest->digest, &record, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_image_info_make(store, &record, info, error);
}
