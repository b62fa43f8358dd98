/* Structs as JSON by tables of their fields. */
#include "base/buffer.h"
#include "base/json_fields.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/options.h"

/* What is kept of unknown fields came in a document, or is a caller's text. */
#define EXTRA_LIMIT (1024 * 1024)

static const void *member_pointer(const void *from, size_t offset)
{
    const void *pointer;

    memcpy(&pointer, (const char *)from + offset, sizeof(pointer));
    return pointer;
}

static size_t member_count(const void *from, const wcl_json_field *field)
{
    size_t count;

    memcpy(&count, (const char *)from + field->count_offset, sizeof(count));
    return count;
}

static uint64_t member_number(const void *from, const wcl_json_field *field)
{
    const void *at = (const char *)from + field->offset;

    switch (field->type) {
    case WCL_JSON_U8:
        return *(const uint8_t *)at;
    case WCL_JSON_U16:
        return *(const uint16_t *)at;
    case WCL_JSON_U32:
        return *(const uint32_t *)at;
    default:
        return *(const uint64_t *)at;
    }
}

/* ---- Writing -------------------------------------------------------------------------------- */

wcl_status wcl_json_append(cJSON *list, cJSON *item, wcl_error *error)
{
    if (cJSON_AddItemToArray(list, item))
        return WCL_OK;
    cJSON_Delete(item);
    return wcl_fail_memory(error);
}

/* How far the structs of a list stand apart. */
static size_t distance_of(const wcl_json_table *table, const void *first)
{
    size_t size = table->size;

    if (table->sized)
        memcpy(&size, first, sizeof(size));
    return size;
}

