/* UTF-16LE and WTF-8, and NTFS's way of comparing names. */
#include "base/utf16.h"

#include <string.h>

#include "base/cursor.h"
#include "base/error.h"

static bool is_high_surrogate(uint32_t unit)
{
    return (unit & ~0x3FFu) == 0xD800;
}

static bool is_low_surrogate(uint32_t unit)
{
    return (unit & ~0x3FFu) == 0xDC00;
}

/* Writes the 1 to 4 bytes of `point` (a surrogate too) and returns their number. */
static size_t encode_point(uint32_t point, uint8_t bytes[4])
{
    if (point < 0x80) {
        bytes[0] = (uint8_t)point;
        return 1;
    }
    if (point < 0x800) {
        bytes[0] = (uint8_t)(0xC0 | point >> 6);
        bytes[1] = (uint8_t)(0x80 | (point & 0x3F));
        return 2;
    }
    if (point < 0x10000) {
        bytes[0] = (uint8_t)(0xE0 | point >> 12);
        bytes[1] = (uint8_t)(0x80 | (point >> 6 & 0x3F));
        bytes[2] = (uint8_t)(0x80 | (point & 0x3F));
        return 3;
    }
    bytes[0] = (uint8_t)(0xF0 | point >> 18);
    bytes[1] = (uint8_t)(0x80 | (point >> 12 & 0x3F));
    bytes[2] = (uint8_t)(0x80 | (point >> 6 & 0x3F));
    bytes[3] = (uint8_t)(0x80 | (point & 0x3F));
    return 4;
}

wcl_status wcl_utf16_to_wtf8(const void *utf16, size_t size, wcl_buffer *out, wcl_error *error)
{
    wcl_cursor cursor = wcl_cursor_over(utf16, size);

    if (size % 2)
        return wcl_fail(error, WCL_CODE_INVALID_DATA,
                        "a UTF-16 text has an odd length of %zu bytes", size);
    if (wcl_buffer_reserve(out, size / 2 * 3, error) != WCL_OK)
        return WCL_FAILED;
    while (wcl_cursor_left(&cursor)) {
        uint32_t point = wcl_cursor_le16(&cursor);
        if (is_high_surrogate(point) && wcl_cursor_left(&cursor)) {
            wcl_cursor ahead = cursor;
            uint32_t low = wcl_cursor_le16(&ahead);
            if (is_low_surrogate(low)) {
                point = 0x10000 + ((point & 0x3FF) << 10 | (low & 0x3FF));
                cursor = ahead;
            }
        }
        out->size += encode_point(point, out->data + out->size);
    }
    out->data[out->size] = 0;
    return WCL_OK;
}

/* The length a lead byte announces, 0 where it can lead nothing. */
static unsigned sequence_length(uint8_t lead)
{
    if (lead < 0x80)
        return 1;
    if (lead >= 0xC2 && lead < 0xE0)
        return 2;
    if (lead >= 0xE0 && lead < 0xF0)
        return 3;
    return lead >= 0xF0 && lead < 0xF5 ? 4 : 0;
}

/* Takes one code point (a surrogate too); false where the bytes are not WTF-8. */
static bool decode_point(wcl_cursor *cursor, uint32_t *point)
{
    static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
    uint8_t lead = wcl_cursor_u8(cursor);
    unsigned length = sequence_length(lead);
    const uint8_t *tail = length ? wcl_cursor_take(cursor, length - 1) : NULL;

    if (!tail)
        return false;
    uint32_t value = length == 1 ? lead : lead & (0x7Fu >> length);
    for (unsigned i = 0; i + 1 < length; i++) {
        if ((tail[i] & 0xC0) != 0x80)
            return false;
        value = value << 6 | (tail[i] & 0x3F);
    }
    *point = value;
    return value >= smallest[length] && value <= 0x10FFFF;
}

size_t wcl_wtf8_character(const char *text, size_t size, uint32_t *point)
{
    wcl_cursor cursor = wcl_cursor_over(text, size);

    return decode_point(&cursor, point) ? cursor.position : 0;
}

wcl_status wcl_wtf8_to_utf16(const char *text, size_t size, wcl_buffer *out, wcl_error *error)
{
    wcl_cursor cursor = wcl_cursor_over(text, size);
    uint32_t before = 0;

    if (wcl_buffer_reserve(out, size * 2, error) != WCL_OK)
        return WCL_FAILED;
    while (wcl_cursor_left(&cursor)) {
        size_t position = cursor.position;
        uint32_t point;
        if (!decode_point(&cursor, &point) ||
            (is_high_surrogate(before) && is_low_surrogate(point)))
            return wcl_fail(error, WCL_CODE_INVALID_NAME, "a text is not valid UTF-8 at byte %zu",
                            position);
        before = point;
        if (point >= 0x10000) {
            point -= 0x10000;
            wcl_store_le16(out->data + out->size, (uint16_t)(0xD800 | point >> 10));
            out->size += 2;
            point = 0xDC00 | (point & 0x3FF);
        }
        wcl_store_le16(out->data + out->size, (uint16_t)point);
        out->size += 2;
    }
    out->data[out->size] = 0;
    return WCL_OK;
}

wcl_status wcl_wtf8_to_upcased(const char *text, size_t size, wcl_buffer *out, wcl_error *error)
{
    size_t at = out->size;

    if (wcl_wtf8_to_utf16(text, size, out, error) != WCL_OK)
        return WCL_FAILED;
    for (; at < out->size; at += 2)
        wcl_store_le16(out->data + at, wcl_upcase_unit(wcl_load_le16(out->data + at)));
    return WCL_OK;
}

bool wcl_wtf8_is_valid(const char *text, size_t size)
{
    uint32_t before = 0, point = 0;

    while (size && (uint8_t)*text < 0x80)
        text++, size--;
    wcl_cursor cursor = wcl_cursor_over(text, size);
    while (wcl_cursor_left(&cursor)) {
        if (!decode_point(&cursor, &point) ||
            (is_high_surrogate(before) && is_low_surrogate(point)))
            return false;
        before = point;
    }
    return true;
}

/* A WTF-8 text seen as upcased UTF-16 units, without making them all. */
typedef struct unit_walk {
    wcl_cursor cursor;
    uint32_t low; /* the second unit of a pair, still to give */
} unit_walk;

/* The next unit, or -1 at the end. */
static int32_t next_unit(unit_walk *walk)
{
    uint32_t point;

    if (walk->low) {
        int32_t low = (int32_t)walk->low;
        walk->low = 0;
        return low;
    }
    if (!wcl_cursor_left(&walk->cursor) || !decode_point(&walk->cursor, &point))
        return -1;
    if (point < 0x10000)
        return wcl_upcase_unit((uint16_t)point);
    point -= 0x10000;
    walk->low = 0xDC00 | (point & 0x3FF);
    return (int32_t)(0xD800 | point >> 10);
}

int wcl_name_compare(const char *a, const char *b)
{
    unit_walk walk_a = { wcl_cursor_over(a, strlen(a)), 0 };
    unit_walk walk_b = { wcl_cursor_over(b, strlen(b)), 0 };

    for (;;) {
        int32_t unit_a = next_unit(&walk_a);
        int32_t unit_b = next_unit(&walk_b);
        if (unit_a != unit_b)
            return unit_a < unit_b ? -1 : 1;
        if (unit_a < 0)
            return 0;
    }
}
