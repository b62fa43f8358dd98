/* layer.json: what a layer is. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/durable.h"
#include "base/error.h"
#include "layer/driver.h"
#include "layer/store/store.h"

#define RECORD_FILE "layer.json"
#define RECORD_SIZE_MAX (1024 * 1024)
#define FORMAT_VERSION 1

static const char *const kind_names[] = { "", "base", "layer", "sandbox", "empty" };

const char *wcl_layer_kind_name(wcl_layer_kind kind)
{
    return kind_names[kind];
}

void wcl_layer_record_free(wcl_layer_record *record)
{
    free(record->id);
    for (size_t i = 0; i < record->parent_count; i++)
        free(record->parents[i]);
    free(record->parents);
    free(record->diff_id);
    free(record->blob_digest);
    free(record->media_type);
    cJSON_Delete(record->rest);
    *record = (wcl_layer_record)WCL_LAYER_RECORD_INIT;
}

/* ---- Reading -------------------------------------------------------------------------------- */

static wcl_status read_whole(int layer_fd, wcl_buffer *text, wcl_error *error)
{
    int fd = openat(layer_fd, RECORD_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return wcl_fail_errno(error, errno, "cannot open " RECORD_FILE);
    wcl_status status = WCL_OK;
    while (status == WCL_OK && text->size <= RECORD_SIZE_MAX) {
        status = wcl_buffer_reserve(text, 65536, error);
        if (status != WCL_OK)
            break;
        ssize_t got = read(fd, text->data + text->size, 65536);
        if (got < 0 && errno != EINTR)
            status = wcl_fail_errno(error, errno, "cannot read " RECORD_FILE);
        if (got == 0)
            break;
        if (got > 0)
            text->size += (size_t)got;
    }
    close(fd);
    return status;
}

static wcl_status copy_text(const cJSON *json, const char *name, char **to, wcl_error *error)
{
    const char *text = NULL;

    if (wcl_json_get_text(json, name, &text, error) != WCL_OK)
        return WCL_FAILED;
    *to = text ? strdup(text) : NULL;
    return text && !*to ? wcl_fail_memory(error) : WCL_OK;
}

static wcl_status read_parents(const cJSON *json, wcl_layer_record *record, wcl_error *error)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(json, "parents");
    const cJSON *item;

    if (!cJSON_IsArray(list))
        return wcl_fail(error, WCL_CODE_CORRUPT, "'parents' is not a list");
    int count = cJSON_GetArraySize(list);
    record->parents = calloc((size_t)count + 1, sizeof(char *));
    if (!record->parents)
        return wcl_fail_memory(error);
    cJSON_ArrayForEach(item, list)
    {
        if (!cJSON_IsString(item) || wcl_layer_id_check(item->valuestring, error) != WCL_OK)
            return wcl_fail(error, WCL_CODE_CORRUPT, "'parents' has something that is not an id");
        char *id = strdup(item->valuestring);
        if (!id)
            return wcl_fail_memory(error);
        record->parents[record->parent_count++] = id;
    }
    return WCL_OK;
}

