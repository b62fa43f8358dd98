/* Descriptors: what a document says of another one or of a blob, and the media types of layers. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "image/descriptor.h"

#define URLS_MAX 32
#define WORD_SIZE_MAX 128

const char *wcl_descriptor_annotation(const wcl_descriptor *descriptor, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(descriptor->annotations, name);

    return cJSON_IsString(item) ? item->valuestring : NULL;
}

bool wcl_media_type_is_config(const char *media_type, const char *manifest_type)
{
    /* What old engines pushed, and docker takes for images ever since. */
    static const char *const old[] = { "application/octet-stream", "application/json",
                                       "text/html" };

    if (!*media_type || strcmp(media_type, WCL_MEDIA_OCI_CONFIG) == 0 ||
        strcmp(media_type, WCL_MEDIA_DOCKER_CONFIG) == 0)
        return true;
    for (size_t i = 0; i < sizeof(old) / sizeof(old[0]); i++)
        if (strcmp(media_type, old[i]) == 0)
            return strcmp(manifest_type, WCL_MEDIA_DOCKER_MANIFEST) == 0;
    return false;
}

/* The compression whose media type, of layers of one kind, ends in `rest` behind that of plain
 * ones. */
static bool find_compression(const char *rest, bool is_docker, wcl_compression *compression)
{
    const wcl_compression_info *info;

    for (int i = 0; (info = wcl_compression_info_of((wcl_compression)i)); i++) {
        const char *type = is_docker ? info->docker_media_type : info->oci_media_type;
        const char *plain = is_docker ? WCL_MEDIA_DOCKER_LAYER : WCL_MEDIA_OCI_LAYER;
        if (type && strcmp(type + strlen(plain), rest) == 0) {
            *compression = info->compression;
            return true;
        }
    }
    return false;
}

bool wcl_media_type_is_layer(const char *media_type, wcl_compression *compression, bool *is_foreign)
{
    static const struct {
        const char *stem;
        bool is_foreign;
        bool is_docker;
    } kinds[] = {
        { WCL_MEDIA_OCI_LAYER, false, false },
        { WCL_MEDIA_OCI_FOREIGN_LAYER, true, false },
        { WCL_MEDIA_DOCKER_LAYER, false, true },
        { WCL_MEDIA_DOCKER_FOREIGN_LAYER, true, true },
    };
    wcl_compression found;

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        size_t length = strlen(kinds[i].stem);
        if (strncmp(media_type, kinds[i].stem, length) != 0 ||
            !find_compression(media_type + length, kinds[i].is_docker, &found))
            continue;
        if (compression)
            *compression = found;
        if (is_foreign)
            *is_foreign = kinds[i].is_foreign;
        return true;
    }
    return false;
}

/* ---- Fields that come twice ----------------------------------------------------------------- */

static int compare_fields(const void *a, const void *b)
{
    return strcmp((*(const cJSON *const *)a)->string, (*(const cJSON *const *)b)->string);
}

wcl_status wcl_json_check_unique(const cJSON *object, wcl_error *error)
{
    size_t count = 0, at = 0;

    if (!cJSON_IsObject(object))
        return WCL_OK;
    for (const cJSON *item = object->child; item; item = item->next)
        count++;
    WCL_CLEANUP_FREE const cJSON **fields = calloc(count + 1, sizeof(cJSON *));
    if (!fields)
        return wcl_fail_memory(error);
    for (const cJSON *item = object->child; item; item = item->next)
        fields[at++] = item;
    /* Sorted, so that a document of many fields takes no longer than it is long. */
    qsort(fields, count, sizeof(cJSON *), compare_fields);
    for (size_t i = 1; i < count; i++)
        if (strcmp(fields[i - 1]->string, fields[i]->string) == 0)
            return wcl_fail(error, WCL_CODE_INVALID_DATA, "it has the field '%.60s' twice",
                            fields[i]->string);
    return WCL_OK;
}

wcl_status wcl_json_check_unique_in(const cJSON *object, const char *name, wcl_error *error)
{
    const cJSON *field = cJSON_GetObjectItemCaseSensitive(object, name);

    return wcl_json_check_unique(field, error) == WCL_OK ? WCL_OK
                                                         : wcl_error_context(error, NULL, name);
}

/* ---- Reading -------------------------------------------------------------------------------- */

static wcl_status read_urls(const cJSON *json, wcl_descriptor *descriptor, wcl_error *error)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(json, "urls");
    const cJSON *item;

    if (!list || cJSON_IsNull(list))
        return WCL_OK;
    int count = cJSON_IsArray(list) ? cJSON_GetArraySize(list) : -1;
    if (count < 0 || count > URLS_MAX)
        return wcl_fail(error, WCL_CODE_INVALID_DATA,
                        "'urls' is not a list of at most %d addresses", URLS_MAX);
    descriptor->urls = calloc((size_t)count + 1, sizeof(char *));
    if (!descriptor->urls)
        return wcl_fail_memory(error);
    cJSON_ArrayForEach(item, list)
    {
        if (!cJSON_IsString(item))
            return wcl_fail(error, WCL_CODE_INVALID_DATA,
                            "'urls' has an item that is not a string");
        if (strncasecmp(item->valuestring, "https://", 8) != 0 &&
            strncasecmp(item->valuestring, "http://", 7) != 0)
            return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                            "the address '%.100s' in 'urls' is neither https nor http",
                            item->valuestring);
        descriptor->urls[descriptor->url_count++] = item->valuestring;
    }
    return WCL_OK;
}