/* Writes a struct, of which a caller's may not have all. */
static wcl_status write_sized(const wcl_json_table *table, const void *from, cJSON *object,
                              wcl_error *error)
{
    if (!table->sized)
        return wcl_json_write(table, from, object, error);
    WCL_CLEANUP_FREE void *own = calloc(1, table->size);
    if (!own)
        return wcl_fail_memory(error);
    if (wcl_struct_take(own, table->size, from, table->sized, table->function, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_json_write(table, own, object, error);
}

static wcl_status write_list(const wcl_json_field *field, const void *from, cJSON *object,
                             wcl_error *error)
{
    const char *items = member_pointer(from, field->offset);
    size_t count = member_count(from, field);
    cJSON *list = count || field->keep_empty ? cJSON_AddArrayToObject(object, field->name) : NULL;

    if (!list)
        return count || field->keep_empty ? wcl_fail_memory(error) : WCL_OK;
    for (size_t i = 0; i < count; i++) {
        bool is_text = field->type == WCL_JSON_TEXTS;
        size_t apart = is_text ? 0 : distance_of(field->table, items);
        const char *text = is_text ? member_pointer(items, i * sizeof(text)) : NULL;
        cJSON *item = is_text ? cJSON_CreateString(text ? text : "") : cJSON_CreateObject();
        if (wcl_json_append(list, item, error) != WCL_OK ||
            (!is_text && write_sized(field->table, items + i * apart, item, error) != WCL_OK))
            return WCL_FAILED;
    }
    return WCL_OK;
}

static wcl_status write_struct(const wcl_json_field *field, const void *from, cJSON *object,
                               wcl_error *error)
{
    cJSON *item = from ? cJSON_AddObjectToObject(object, field->name) : NULL;

    if (!item)
        return from ? wcl_fail_memory(error) : WCL_OK;
    return write_sized(field->table, from, item, error);
}

static bool write_plain(const wcl_json_field *field, const void *from, cJSON *object)
{
    const void *at = (const char *)from + field->offset;

    if (field->type == WCL_JSON_TEXT) {
        const char *text = member_pointer(from, field->offset);
        return (!(text && *text) && !field->keep_empty) ||
               wcl_json_add_text(object, field->name, text ? text : "");
    }
    if (field->type == WCL_JSON_BOOL) {
        bool value = *(const bool *)at;
        return (!value && !field->keep_empty) || cJSON_AddBoolToObject(object, field->name, value);
    }
    uint64_t number = member_number(from, field);
    if (!number && !field->keep_empty)
        return true;
    return field->type == WCL_JSON_I64 ? wcl_json_add_i64(object, field->name, (int64_t)number)
                                       : wcl_json_add_u64(object, field->name, number);
}

static wcl_status write_field(const wcl_json_field *field, const void *from, cJSON *object,
                              wcl_error *error)
{
    switch (field->type) {
    case WCL_JSON_TEXTS:
    case WCL_JSON_STRUCTS:
        return write_list(field, from, object, error);
    case WCL_JSON_STRUCT:
        return write_struct(field, (const char *)from + field->offset, object, error);
    case WCL_JSON_POINTER:
        return write_struct(field, member_pointer(from, field->offset), object, error);
    case WCL_JSON_OTHER:
        return field->write ? field->write(field, from, object, error) : WCL_OK;
    default:
        return write_plain(field, from, object) ? WCL_OK : wcl_fail_memory(error);
    }
}

/* Adds what was kept of unknown fields; what the struct has a field for is the struct's to say. */
static wcl_status write_extra(const char *extra, cJSON *object, wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *rest = NULL;

    if (!extra)
        return WCL_OK;
    if (wcl_json_parse(extra, strlen(extra), EXTRA_LIMIT, &rest, error) != WCL_OK)
        return WCL_FAILED;
    for (cJSON *next, *item = rest->child; item; item = next) {
        next = item->next;
        if (!item->string || cJSON_GetObjectItemCaseSensitive(object, item->string))
            continue;
        cJSON_DetachItemViaPointer(rest, item);
        if (!cJSON_AddItemToObject(object, item->string, item)) {
            cJSON_Delete(item);
            return wcl_fail_memory(error);
        }
    }
    return WCL_OK;
}

wcl_status wcl_json_write(const wcl_json_table *table, const void *from, cJSON *object,
                          wcl_error *error)
{
    for (size_t i = 0; i < table->field_count; i++)
        if (write_field(&table->fields[i], from, object, error) != WCL_OK)
            return WCL_FAILED;
    return table->unknown == WCL_JSON_KEEP_UNKNOWN
               ? write_extra(member_pointer(from, table->extra_offset), object, error)
               : WCL_OK;
}

wcl_status wcl_json_write_text(const wcl_json_table *table, const void *from, char **text,
                               wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *object = cJSON_CreateObject();

    if (!object)
        return wcl_fail_memory(error);
    if (wcl_json_write(table, from, object, error) != WCL_OK)
        return WCL_FAILED;
    *text = wcl_json_print(object);
    return *text ? WCL_OK : wcl_fail_memory(error);
}

/* ---- Reading -------------------------------------------------------------------------------- */

static wcl_status read_text(const wcl_json_field *field, const cJSON *item, wcl_region *region,
                            void *at, wcl_error *error)
{
    if (!cJSON_IsString(item))
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "the field '%s' is not a text", field->name);
    const char *text = *item->valuestring ? wcl_region_text(region, item->valuestring) : NULL;
    if (*item->valuestring && !text)
        return wcl_fail_memory(error);
    memcpy(at, &text, sizeof(text));
    return WCL_OK;
}

static wcl_status read_narrow(const wcl_json_field *field, const cJSON *object, uint64_t most,
                              uint64_t *number, wcl_error *error)
{
    if (wcl_json_get_u64(object, field->name, number, error) != WCL_OK)
        return WCL_FAILED;
    if (*number > most)
        return wcl_fail(error, WCL_CODE_INVALID_DATA,
                        "the field '%s' is not a whole number from 0 to %llu", field->name,
                        (unsigned long long)most);
    return WCL_OK;
}

static wcl_status read_number(const wcl_json_field *field, const cJSON *object, void *at,
                              wcl_error *error)
{
    uint64_t number = 0;
    wcl_status status;

    switch (field->type) {
    case WCL_JSON_U8:
        status = read_narrow(field, object, UINT8_MAX, &number, error);
        *(uint8_t *)at = (uint8_t)number;
        return status;
    case WCL_JSON_U16:
        status = read_narrow(field, object, UINT16_MAX, &number, error);
        *(uint16_t *)at = (uint16_t)number;
        return status;
    case WCL_JSON_U32:
        status = read_narrow(field, object, UINT32_MAX, &number, error);
        *(uint32_t *)at = (uint32_t)number;
        return status;
    case WCL_JSON_U64:
        return wcl_json_get_u64(object, field->name, at, error);
    default:
        return wcl_json_get_i64(object, field->name, at, error);
    }
}

static wcl_status read_list(const wcl_json_field *field, const cJSON *list, wcl_region *region,
                            void *to, wcl_error *error)
{
    bool is_text = field->type == WCL_JSON_TEXTS;
    size_t size = is_text ? sizeof(char *) : field->table->size, count = 0;
    const cJSON *item;

    if (!cJSON_IsArray(list))
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "the field '%s' is not a list", field->name);
    size_t length = (size_t)cJSON_GetArraySize(list);
    char *items = length ? wcl_region_alloc(region, length, size) : NULL;
    if (length && !items)
        return wcl_fail_memory(error);
    cJSON_ArrayForEach(item, list)
    {
        char *at = items + count++ * size;
        if (is_text && !cJSON_IsString(item))
            return wcl_fail(error, WCL_CODE_INVALID_DATA, "the field '%s' holds more than texts",
                            field->name);
        const char *text = is_text ? wcl_region_text(region, item->valuestring) : NULL;
        if (is_text && !text)
            return wcl_fail_memory(error);
        if (is_text)
            memcpy(at, &text, sizeof(text));
        else if (wcl_json_read(field->table, item, region, at, error) != WCL_OK)
            return WCL_FAILED;
    }
    memcpy((char *)to + field->offset, &items, sizeof(items));
    memcpy((char *)to + field->count_offset, &count, sizeof(count));
    return WCL_OK;
}