static wcl_status read_kind(const cJSON *json, wcl_layer_record *record, wcl_error *error)
{
    const char *kind = "", *os = "";

    if (wcl_json_get_text(json, "kind", &kind, error) != WCL_OK ||
        wcl_json_get_text(json, "os", &os, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 1; i < sizeof(kind_names) / sizeof(kind_names[0]); i++)
        if (strcmp(kind, kind_names[i]) == 0)
            record->kind = (wcl_layer_kind)i;
    record->os = strcmp(os, "windows") == 0 ? WCL_OS_WINDOWS
                 : strcmp(os, "linux") == 0 ? WCL_OS_LINUX
                                            : WCL_OS_UNKNOWN;
    if (record->kind == 0 || (record->os == WCL_OS_UNKNOWN && *os))
        return wcl_fail(error, WCL_CODE_CORRUPT, "kind '%.20s' or os '%.20s' is unknown", kind, os);
    return WCL_OK;
}

static wcl_status read_numbers(const cJSON *json, wcl_layer_record *record, wcl_error *error)
{
    if (wcl_json_get_u64(json, "blob_size", &record->blob_size, error) != WCL_OK ||
        wcl_json_get_u64(json, "tar_size", &record->tar_size, error) != WCL_OK ||
        wcl_json_get_u64(json, "data_size", &record->data_size, error) != WCL_OK ||
        wcl_json_get_u64(json, "entries", &record->entries, error) != WCL_OK ||
        wcl_json_get_u64(json, "limit", &record->limit, error) != WCL_OK ||
        wcl_json_get_bool(json, "scattered", &record->scattered, error) != WCL_OK ||
        wcl_json_get_bool(json, "links_below", &record->links_below, error) != WCL_OK ||
        wcl_json_get_i64(json, "created", &record->created, error) != WCL_OK)
        return WCL_FAILED;
    return WCL_OK;
}

static wcl_status parse_record(const cJSON *json, wcl_layer_record *record, wcl_error *error)
{
    uint64_t version = 0;

    if (!cJSON_IsObject(json))
        return wcl_fail(error, WCL_CODE_CORRUPT, "it is not a JSON object");
    if (wcl_json_get_u64(json, "version", &version, error) != WCL_OK)
        return WCL_FAILED;
    if (version != FORMAT_VERSION)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "its format version is %llu; this program knows %d",
                        (unsigned long long)version, FORMAT_VERSION);
    if (copy_text(json, "id", &record->id, error) != WCL_OK ||
        read_kind(json, record, error) != WCL_OK || read_parents(json, record, error) != WCL_OK ||
        copy_text(json, "diff_id", &record->diff_id, error) != WCL_OK ||
        copy_text(json, "blob_digest", &record->blob_digest, error) != WCL_OK ||
        copy_text(json, "media_type", &record->media_type, error) != WCL_OK ||
        read_numbers(json, record, error) != WCL_OK)
        return WCL_FAILED;
    if (!record->id || wcl_layer_id_check(record->id, error) != WCL_OK)
        return wcl_fail(error, WCL_CODE_CORRUPT, "'id' is not an id");
    return WCL_OK;
}

wcl_status wcl_layer_record_read(int layer_fd, wcl_layer_record *record, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;
    cJSON *json = NULL;

    *record = (wcl_layer_record)WCL_LAYER_RECORD_INIT;
    wcl_status status = read_whole(layer_fd, &text, error);
    if (status == WCL_OK)
        status = wcl_json_parse(wcl_buffer_text(&text), text.size, RECORD_SIZE_MAX, &json, error);
    if (status == WCL_OK)
        status = parse_record(json, record, error);
    record->rest = json;
    if (status == WCL_OK)
        return WCL_OK;
    wcl_layer_record_free(record);
    return wcl_error_context(error, NULL, RECORD_FILE);
}

/* ---- Writing -------------------------------------------------------------------------------- */

/* These replace a field, or take it out; false when out of memory. */

static bool layer_record_put(cJSON *json, const char *name, cJSON *value)
{
    cJSON_DeleteItemFromObjectCaseSensitive(json, name);
    if (value && cJSON_AddItemToObject(json, name, value))
        return true;
    cJSON_Delete(value);
    return false;
}

static bool layer_record_put_text(cJSON *json, const char *name, const char *text)
{
    if (text)
        return layer_record_put(json, name, cJSON_CreateString(text));
    cJSON_DeleteItemFromObjectCaseSensitive(json, name);
    return true;
}

static bool put_number(cJSON *json, const char *name, uint64_t number)
{
    cJSON_DeleteItemFromObjectCaseSensitive(json, name);
    return wcl_json_add_u64(json, name, number);
}

static bool put_parents(cJSON *json, const wcl_layer_record *record)
{
    cJSON *parents = cJSON_CreateArray();

    for (size_t i = 0; parents && i < record->parent_count; i++) {
        cJSON *parent = cJSON_CreateString(record->parents[i]);
        if (parent && cJSON_AddItemToArray(parents, parent))
            continue;
        cJSON_Delete(parent);
        cJSON_Delete(parents);
        parents = NULL;
    }
    return layer_record_put(json, "parents", parents);
}

