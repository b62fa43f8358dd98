/* Names as they lie in cells. */
#include "base/utf16.h"
#include "hive/hive_internal.h"

static size_t unit_count(const wcl_hive_name *name)
{
    return name->is_ascii ? name->size : name->size / 2;
}

static uint16_t unit_at(const wcl_hive_name *name, size_t index)
{
    return wcl_upcase_unit(name->is_ascii ? name->bytes[index]
                                          : wcl_load_le16(name->bytes + 2 * index));
}

int wcl_hive_name_compare(const wcl_hive_name *a, const wcl_hive_name *b)
{
    size_t a_count = unit_count(a), b_count = unit_count(b);

    for (size_t i = 0; i < a_count && i < b_count; i++) {
        int difference = unit_at(a, i) - unit_at(b, i);
        if (difference)
            return difference;
    }
    return (a_count > b_count) - (a_count < b_count);
}

wcl_status wcl_hive_name_append(const wcl_hive_name *name, wcl_buffer *out, wcl_error *error)
{
    if (!name->is_ascii)
        return wcl_utf16_to_wtf8(name->bytes, name->size & ~1u, out, error);
    for (size_t i = 0; i < name->size; i++) {
        uint8_t unit[2] = { name->bytes[i], 0 };
        if (wcl_utf16_to_wtf8(unit, 2, out, error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}
