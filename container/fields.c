/* Structs as JSON by tables of their fields. */
#include "container/fields.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"

static bool print_field(const wcl_field *field, const char *at, cJSON *object)
{
    switch (field->type) {
    case WCL_FIELD_TEXT: {
        const char *text = *(const char *const *)(const void *)at;
        if ((text && *text) || field->keep_empty)
            return wcl_json_add_text(object, field->name, text ? text : "");
        return true;
    }
    case WCL_FIELD_BOOL: {
        bool value = *(const bool *)at;
        return (!value && !field->keep_empty) || cJSON_AddBoolToObject(object, field->name, value);
    }
    case WCL_FIELD_U32: {
        uint32_t value = *(const uint32_t *)(const void *)at;
        return (!value && !field->keep_empty) || wcl_json_add_u64(object, field->name, value);
    }
    case WCL_FIELD_U64: {
        uint64_t value = *(const uint64_t *)(const void *)at;
        return (!value && !field->keep_empty) || wcl_json_add_u64(object, field->name, value);
    }
    case WCL_FIELD_I64: {
        int64_t value = *(const int64_t *)(const void *)at;
        return (!value && !field->keep_empty) || wcl_json_add_i64(object, field->name, value);
    }
    case WCL_FIELD_NESTED:
        break;
    }
    return true;
}

bool wcl_fields_print(const wcl_field *fields, size_t count, const void *from, cJSON *object)
{
    for (size_t i = 0; i < count; i++)
        if (!print_field(&fields[i], (const char *)from + fields[i].offset, object))
            return false;
    return true;
}

static wcl_status parse_u32(const cJSON *object, const char *name, uint32_t *value,
                            wcl_error *error)
{
    uint64_t wide = *value;

    if (wcl_json_get_u64(object, name, &wide, error) != WCL_OK)
        return WCL_FAILED;
    if (wide > UINT32_MAX)
        return wcl_fail(error, WCL_CODE_INVALID_DATA,
                        "the field '%s' is not a whole number from 0 to 2^32-1", name);
    *value = (uint32_t)wide;
    return WCL_OK;
}

static wcl_status parse_field(const wcl_field *field, const cJSON *object, char *at,
                              wcl_error *error)
{
    switch (field->type) {
    case WCL_FIELD_TEXT:
        return wcl_json_get_text(object, field->name, (const char **)(void *)at, error);
    case WCL_FIELD_BOOL:
        return wcl_json_get_bool(object, field->name, (bool *)at, error);
    case WCL_FIELD_U32:
        return parse_u32(object, field->name, (uint32_t *)(void *)at, error);
    case WCL_FIELD_U64:
        return wcl_json_get_u64(object, field->name, (uint64_t *)(void *)at, error);
    case WCL_FIELD_I64:
        return wcl_json_get_i64(object, field->name, (int64_t *)(void *)at, error);
    case WCL_FIELD_NESTED:
        break;
    }
    return WCL_OK;
}

static const wcl_field *find_field(const wcl_field *fields, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(fields[i].name, name) == 0)
            return &fields[i];
    return NULL;
}

wcl_status wcl_fields_parse(const wcl_field *fields, size_t count, const cJSON *object,
                            const char *what, void *to, wcl_error *error)
{
    if (!cJSON_IsObject(object))
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "%s is not a JSON object", what);
    for (const cJSON *item = object->child; item; item = item->next) {
        const wcl_field *field = find_field(fields, count, item->string);
        if (!field)
            return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "%s has an unknown field '%s'", what,
                            item->string);
        if (cJSON_GetObjectItemCaseSensitive(object, item->string) != item)
            return wcl_fail(error, WCL_CODE_INVALID_DATA, "%s has the field '%s' twice", what,
                            item->string);
        if (parse_field(field, object, (char *)to + field->offset, error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

wcl_status wcl_fields_list(const cJSON *object, const char *name, const cJSON **list, size_t *count,
                           wcl_error *error)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    *list = NULL;
    *count = 0;
    if (!item || cJSON_IsNull(item))
        return WCL_OK;
    if (!cJSON_IsArray(item))
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "the field '%s' is not a list", name);
    *count = (size_t)cJSON_GetArraySize(item);
    *list = *count ? item : NULL;
    return WCL_OK;
}

wcl_status wcl_fields_texts(const cJSON *object, const char *name, const char ***texts,
                            size_t *count, wcl_error *error)
{
    const cJSON *list, *item;
    size_t at = 0;

    *texts = NULL;
    if (wcl_fields_list(object, name, &list, count, error) != WCL_OK)
        return WCL_FAILED;
    if (!list)
        return WCL_OK;
    const char **made = calloc(*count + 1, sizeof(*made));
    if (!made)
        return wcl_fail_memory(error);
    cJSON_ArrayForEach(item, list)
    {
        if (!cJSON_IsString(item)) {
            free(made);
            return wcl_fail(error, WCL_CODE_INVALID_DATA, "the field '%s' holds more than texts",
                            name);
        }
        made[at++] = item->valuestring;
    }
    *texts = made;
    return WCL_OK;
}

bool wcl_fields_print_texts(cJSON *object, const char *name, const char *const *texts, size_t count)
{
    cJSON *list = cJSON_AddArrayToObject(object, name);

    for (size_t i = 0; list && i < count; i++) {
        cJSON *holder = cJSON_CreateObject();
        bool added = holder && wcl_json_add_text(holder, "", texts[i] ? texts[i] : "") &&
                     cJSON_AddItemToArray(list, cJSON_DetachItemViaPointer(holder, holder->child));
        cJSON_Delete(holder);
        if (!added)
            return false;
    }
    return list != NULL;
}