static bool layer_record_fill(cJSON *json, const wcl_layer_record *record)
{
    const char *os = record->os == WCL_OS_WINDOWS ? "windows"
                     : record->os == WCL_OS_LINUX ? "linux"
                                                  : NULL;

    return put_number(json, "version", FORMAT_VERSION) &&
           layer_record_put_text(json, "id", record->id) &&
           layer_record_put_text(json, "kind", kind_names[record->kind]) &&
           layer_record_put_text(json, "os", os) && put_parents(json, record) &&
           layer_record_put_text(json, "diff_id", record->diff_id) &&
           layer_record_put_text(json, "blob_digest", record->blob_digest) &&
           layer_record_put_text(json, "media_type", record->media_type) &&
           put_number(json, "blob_size", record->blob_size) &&
           put_number(json, "tar_size", record->tar_size) &&
           put_number(json, "data_size", record->data_size) &&
           put_number(json, "entries", record->entries) &&
           put_number(json, "limit", record->limit) &&
           layer_record_put(json, "scattered", cJSON_CreateBool(record->scattered)) &&
           (!record->links_below || layer_record_put(json, "links_below", cJSON_CreateTrue())) &&
           put_number(json, "created", (uint64_t)record->created) &&
           layer_record_put_text(json, "tool", "wcl") &&
           layer_record_put_text(json, "tool_version", wcl_version());
}

static cJSON *record_to_json(const wcl_layer_record *record)
{
    cJSON *json = record->rest ? cJSON_Duplicate(record->rest, true) : cJSON_CreateObject();

    if (json && layer_record_fill(json, record))
        return json;
    cJSON_Delete(json);
    return NULL;
}

wcl_status wcl_layer_record_write(int layer_fd, const wcl_layer_record *record, wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *json = record_to_json(record);
    WCL_CLEANUP_FREE char *text = json ? wcl_json_print_pretty(json) : NULL;

    if (!text)
        return wcl_fail_memory(error);
    return wcl_durable_write(layer_fd, RECORD_FILE, text, strlen(text), 0600, error);
}

wcl_status wcl_record_write_new(int layer_fd, const wcl_layer_record *record, wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *json = record_to_json(record);
    WCL_CLEANUP_FREE char *text = json ? wcl_json_print_pretty(json) : NULL;
    WCL_CLEANUP_FD int fd =
        openat(layer_fd, RECORD_FILE, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (!text)
        return wcl_fail_memory(error);
    if (fd < 0)
        return wcl_fail_errno(error, errno, "cannot create '" RECORD_FILE "'");
    if (wcl_pwrite_full(fd, text, strlen(text), 0, error) != WCL_OK)
        return WCL_FAILED;
    return fsync(fd) == 0 ? WCL_OK
                          : wcl_fail_errno(error, errno, "cannot write '" RECORD_FILE "' to disk");
}

bool wcl_record_may_name(int home_fd, const char *id, const char *other)
{
    char path[192], text[16384];
    size_t got = 0;

    snprintf(path, sizeof(path), "%s/" RECORD_FILE, id);
    WCL_CLEANUP_FD int fd = openat(home_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    return fd < 0 || wcl_pread_full(fd, text, sizeof(text), 0, &got, NULL) != WCL_OK ||
           got == sizeof(text) || memmem(text, got, other, strlen(other)) != NULL;
}

/* ---- Parents -------------------------------------------------------------------------------- */

wcl_status wcl_layer_record_set_parents(wcl_layer_record *record, const wcl_store *store,
                                        wcl_parents parents, wcl_error *error)
{
    for (size_t i = 0; i < record->parent_count; i++)
        free(record->parents[i]);
    free(record->parents);
    record->parent_count = 0;
    record->parents = calloc(parents.count + 1, sizeof(char *));
    if (!record->parents)
        return wcl_fail_memory(error);
    for (size_t i = 0; i < parents.count; i++) {
        const char *id;
        if (wcl_store_find_parent(store, parents.paths[i], &id, error) != WCL_OK)
            return WCL_FAILED;
        char *copy = strdup(id);
        if (!copy)
            return wcl_fail_memory(error);
        record->parents[record->parent_count++] = copy;
    }
    return WCL_OK;
}
