/* Keys of one hive or of several that are merged. */
#include <stdlib.h>
#include <string.h>

#include "base/options.h"
#include "base/utf16.h"
#include "hive/key_internal.h"

static wcl_status take_class(wcl_hive_key *key, wcl_error *error)
{
    for (uint32_t i = 0; i < key->own_count; i++) {
        const wcl_hive *hive = key->places[i].hive;
        wcl_hive_node node;
        wcl_hive_cell cell;
        if (wcl_hive_node_get(hive, key->places[i].offset, &node, error) != WCL_OK)
            return WCL_FAILED;
        if (key->is_merged && node.inherits_class)
            continue;
        if (wcl_hive_node_class(hive, &node, &cell, error) != WCL_OK)
            return WCL_FAILED;
        if (!cell.data)
            return WCL_OK;
        if (wcl_utf16_to_wtf8(cell.data, node.class_size, &key->class_name, error) != WCL_OK)
            return WCL_FAILED;
        key->info.class_name = wcl_buffer_text(&key->class_name);
        key->info.class_size = key->class_name.size;
        return WCL_OK;
    }
    return WCL_OK;
}

static wcl_status describe_key(wcl_hive_key *key, wcl_error *error)
{
    wcl_hive_key_info *info = &key->info;
    wcl_hive_cell descriptor;
    wcl_hive_node node;

    for (uint32_t i = key->own_count; i-- > 0;) {
        if (wcl_hive_node_get(key->places[i].hive, key->places[i].offset, &node, error) != WCL_OK)
            return WCL_FAILED;
        wcl_filetime written = (wcl_filetime)wcl_load_le64(node.nk + NK_WRITTEN);
        if (i == key->own_count - 1 || written > info->written)
            info->written = written;
    }
    if (wcl_hive_name_append(&node.name, &key->name, error) != WCL_OK ||
        wcl_hive_node_security(key->places[0].hive, &node, &descriptor, error) != WCL_OK)
        return WCL_FAILED;
    info->name = wcl_buffer_text(&key->name);
    info->name_size = key->name.size;
    info->security = descriptor.data;
    info->security_size = descriptor.size;
    info->flags = node.flags;
    info->layer = key->places[0].layer;
    if (!key->is_merged) {
        info->semantics = node.semantics;
        info->inherits_class = node.inherits_class;
    }
    return take_class(key, error);
}

/* Of the places that have the key, how many count. */
static wcl_status count_places(wcl_hive_key *key, uint32_t count, wcl_error *error)
{
    bool own = true;

    for (uint32_t i = 0; i < count; i++) {
        wcl_hive_node node;
        if (wcl_hive_node_get(key->places[i].hive, key->places[i].offset, &node, error) != WCL_OK)
            return WCL_FAILED;
        if (key->is_merged && node.semantics == WCL_HIVE_TOMBSTONE)
            break;
        key->tree_count++;
        key->own_count += own;
        if (node.semantics == WCL_HIVE_SUPERSEDE_LOCAL)
            own = false;
        if (node.semantics == WCL_HIVE_SUPERSEDE_TREE)
            break;
    }
    return WCL_OK;
}

/* WCL_END where all that is there is a tombstone. */
static wcl_status make_key(bool is_merged, const wcl_hive_place *places, uint32_t count,
                           wcl_hive_key **key, wcl_error *error)
{
    wcl_hive_key *made = calloc(1, sizeof(*made));

    if (made)
        made->places = malloc(count * sizeof(*places));
    if (!made || !made->places) {
        free(made);
        return wcl_fail_memory(error);
    }
    made->is_merged = is_merged;
    memcpy(made->places, places, count * sizeof(*places));
    wcl_status status = count_places(made, count, error);
    if (status == WCL_OK && !made->own_count)
        status = WCL_END;
    if (status == WCL_OK)
        status = describe_key(made, error);
    if (status == WCL_OK)
        *key = made;
    else
        wcl_hive_key_free(made);
    return status;
}

wcl_status wcl_hive_root(const wcl_hive *hive, wcl_hive_key **key, wcl_error *error)
{
    const wcl_hive_place place = { hive, 0, hive->root };

    *key = NULL;
    return make_key(false, &place, 1, key, error);
}

wcl_status wcl_hive_merge(const wcl_hive *const *hives, size_t count, wcl_hive_key **key,
                          wcl_error *error)
{
    wcl_hive_place places[WCL_HIVE_MAX_LAYERS];

    *key = NULL;
    if (!count || count > WCL_HIVE_MAX_LAYERS)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "%zu hives cannot be merged, only 1 to %d", count, WCL_HIVE_MAX_LAYERS);
    for (uint32_t i = 0; i < count; i++)
        places[i] = (wcl_hive_place) { hives[i], i, hives[i]->root };
    wcl_status status = make_key(true, places, (uint32_t)count, key, error);
    return status == WCL_END ? wcl_fail(error, WCL_CODE_FILE_NOT_FOUND,
                                        "the root of the nearest hive is a tombstone")
                             : status;
}

void wcl_hive_key_free(wcl_hive_key *key)
{
    if (!key)
        return;
    wcl_hive_items_free(&key->subkeys);
    wcl_hive_items_free(&key->values);
    wcl_buffer_free(&key->name);
    wcl_buffer_free(&key->class_name);
    wcl_buffer_free(&key->value_name);
    wcl_buffer_free(&key->value_data);
    free(key->places);
    free(key);
}

const wcl_hive_key_info *wcl_hive_key_get_info(const wcl_hive_key *key)
{
    return &key->info;
}

/* ---- Subkeys -------------------------------------------------------------------------------- */