/* What an image runs on is kept of each, and nobody's is long. */
static wcl_status get_word(const cJSON *json, const char *name, const char **word, wcl_error *error)
{
    if (wcl_json_get_text(json, name, word, error) != WCL_OK)
        return WCL_FAILED;
    return strlen(*word) <= WORD_SIZE_MAX
               ? WCL_OK
               : wcl_fail(error, WCL_CODE_INVALID_DATA,
                          "the field '%s' has more than %d characters", name, WORD_SIZE_MAX);
}

wcl_status wcl_platform_of_json(const cJSON *json, wcl_platform *platform, wcl_error *error)
{
    *platform = (wcl_platform) { "", "", "", "" };
    if (get_word(json, "os", &platform->os, error) != WCL_OK ||
        get_word(json, "architecture", &platform->architecture, error) != WCL_OK ||
        get_word(json, "variant", &platform->variant, error) != WCL_OK ||
        get_word(json, "os.version", &platform->os_version, error) != WCL_OK)
        return WCL_FAILED;
    wcl_platform_normalise(platform);
    return WCL_OK;
}

static wcl_status read_platform(const cJSON *json, wcl_descriptor *descriptor, wcl_error *error)
{
    const cJSON *platform = cJSON_GetObjectItemCaseSensitive(json, "platform");

    if (!platform || cJSON_IsNull(platform))
        return WCL_OK;
    if (!cJSON_IsObject(platform))
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "'platform' is not an object");
    descriptor->has_platform = true;
    return wcl_platform_of_json(platform, &descriptor->platform, error);
}

static wcl_status check_fields(const cJSON *json, wcl_descriptor *descriptor, wcl_error *error)
{
    uint64_t size = UINT64_MAX;

    descriptor->media_type = "";
    descriptor->annotations = cJSON_GetObjectItemCaseSensitive(json, "annotations");
    if (wcl_json_get_text(json, "mediaType", &descriptor->media_type, error) != WCL_OK ||
        wcl_json_get_text(json, "digest", &descriptor->digest, error) != WCL_OK ||
        wcl_json_get_u64(json, "size", &size, error) != WCL_OK)
        return WCL_FAILED;
    if (!descriptor->digest)
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "'digest' is missing");
    if (size > INT64_MAX)
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "'size' is missing or beyond 2^63-1");
    descriptor->size = size;
    if (cJSON_IsNull(descriptor->annotations))
        descriptor->annotations = NULL;
    if (descriptor->annotations && !cJSON_IsObject(descriptor->annotations))
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "'annotations' is not an object");
    return wcl_digest_check(descriptor->digest, error);
}

wcl_status wcl_descriptor_read(const cJSON *json, wcl_descriptor *descriptor, wcl_error *error)
{
    *descriptor = (wcl_descriptor) { .media_type = "" };
    if (!cJSON_IsObject(json))
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "it is not an object");
    if (wcl_json_check_unique(json, error) == WCL_OK &&
        wcl_json_check_unique_in(json, "platform", error) == WCL_OK &&
        wcl_json_check_unique_in(json, "annotations", error) == WCL_OK &&
        check_fields(json, descriptor, error) == WCL_OK &&
        read_urls(json, descriptor, error) == WCL_OK &&
        read_platform(json, descriptor, error) == WCL_OK)
        return WCL_OK;
    wcl_descriptor_clear(descriptor);
    return WCL_FAILED;
}

void wcl_descriptor_clear(wcl_descriptor *descriptor)
{
    free(descriptor->urls);
    descriptor->urls = NULL;
}

/* ---- Whole documents ------------------------------------------------------------------------ */

wcl_status wcl_document_read(const void *text, size_t size, size_t most, wcl_document *document,
                             wcl_error *error)
{
    if (size > most)
        return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE,
                        "it has %zu bytes, more than the %zu allowed", size, most);
    *document->text = malloc(size + 1);
    if (!*document->text)
        return wcl_fail_memory(error);
    if (size)
        memcpy(*document->text, text, size);
    (*document->text)[size] = '\0';
    *document->size = size;
    if (wcl_digest_of(*document->text, size, document->digest, error) != WCL_OK ||
        wcl_json_parse(*document->text, size, most, document->json, error) != WCL_OK)
        return WCL_FAILED;
    if (!cJSON_IsObject(*document->json))
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "it is not a JSON object");
    return wcl_json_check_unique(*document->json, error);
}