static wcl_status read_pointer(const wcl_json_field *field, const cJSON *item, wcl_region *region,
                               void *at, wcl_error *error)
{
    void *inner = wcl_region_alloc(region, 1, field->table->size);

    if (!inner)
        return wcl_fail_memory(error);
    memcpy(at, &inner, sizeof(inner));
    return wcl_json_read(field->table, item, region, inner, error);
}

static wcl_status read_field(const wcl_json_field *field, const cJSON *object, const cJSON *item,
                             wcl_region *region, void *to, wcl_error *error)
{
    void *at = (char *)to + field->offset;

    switch (field->type) {
    case WCL_JSON_TEXT:
        return read_text(field, item, region, at, error);
    case WCL_JSON_BOOL:
        return wcl_json_get_bool(object, field->name, at, error);
    case WCL_JSON_TEXTS:
    case WCL_JSON_STRUCTS:
        return read_list(field, item, region, to, error);
    case WCL_JSON_STRUCT:
        return wcl_json_read(field->table, item, region, at, error);
    case WCL_JSON_POINTER:
        return read_pointer(field, item, region, at, error);
    case WCL_JSON_OTHER:
        return field->read ? field->read(field, item, region, to, error) : WCL_OK;
    default:
        return read_number(field, object, at, error);
    }
}

static const wcl_json_field *find_field(const wcl_json_table *table, const char *name)
{
    for (size_t i = 0; i < table->field_count; i++)
        if (strcmp(table->fields[i].name, name) == 0)
            return &table->fields[i];
    return NULL;
}

static wcl_status read_unknown(const wcl_json_table *table, const cJSON *item, cJSON *rest,
                               wcl_error *error)
{
    if (table->unknown == WCL_JSON_REFUSE_UNKNOWN)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "%s has an unknown field '%s'",
                        table->what, item->string);
    if (table->unknown == WCL_JSON_SKIP_UNKNOWN)
        return WCL_OK;
    cJSON *copy = cJSON_Duplicate(item, true);
    if (cJSON_AddItemToObject(rest, item->string, copy))
        return WCL_OK;
    cJSON_Delete(copy);
    return wcl_fail_memory(error);
}

static wcl_status keep_extra(const wcl_json_table *table, const cJSON *rest, wcl_region *region,
                             void *to, wcl_error *error)
{
    if (!rest->child)
        return WCL_OK;
    WCL_CLEANUP_FREE char *text = wcl_json_print(rest);
    const char *extra = text ? wcl_region_text(region, text) : NULL;
    if (!extra)
        return wcl_fail_memory(error);
    memcpy((char *)to + table->extra_offset, &extra, sizeof(extra));
    return WCL_OK;
}

static void set_missing_texts(const wcl_json_table *table, void *to)
{
    static const char *const empty = "";

    for (const wcl_json_field *at = table->fields; at < table->fields + table->field_count; at++)
        if (at->type == WCL_JSON_TEXT && at->keep_empty && !member_pointer(to, at->offset))
            memcpy((char *)to + at->offset, &empty, sizeof(empty));
}

wcl_status wcl_json_read(const wcl_json_table *table, const cJSON *object, wcl_region *region,
                         void *to, wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *rest =
        table->unknown == WCL_JSON_KEEP_UNKNOWN ? cJSON_CreateObject() : NULL;
    const cJSON *item;

    if (table->unknown == WCL_JSON_KEEP_UNKNOWN && !rest)
        return wcl_fail_memory(error);
    if (!cJSON_IsObject(object))
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "%s is not a JSON object", table->what);
    cJSON_ArrayForEach(item, object)
    {
        const wcl_json_field *field = find_field(table, item->string);
        if (field && cJSON_GetObjectItemCaseSensitive(object, item->string) != item)
            return wcl_fail(error, WCL_CODE_INVALID_DATA, "%s has the field '%s' twice",
                            table->what, item->string);
        wcl_status status = !field ? read_unknown(table, item, rest, error)
                            : cJSON_IsNull(item)
                                ? WCL_OK
                                : read_field(field, object, item, region, to, error);
        if (status != WCL_OK)
            return WCL_FAILED;
    }
    set_missing_texts(table, to);
    if (table->sized)
        memcpy(to, &table->size, sizeof(table->size));
    return rest ? keep_extra(table, rest, region, to, error) : WCL_OK;
}

wcl_status wcl_json_read_text(const wcl_json_table *table, const char *text, size_t limit,
                              wcl_region *region, void *to, wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *json = NULL;

    if (!*wcl_text(text))
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "%s is missing", table->what);
    if (wcl_json_parse(text, strlen(text), limit, &json, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_json_read(table, json, region, to, error);
}