static wcl_status add_subkeys(wcl_hive_key *key, uint32_t place, wcl_error *error)
{
    const wcl_hive *hive = key->places[place].hive;
    WCL_CLEANUP_FREE uint32_t *offsets = NULL;
    wcl_hive_items *list = &key->subkeys;
    wcl_hive_node node, subkey;

    if (wcl_hive_node_get(hive, key->places[place].offset, &node, error) != WCL_OK)
        return WCL_FAILED;
    if (!node.subkey_count)
        return WCL_OK;
    offsets = malloc((size_t)node.subkey_count * sizeof(*offsets));
    wcl_hive_item *grown =
        realloc(list->items, (list->count + node.subkey_count) * sizeof(*list->items));
    if (grown)
        list->items = grown;
    if (!offsets || !grown)
        return wcl_fail_memory(error);
    if (wcl_hive_node_subkeys(hive, &node, offsets, NULL, error) != WCL_OK)
        return WCL_FAILED;
    for (uint32_t i = 0; i < node.subkey_count; i++) {
        if (wcl_hive_node_get(hive, offsets[i], &subkey, error) != WCL_OK)
            return WCL_FAILED;
        list->items[list->count++] = (wcl_hive_item) { subkey.name, place, offsets[i], i };
    }
    return WCL_OK;
}

/* The nearest layer that has a name says whether it is there. */
static wcl_status drop_tombstones(wcl_hive_key *key, wcl_error *error)
{
    wcl_hive_items *list = &key->subkeys;
    size_t kept = 0;

    for (size_t i = 0; i < list->visible; i++) {
        const wcl_hive_item *item = &list->items[list->first[i]];
        wcl_hive_node node;
        if (wcl_hive_node_get(key->places[item->place].hive, item->offset, &node, error) != WCL_OK)
            return WCL_FAILED;
        if (node.semantics != WCL_HIVE_TOMBSTONE)
            list->first[kept++] = list->first[i];
    }
    list->visible = kept;
    return WCL_OK;
}

static wcl_status list_subkeys(wcl_hive_key *key, wcl_error *error)
{
    wcl_status status = WCL_OK;

    if (key->subkeys.is_listed)
        return WCL_OK;
    for (uint32_t i = 0; i < key->tree_count && status == WCL_OK; i++)
        status = add_subkeys(key, i, error);
    if (status == WCL_OK)
        status = wcl_hive_items_sort(&key->subkeys, error);
    if (status == WCL_OK && key->is_merged)
        status = drop_tombstones(key, error);
    if (status != WCL_OK)
        wcl_hive_items_free(&key->subkeys);
    return status;
}

wcl_status wcl_hive_key_count_subkeys(wcl_hive_key *key, size_t *count, wcl_error *error)
{
    *count = 0;
    if (list_subkeys(key, error) != WCL_OK)
        return WCL_FAILED;
    *count = key->subkeys.visible;
    return WCL_OK;
}

wcl_status wcl_hive_key_open_at(wcl_hive_key *key, size_t index, wcl_hive_key **subkey,
                                wcl_error *error)
{
    wcl_hive_place places[WCL_HIVE_MAX_LAYERS];
    const wcl_hive_items *list = &key->subkeys;
    uint32_t count = 0;

    *subkey = NULL;
    if (list_subkeys(key, error) != WCL_OK)
        return WCL_FAILED;
    if (index >= list->visible)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "there is no subkey number %zu", index);
    const wcl_hive_item *item = &list->items[list->first[index]];
    const wcl_hive_item *end = list->items + list->count;
    for (const wcl_hive_item *at = item;
         at < end && wcl_hive_name_compare(&at->name, &item->name) == 0; at++) {
        if (at > item && at->place == at[-1].place)
            continue;
        places[count] = key->places[at->place];
        places[count++].offset = at->offset;
    }
    return make_key(key->is_merged, places, count, subkey, error);
}

wcl_status wcl_hive_key_open_name(wcl_hive_key *key, const char *name, size_t name_size,
                                  wcl_hive_key **subkey, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer utf16 = WCL_BUFFER_INIT;

    *subkey = NULL;
    if (list_subkeys(key, error) != WCL_OK ||
        wcl_wtf8_to_utf16(name, name_size, &utf16, error) != WCL_OK)
        return WCL_FAILED;
    if (utf16.size > UINT16_MAX)
        return wcl_fail(error, WCL_CODE_NAME_TOO_LONG, "no key has a name of that length");
    const wcl_hive_name wanted = { utf16.data, (uint16_t)utf16.size, false };
    size_t low = 0, high = key->subkeys.visible;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const wcl_hive_item *item = &key->subkeys.items[key->subkeys.first[middle]];
        int order = wcl_hive_name_compare(&wanted, &item->name);
        if (order == 0)
            return wcl_hive_key_open_at(key, middle, subkey, error);
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return wcl_fail(error, WCL_CODE_FILE_NOT_FOUND, "there is no key '%.*s' in '%s'",
                    (int)name_size, name, key->info.name);
}

wcl_status wcl_hive_key_open(wcl_hive_key *key, const char *path, wcl_hive_key **found,
                             wcl_error *error)
{
    wcl_hive_key *at = NULL, *next;

    *found = NULL;
    if (make_key(key->is_merged, key->places, key->tree_count, &at, error) != WCL_OK)
        return WCL_FAILED;
    path = wcl_text(path);
    for (path += strspn(path, "\\"); *path; path += strspn(path, "\\")) {
        size_t length = strcspn(path, "\\");
        wcl_status status = wcl_hive_key_open_name(at, path, length, &next, error);
        wcl_hive_key_free(at);
        if (status != WCL_OK)
            return WCL_FAILED;
        at = next;
        path += length;
    }
    *found = at;
    return WCL_OK;
}
