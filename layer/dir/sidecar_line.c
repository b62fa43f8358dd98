/* Records as lines of JSON, and back. */
#include "layer/dir/sidecar_line.h"

#include <string.h>

#include "base/base64.h"
#include "base/error.h"
#include "base/json.h"
#include "base/utf16.h"

static const char *const kind_names[] = {
    [WCL_ENTRY_FILE] = "file",
    [WCL_ENTRY_DIRECTORY] = "directory",
    [WCL_ENTRY_HARD_LINK] = "link",
    [WCL_ENTRY_DELETED] = "deleted",
    [WCL_ENTRY_OPAQUE] = "opaque",
    [WCL_ENTRY_SYMLINK] = "symlink",
    [WCL_ENTRY_CHARACTER_DEVICE] = "character",
    [WCL_ENTRY_BLOCK_DEVICE] = "block",
    [WCL_ENTRY_FIFO] = "fifo",
};

static const char *const time_names[] = { "creation_time", "last_access_time", "last_write_time",
                                          "change_time" };

/* Whether JSON holds the text as it is: UTF-8 without surrogates and control characters. */
static bool is_plain(const char *text)
{
    size_t size = strlen(text);

    for (size_t i = 0; i < size; i++)
        if ((unsigned char)text[i] < 0x20 ||
            ((unsigned char)text[i] == 0xED && (unsigned char)text[i + 1] >= 0xA0))
            return false;
    return wcl_wtf8_is_valid(text, size);
}

