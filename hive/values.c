/* Values of keys. */
#include <stdlib.h>

#include "base/utf16.h"
#include "hive/key_internal.h"

static wcl_status add_values(wcl_hive_key *key, uint32_t place, wcl_error *error)
{
    const wcl_hive *hive = key->places[place].hive;
    wcl_hive_items *values = &key->values;
    wcl_hive_node node;
    wcl_hive_cell list;
    wcl_hive_vk vk;

    if (wcl_hive_node_get(hive, key->places[place].offset, &node, error) != WCL_OK ||
        wcl_hive_node_values(hive, &node, &list, error) != WCL_OK)
        return WCL_FAILED;
    if (!node.value_count)
        return WCL_OK;
    wcl_hive_item *grown =
        realloc(values->items, (values->count + node.value_count) * sizeof(*grown));
    if (!grown)
        return wcl_fail_memory(error);
    values->items = grown;
    for (uint32_t i = 0; i < node.value_count; i++) {
        uint32_t offset = wcl_load_le32(list.data + 4 * (size_t)i);
        if (wcl_hive_vk_get(hive, offset, &vk, error) != WCL_OK)
            return WCL_FAILED;
        values->items[values->count++] = (wcl_hive_item) { vk.name, place, offset, i };
    }
    return WCL_OK;
}

/* As the layers list them, without what is hidden. */
static int compare_places(const void *a, const void *b)
{
    const wcl_hive_item *left = a, *right = b;

    if (left->place != right->place)
        return left->place < right->place ? -1 : 1;
    return (left->order > right->order) - (left->order < right->order);
}

static wcl_status keep_visible(wcl_hive_key *key, wcl_error *error)
{
    wcl_hive_items *list = &key->values;
    size_t kept = 0;

    for (size_t i = 0; i < list->visible; i++) {
        const wcl_hive_item *item = &list->items[list->first[i]];
        wcl_hive_vk vk;
        if (wcl_hive_vk_get(key->places[item->place].hive, item->offset, &vk, error) != WCL_OK)
            return WCL_FAILED;
        if (!key->is_merged || !vk.is_tombstone)
            list->items[kept++] = *item;
    }
    list->count = list->visible = kept;
    if (kept)
        qsort(list->items, kept, sizeof(*list->items), compare_places);
    return WCL_OK;
}

static wcl_status list_values(wcl_hive_key *key, wcl_error *error)
{
    wcl_status status = WCL_OK;

    if (key->values.is_listed)
        return WCL_OK;
    for (uint32_t i = 0; i < key->own_count && status == WCL_OK; i++)
        status = add_values(key, i, error);
    if (status == WCL_OK)
        status = wcl_hive_items_sort(&key->values, error);
    if (status == WCL_OK)
        status = keep_visible(key, error);
    if (status != WCL_OK)
        wcl_hive_items_free(&key->values);
    return status;
}

wcl_status wcl_hive_key_count_values(wcl_hive_key *key, size_t *count, wcl_error *error)
{
    *count = 0;
    if (list_values(key, error) != WCL_OK)
        return WCL_FAILED;
    *count = key->values.visible;
    return WCL_OK;
}

wcl_status wcl_hive_key_value_at(wcl_hive_key *key, size_t index, const wcl_hive_value **value,
                                 wcl_error *error)
{
    const uint8_t *data = NULL;
    wcl_hive_vk vk;

    *value = NULL;
    if (list_values(key, error) != WCL_OK)
        return WCL_FAILED;
    if (index >= key->values.visible)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "there is no value number %zu", index);
    const wcl_hive_item *item = &key->values.items[index];
    const wcl_hive_place *place = &key->places[item->place];
    wcl_buffer_clear(&key->value_name);
    if (wcl_hive_vk_get(place->hive, item->offset, &vk, error) != WCL_OK ||
        wcl_hive_name_append(&vk.name, &key->value_name, error) != WCL_OK)
        return WCL_FAILED;
    if (!vk.is_tombstone &&
        wcl_hive_vk_data(place->hive, &vk, &key->value_data, &data, NULL, error) != WCL_OK)
        return WCL_FAILED;
    key->value = (wcl_hive_value) {
        wcl_buffer_text(&key->value_name), key->value_name.size, vk.type,     data,
        vk.is_tombstone ? 0 : vk.size,     vk.is_tombstone,      place->layer
    };
    *value = &key->value;
    return WCL_OK;
}

wcl_status wcl_hive_key_value(wcl_hive_key *key, const char *name, size_t name_size,
                              const wcl_hive_value **value, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer utf16 = WCL_BUFFER_INIT;

    *value = NULL;
    if (list_values(key, error) != WCL_OK ||
        wcl_wtf8_to_utf16(name, name_size, &utf16, error) != WCL_OK)
        return WCL_FAILED;
    if (utf16.size <= UINT16_MAX) {
        const wcl_hive_name wanted = { utf16.data, (uint16_t)utf16.size, false };
        for (size_t i = 0; i < key->values.visible; i++)
            if (wcl_hive_name_compare(&wanted, &key->values.items[i].name) == 0)
                return wcl_hive_key_value_at(key, i, value, error);
    }
    return wcl_fail(error, WCL_CODE_FILE_NOT_FOUND, "the key '%s' has no value '%.*s'",
                    key->info.name, (int)name_size, name);
}
