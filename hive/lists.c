/* What is in several cells: subkeys, values, large data. */
#include <string.h>

#include "hive/hive_internal.h"

static wcl_status claim(wcl_hive_claims *claims, const wcl_hive_cell *cell, wcl_error *error)
{
    return claims ? wcl_hive_claim(claims, cell, error) : WCL_OK;
}

typedef struct subkey_list {
    const wcl_hive *hive;
    const wcl_hive_node *node;
    uint32_t *offsets;
    uint32_t count;
    wcl_hive_claims *claims;
} subkey_list;

static wcl_status open_list(const subkey_list *list, uint32_t offset, wcl_hive_cell *cell,
                            size_t *item_size, uint16_t *count, wcl_error *error)
{
    if (wcl_hive_cell_get(list->hive, offset, NULL, LIST_ITEMS, cell, error) != WCL_OK ||
        claim(list->claims, cell, error) != WCL_OK)
        return WCL_FAILED;
    bool is_wide = memcmp(cell->data, "lf", 2) == 0 || memcmp(cell->data, "lh", 2) == 0;
    if (!is_wide && memcmp(cell->data, "li", 2) != 0 && memcmp(cell->data, "ri", 2) != 0)
        return wcl_hive_fail(offset, error, "there is no list of subkeys");
    *item_size = is_wide ? 8 : 4;
    *count = wcl_load_le16(cell->data + LIST_COUNT);
    if (*count > (cell->size - LIST_ITEMS) / *item_size)
        return wcl_hive_fail(offset, error, "a list of %u subkeys reaches past its cell", *count);
    return WCL_OK;
}

static wcl_status add_leaf(subkey_list *list, const wcl_hive_cell *cell, size_t item_size,
                           uint16_t count, wcl_error *error)
{
    if (count > list->node->subkey_count - list->count)
        return wcl_hive_fail(cell->offset, error, "there are more subkeys than the key has, %u",
                             list->node->subkey_count);
    for (uint16_t i = 0; i < count; i++)
        list->offsets[list->count++] = wcl_load_le32(cell->data + LIST_ITEMS + i * item_size);
    return WCL_OK;
}

wcl_status wcl_hive_node_subkeys(const wcl_hive *hive, const wcl_hive_node *node, uint32_t *offsets,
                                 wcl_hive_claims *claims, wcl_error *error)
{
    subkey_list list = { hive, node, offsets, 0, claims };
    wcl_hive_cell top, leaf;
    size_t item_size;
    uint16_t count, leaf_count;

    if (!node->subkey_count)
        return WCL_OK;
    if (open_list(&list, node->subkey_list, &top, &item_size, &count, error) != WCL_OK)
        return WCL_FAILED;
    if (memcmp(top.data, "ri", 2) != 0) {
        if (add_leaf(&list, &top, item_size, count, error) != WCL_OK)
            return WCL_FAILED;
    } else {
        for (uint16_t i = 0; i < count; i++) {
            uint32_t offset = wcl_load_le32(top.data + LIST_ITEMS + 4u * i);
            if (open_list(&list, offset, &leaf, &item_size, &leaf_count, error) != WCL_OK)
                return WCL_FAILED;
            if (memcmp(leaf.data, "ri", 2) == 0)
                return wcl_hive_fail(offset, error, "a list of lists is in another one");
            if (add_leaf(&list, &leaf, item_size, leaf_count, error) != WCL_OK)
                return WCL_FAILED;
        }
    }
    return list.count == node->subkey_count
               ? WCL_OK
               : wcl_hive_fail(node->offset, error, "a key says %u subkeys and lists %u",
                               node->subkey_count, list.count);
}

wcl_status wcl_hive_node_values(const wcl_hive *hive, const wcl_hive_node *node,
                                wcl_hive_cell *list, wcl_error *error)
{
    *list = (wcl_hive_cell) { .data = NULL };
    return node->value_count ? wcl_hive_cell_get(hive, node->value_list, NULL,
                                                 (size_t)node->value_count * 4, list, error)
                             : WCL_OK;
}

static wcl_status large_data(const wcl_hive *hive, const wcl_hive_vk *vk, const wcl_hive_cell *db,
                             wcl_buffer *scratch, wcl_hive_claims *claims, wcl_error *error)
{
    wcl_hive_cell list, segment;
    uint32_t left = vk->size, count = wcl_load_le16(db->data + 2);

    if (count < 2 || count != (vk->size + DB_SEGMENT - 1) / DB_SEGMENT)
        return wcl_hive_fail(db->offset, error, "%u bytes of data are in %u segments", vk->size,
                             count);
    if (wcl_hive_cell_get(hive, wcl_load_le32(db->data + 4), NULL, (size_t)count * 4, &list,
                          error) != WCL_OK ||
        claim(claims, &list, error) != WCL_OK)
        return WCL_FAILED;
    wcl_buffer_clear(scratch);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t part = left < DB_SEGMENT ? left : DB_SEGMENT;
        if (wcl_hive_cell_get(hive, wcl_load_le32(list.data + 4 * (size_t)i), NULL, part, &segment,
                              error) != WCL_OK ||
            claim(claims, &segment, error) != WCL_OK)
            return WCL_FAILED;
        if (!claims && wcl_buffer_append(scratch, segment.data, part, error) != WCL_OK)
            return WCL_FAILED;
        left -= part;
    }
    return WCL_OK;
}

wcl_status wcl_hive_vk_data(const wcl_hive *hive, const wcl_hive_vk *vk, wcl_buffer *scratch,
                            const uint8_t **data, wcl_hive_claims *claims, wcl_error *error)
{
    wcl_hive_cell cell;

    *data = vk->cell.data + VK_DATA;
    if (vk->is_inline || !vk->size)
        return WCL_OK;
    if (wcl_hive_cell_get(hive, vk->data, NULL, 0, &cell, error) != WCL_OK ||
        claim(claims, &cell, error) != WCL_OK)
        return WCL_FAILED;
    *data = cell.data;
    if (hive->info.minor_version >= 4 && vk->size > DB_SEGMENT && cell.size >= DB_HEADER - 4 &&
        memcmp(cell.data, "db", 2) == 0) {
        wcl_status status = large_data(hive, vk, &cell, scratch, claims, error);
        *data = (const uint8_t *)wcl_buffer_text(scratch);
        return status;
    }
    return vk->size <= cell.size
               ? WCL_OK
               : wcl_hive_fail(vk->data, error, "%u bytes of data are in a cell of %zu", vk->size,
                               cell.size);
}
