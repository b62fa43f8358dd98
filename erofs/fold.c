/* How names compare: by bytes, or by upcased UTF-16 units as on NTFS. */
#include <string.h>

#include "base/cursor.h"
#include "base/utf16.h"
#include "erofs/tree_private.h"

int wcl_compare_bytes(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t common = a_length < b_length ? a_length : b_length;
    int order = common ? memcmp(a, b, common) : 0;

    if (order || a_length == b_length)
        return order;
    return a_length < b_length ? -1 : 1;
}

/* The units of text that is known to be valid WTF-8. */
static size_t fold_valid(const char *name, size_t length, uint16_t *units)
{
    wcl_cursor cursor = wcl_cursor_over(name, length);
    size_t count = 0;

    while (wcl_cursor_left(&cursor)) {
        uint32_t point = wcl_cursor_u8(&cursor);
        unsigned more = point < 0x80 ? 0 : point < 0xE0 ? 1 : point < 0xF0 ? 2 : 3;
        if (more)
            point &= 0x3Fu >> more;
        for (; more; more--)
            point = point << 6 | (wcl_cursor_u8(&cursor) & 0x3F);
        if (point < 0x10000) {
            units[count++] = wcl_upcase_unit((uint16_t)point);
            continue;
        }
        units[count++] = (uint16_t)(0xD800 | (point - 0x10000) >> 10);
        units[count++] = (uint16_t)(0xDC00 | (point & 0x3FF));
    }
    return count;
}

bool wcl_fold_name(const char *name, size_t length, uint16_t *units, size_t *count)
{
    size_t i;

    if (length > WCL_EROFS_MAX_NAME)
        return false;
    for (i = 0; i < length && (uint8_t)name[i] < 0x80; i++)
        units[i] = (uint16_t)(name[i] >= 'a' && name[i] <= 'z' ? name[i] - 32 : name[i]);
    *count = i;
    if (i == length)
        return true;
    if (!wcl_wtf8_is_valid(name, length))
        return false;
    *count = i + fold_valid(name + i, length - i, units + i);
    return true;
}