static wcl_status add_base64(cJSON *json, const char *name, const void *data, size_t size,
                             wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;

    if (wcl_base64_encode(data, size, &text, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_json_add_text(json, name, wcl_buffer_text(&text)) ? WCL_OK : wcl_fail_memory(error);
}

static bool add_numbers(cJSON *json, const wcl_file_record *record)
{
    const wcl_filetime times[] = { record->info.creation_time, record->info.last_access_time,
                                   record->info.last_write_time, record->info.change_time };
    bool added = wcl_json_add_u64(json, "flags", record->flags) &&
                 wcl_json_add_u64(json, "attributes", record->info.attributes);

    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
        added = added && wcl_json_add_i64(json, time_names[i], times[i]);
    if (record->blob)
        added = added && wcl_json_add_u64(json, "blob", record->blob);
    if (record->seen)
        added = added && wcl_json_add_i64(json, "seen_seconds", record->seen_seconds) &&
                wcl_json_add_u64(json, "seen_nanoseconds", record->seen_nanoseconds) &&
                wcl_json_add_u64(json, "seen_size", record->seen_size);
    return added;
}

wcl_status wcl_sidecar_line_format(const char *path, const wcl_file_record *record,
                                   wcl_buffer *line, wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *json = cJSON_CreateObject();
    wcl_status status = WCL_OK;

    if (!json)
        return wcl_fail_memory(error);
    if (!is_plain(path))
        status = add_base64(json, "path_base64", path, strlen(path), error);
    else if (!wcl_json_add_text(json, "path", path))
        status = wcl_fail_memory(error);
    if (status != WCL_OK)
        return status;
    if (!wcl_json_add_text(json, "kind", kind_names[record->kind]) || !add_numbers(json, record))
        return wcl_fail_memory(error);
    for (int i = 0; i < WCL_FILE_RECORD_FIELDS; i++)
        if (record->has[i] &&
            add_base64(json, wcl_file_record_field_names[i], record->fields[i].data,
                       record->fields[i].size, error) != WCL_OK)
            return WCL_FAILED;
    WCL_CLEANUP_FREE char *text = wcl_json_print(json);
    if (!text)
        return wcl_fail_memory(error);
    if (strlen(text) > WCL_SIDECAR_LINE_MAX)
        return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE,
                        "the metadata of '%.200s' needs more than %u bytes", path,
                        WCL_SIDECAR_LINE_MAX);
    if (wcl_buffer_append_text(line, text, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_buffer_append_byte(line, '\n', error);
}

/* ---- Parsing -------------------------------------------------------------------------------- */

static wcl_status get_base64(const cJSON *json, const char *name, wcl_buffer *value, bool *found,
                             wcl_error *error)
{
    const char *text = NULL;

    *found = false;
    if (wcl_json_get_text(json, name, &text, error) != WCL_OK)
        return WCL_FAILED;
    if (!text)
        return WCL_OK;
    *found = true;
    wcl_buffer_clear(value);
    if (wcl_base64_decode(text, strlen(text), value, error) != WCL_OK)
        return wcl_error_context(error, NULL, name);
    return wcl_buffer_append(value, "", 0, error);
}

static wcl_status get_path(const cJSON *json, wcl_buffer *path, wcl_error *error)
{
    const char *text = NULL;
    bool found;

    if (wcl_json_get_text(json, "path", &text, error) != WCL_OK)
        return WCL_FAILED;
    wcl_buffer_clear(path);
    if (text)
        return wcl_buffer_append_text(path, text, error);
    if (get_base64(json, "path_base64", path, &found, error) != WCL_OK)
        return WCL_FAILED;
    if (!found || strlen(wcl_buffer_text(path)) != path->size)
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "a line has no path");
    return WCL_OK;
}

static wcl_status get_kind(const cJSON *json, wcl_entry_kind *kind, wcl_error *error)
{
    const char *text = "";

    if (wcl_json_get_text(json, "kind", &text, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 1; i < sizeof(kind_names) / sizeof(kind_names[0]); i++)
        if (strcmp(kind_names[i], text) == 0) {
            *kind = (wcl_entry_kind)i;
            return WCL_OK;
        }
    return wcl_fail(error, WCL_CODE_INVALID_DATA, "a line has the unknown kind '%.40s'", text);
}

static wcl_status get_u32(const cJSON *json, const char *name, uint32_t *value, wcl_error *error)
{
    uint64_t wide = *value;

    if (wcl_json_get_u64(json, name, &wide, error) != WCL_OK)
        return WCL_FAILED;
    if (wide > UINT32_MAX)
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "'%s' is too large", name);
    *value = (uint32_t)wide;
    return WCL_OK;
}

static wcl_status get_numbers(const cJSON *json, wcl_file_record *record, wcl_error *error)
{
    wcl_filetime *const times[] = { &record->info.creation_time, &record->info.last_access_time,
                                    &record->info.last_write_time, &record->info.change_time };

    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
        if (wcl_json_get_i64(json, time_names[i], times[i], error) != WCL_OK)
            return WCL_FAILED;
    record->seen_seconds = INT64_MIN;
    if (get_u32(json, "flags", &record->flags, error) != WCL_OK ||
        get_u32(json, "attributes", &record->info.attributes, error) != WCL_OK ||
        wcl_json_get_u64(json, "blob", &record->blob, error) != WCL_OK ||
        wcl_json_get_i64(json, "seen_seconds", &record->seen_seconds, error) != WCL_OK ||
        get_u32(json, "seen_nanoseconds", &record->seen_nanoseconds, error) != WCL_OK ||
        wcl_json_get_u64(json, "seen_size", &record->seen_size, error) != WCL_OK)
        return WCL_FAILED;
    record->seen = record->seen_seconds != INT64_MIN;
    return WCL_OK;
}

wcl_status wcl_sidecar_line_parse(const char *line, size_t size, wcl_buffer *path,
                                  wcl_file_record *record, wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *json = NULL;

    if (wcl_json_parse(line, size, WCL_SIDECAR_LINE_MAX, &json, error) != WCL_OK)
        return WCL_FAILED;
    if (path && get_path(json, path, error) != WCL_OK)
        return WCL_FAILED;
    if (!record)
        return WCL_OK;
    wcl_file_record_clear(record);
    if (get_kind(json, &record->kind, error) != WCL_OK ||
        get_numbers(json, record, error) != WCL_OK)
        return WCL_FAILED;
    for (int i = 0; i < WCL_FILE_RECORD_FIELDS; i++)
        if (get_base64(json, wcl_file_record_field_names[i], &record->fields[i], &record->has[i],
                       error) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}
