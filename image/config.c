/* Configs of images: platform, diff IDs, and the chain IDs that follow from these. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "image/descriptor.h"

/* ---- Chain IDs ------------------------------------------------------------------------------ */

/* Of the lowest layer its diff ID; of each other the digest of what is below, a space, its own. */
static wcl_status make_chain_ids(wcl_config *config, wcl_error *error)
{
    char both[2 * WCL_DIGEST_TEXT_SIZE];

    for (size_t i = 0; i < config->layer_count; i++) {
        if (i == 0) {
            memcpy(config->chain_ids[0], config->diff_ids[0], WCL_DIGEST_TEXT_SIZE);
            continue;
        }
        int size =
            snprintf(both, sizeof(both), "%s %s", config->chain_ids[i - 1], config->diff_ids[i]);
        if (wcl_digest_of(both, (size_t)size, config->chain_ids[i], error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

static wcl_status read_diff_ids(wcl_config *config, size_t layer_count, wcl_error *error)
{
    const cJSON *rootfs = cJSON_GetObjectItemCaseSensitive(config->json, "rootfs");
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(rootfs, "diff_ids");
    const char *type = "layers";
    const cJSON *item;

    if (wcl_json_get_text(rootfs, "type", &type, error) != WCL_OK)
        return WCL_FAILED;
    if (strcmp(type, "layers") != 0)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "its root is of type '%.40s'; only 'layers' is supported", type);
    /* An image without layers may have none of this, or null, as Go writes an empty list. */
    size_t count = cJSON_IsArray(list) ? (size_t)cJSON_GetArraySize(list) : 0;
    if (list && !cJSON_IsArray(list) && !cJSON_IsNull(list))
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "'rootfs.diff_ids' is not a list");
    if (count != layer_count)
        return wcl_fail(error, WCL_CODE_INVALID_DATA,
                        "it has %zu diff IDs where the manifest has %zu layers", count,
                        layer_count);
    config->diff_ids = calloc(count + 1, sizeof(*config->diff_ids));
    config->chain_ids = calloc(count + 1, sizeof(*config->chain_ids));
    if (!config->diff_ids || !config->chain_ids)
        return wcl_fail_memory(error);
    if (count) {
        cJSON_ArrayForEach(item, list)
        {
            if (!cJSON_IsString(item))
                return wcl_fail(error, WCL_CODE_INVALID_DATA,
                                "'rootfs.diff_ids' has an item that is not a string");
            if (wcl_digest_check(item->valuestring, error) != WCL_OK)
                return WCL_FAILED;
            config->diff_ids[config->layer_count++] = item->valuestring;
        }
    }
    return make_chain_ids(config, error);
}

/* ---- The rest ------------------------------------------------------------------------------- */

/* RFC 3339; what cannot be read is not said. */
static int64_t parse_time(const char *text)
{
    struct tm date = { 0 };
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &date);
    int hours, minutes;

    if (!rest)
        return 0;
    int64_t seconds = (int64_t)timegm(&date);
    if (*rest == '.')
        rest += 1 + strspn(rest + 1, "0123456789");
    if ((*rest == '+' || *rest == '-') && sscanf(rest + 1, "%2d:%2d", &hours, &minutes) == 2)
        seconds -= (*rest == '+' ? 1 : -1) * (hours * 3600 + minutes * 60);
    return seconds;
}

static wcl_status read_platform(wcl_config *config, wcl_error *error)
{
    if (wcl_platform_of_json(config->json, &config->platform, error) != WCL_OK)
        return WCL_FAILED;
    if (strcmp(config->platform.os, "windows") == 0)
        config->os = WCL_OS_WINDOWS;
    else if (strcmp(config->platform.os, "linux") == 0)
        config->os = WCL_OS_LINUX;
    else
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "its os is '%.40s'; windows and linux are supported", config->platform.os);
    return WCL_OK;
}

/* Of what is read here and elsewhere beside the root: what to run, and its lists by name (labels).
 */
static wcl_status check_unique(const cJSON *json, wcl_error *error)
{
    const cJSON *run = cJSON_GetObjectItemCaseSensitive(json, "config");

    if (wcl_json_check_unique_in(json, "rootfs", error) != WCL_OK ||
        wcl_json_check_unique_in(json, "platform", error) != WCL_OK ||
        wcl_json_check_unique_in(json, "config", error) != WCL_OK)
        return WCL_FAILED;
    if (!cJSON_IsObject(run))
        return WCL_OK;
    for (const cJSON *item = run->child; item; item = item->next)
        if (wcl_json_check_unique(item, error) != WCL_OK)
            return wcl_error_context(error, NULL, item->string);
    return WCL_OK;
}

static wcl_status read_config(wcl_config *config, const void *text, size_t size, size_t layer_count,
                              wcl_error *error)
{
    wcl_document document = WCL_DOCUMENT_OF(config);
    const char *created = "";

    if (wcl_document_read(text, size, WCL_CONFIG_SIZE_MAX, &document, error) != WCL_OK ||
        check_unique(config->json, error) != WCL_OK || read_platform(config, error) != WCL_OK ||
        wcl_json_get_text(config->json, "created", &created, error) != WCL_OK)
        return WCL_FAILED;
    config->created = parse_time(created);
    return read_diff_ids(config, layer_count, error);
}

wcl_status wcl_config_parse(const void *text, size_t size, size_t layer_count, wcl_config **config,
                            wcl_error *error)
{
    wcl_config *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    if (read_config(made, text, size, layer_count, error) != WCL_OK) {
        wcl_config_free(made);
        return wcl_error_context(error, NULL, "config");
    }
    *config = made;
    return WCL_OK;
}

void wcl_config_free(wcl_config *config)
{
    if (!config)
        return;
    free(config->diff_ids);
    free(config->chain_ids);
    free(config->text);
    cJSON_Delete(config->json);
    free(config);
}
