/* Cells of a hive: what lies at an offset, if it lies there whole. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "hive/hive_internal.h"

wcl_status wcl_hive_fail(uint32_t offset, wcl_error *error, const char *format, ...)
{
    char text[256];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    return wcl_fail(error, WCL_CODE_CORRUPT, "at offset 0x%llx of the hive, %s",
                    (unsigned long long)offset + REGF_BASE_SIZE, text);
}

wcl_status wcl_hive_cell_get(const wcl_hive *hive, uint32_t offset, const char *kind, size_t least,
                             wcl_hive_cell *cell, wcl_error *error)
{
    wcl_cursor cursor = wcl_cursor_over(hive->bins, (size_t)hive->bins_size);

    if (offset % 8)
        return wcl_hive_fail(offset, error, "no cell can begin");
    wcl_cursor_seek(&cursor, offset);
    uint32_t size = wcl_cursor_le32(&cursor);
    if (cursor.failed)
        return wcl_hive_fail(offset, error, "which is past its end, a cell should begin");
    if (!(size & 0x80000000u))
        return wcl_hive_fail(offset, error, "a cell that is referred to is not in use");
    size = 0u - size;
    if (size < 8 || size % 8)
        return wcl_hive_fail(offset, error, "a cell has the impossible size %u", size);
    cell->offset = offset;
    cell->size = size - 4;
    cell->data = wcl_cursor_take(&cursor, cell->size);
    if (!cell->data)
        return wcl_hive_fail(offset, error, "a cell of %u bytes reaches past the end", size);
    if (cell->size < least)
        return wcl_hive_fail(offset, error, "a cell has %zu bytes where %zu are needed", cell->size,
                             least);
    if (kind && memcmp(cell->data, kind, 2) != 0)
        return wcl_hive_fail(offset, error, "there is no '%s'", kind);
    return WCL_OK;
}

wcl_status wcl_hive_node_get(const wcl_hive *hive, uint32_t offset, wcl_hive_node *node,
                             wcl_error *error)
{
    wcl_hive_cell cell;

    if (wcl_hive_cell_get(hive, offset, "nk", NK_NAME, &cell, error) != WCL_OK)
        return WCL_FAILED;
    const uint8_t *nk = cell.data;
    *node = (wcl_hive_node) {
        .offset = offset,
        .nk = nk,
        .flags = wcl_load_le16(nk + NK_FLAGS),
        .parent = wcl_load_le32(nk + NK_PARENT),
        .subkey_count = wcl_load_le32(nk + NK_SUBKEYS),
        .subkey_list = wcl_load_le32(nk + NK_SUBKEY_LIST),
        .value_count = wcl_load_le32(nk + NK_VALUES),
        .value_list = wcl_load_le32(nk + NK_VALUE_LIST),
        .security = wcl_load_le32(nk + NK_SECURITY),
        .class_offset = wcl_load_le32(nk + NK_CLASS),
        .class_size = wcl_load_le16(nk + NK_CLASS_SIZE),
        .name = { nk + NK_NAME, wcl_load_le16(nk + NK_NAME_SIZE), false },
    };
    node->name.is_ascii = (node->flags & NK_FLAG_ASCII) != 0;
    if (hive->info.is_layered) {
        node->semantics = (wcl_hive_semantics)(nk[NK_LAYERED] & NK_SEMANTICS);
        node->inherits_class = (nk[NK_LAYERED] & NK_INHERIT_CLASS) != 0;
    }
    if (node->flags & NK_FLAG_PREDEFINED)
        node->value_count = 0;
    if (node->name.size > cell.size - NK_NAME)
        return wcl_hive_fail(offset, error, "a key's name reaches past its cell");
    if (!node->name.is_ascii && node->name.size % 2)
        return wcl_hive_fail(offset, error, "a key's name in UTF-16 has an odd size");
    return WCL_OK;
}

wcl_status wcl_hive_node_class(const wcl_hive *hive, const wcl_hive_node *node,
                               wcl_hive_cell *class_cell, wcl_error *error)
{
    *class_cell = (wcl_hive_cell) { .data = NULL };
    if (!node->class_size || node->class_offset == REGF_NONE)
        return WCL_OK;
    if (node->class_size % 2)
        return wcl_hive_fail(node->offset, error, "a key's class has an odd size");
    return wcl_hive_cell_get(hive, node->class_offset, NULL, node->class_size, class_cell, error);
}

wcl_status wcl_hive_node_security(const wcl_hive *hive, const wcl_hive_node *node,
                                  wcl_hive_cell *descriptor, wcl_error *error)
{
    *descriptor = (wcl_hive_cell) { .data = NULL };
    if (node->security == REGF_NONE)
        return WCL_OK;
    if (wcl_hive_cell_get(hive, node->security, "sk", SK_DATA, descriptor, error) != WCL_OK)
        return WCL_FAILED;
    uint32_t size = wcl_load_le32(descriptor->data + SK_SIZE);
    if (size > descriptor->size - SK_DATA)
        return wcl_hive_fail(node->security, error, "a security descriptor reaches past its cell");
    descriptor->data += SK_DATA;
    descriptor->size = size;
    return WCL_OK;
}

wcl_status wcl_hive_vk_get(const wcl_hive *hive, uint32_t offset, wcl_hive_vk *vk, wcl_error *error)
{
    wcl_hive_cell cell;

    if (wcl_hive_cell_get(hive, offset, "vk", VK_NAME, &cell, error) != WCL_OK)
        return WCL_FAILED;
    uint32_t size = wcl_load_le32(cell.data + VK_SIZE);
    uint16_t flags = wcl_load_le16(cell.data + VK_FLAGS);
    *vk = (wcl_hive_vk) {
        .cell = cell,
        .name = { cell.data + VK_NAME, wcl_load_le16(cell.data + VK_NAME_SIZE),
                  (flags & VK_FLAG_ASCII) != 0 },
        .type = wcl_load_le32(cell.data + VK_TYPE),
        .size = size & ~VK_INLINE,
        .data = wcl_load_le32(cell.data + VK_DATA),
        .is_inline = (size & VK_INLINE) != 0,
        .is_tombstone = hive->info.is_layered && (flags & VK_FLAG_TOMBSTONE) != 0,
    };
    if (vk->name.size > cell.size - VK_NAME)
        return wcl_hive_fail(offset, error, "a value's name reaches past its cell");
    if (!vk->name.is_ascii && vk->name.size % 2)
        return wcl_hive_fail(offset, error, "a value's name in UTF-16 has an odd size");
    if (vk->is_inline && vk->size > 4)
        return wcl_hive_fail(offset, error, "a value keeps %u bytes where 4 fit", vk->size);
    return WCL_OK;
}
