/* Text that may hold anything, made fit to be shown. */
#include "base/printable.h"

#include <ctype.h>
#include <string.h>

#include "base/utf16.h"

typedef struct range {
    uint32_t first;
    uint32_t last;
} range;

bool wcl_is_printable(uint32_t point)
{
    static const range hidden[] = {
        { 0x00, 0x1F },       { 0x7F, 0x9F },     { 0xAD, 0xAD },     { 0x61C, 0x61C },
        { 0x180E, 0x180E },   { 0x200B, 0x200F }, { 0x2028, 0x202E }, { 0x2060, 0x206F },
        { 0xD800, 0xDFFF },   { 0xFEFF, 0xFEFF }, { 0xFFF9, 0xFFFB }, { 0xFFFE, 0xFFFF },
        { 0xE0000, 0xE0FFF },
    };

    for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]) && hidden[i].first <= point; i++)
        if (point <= hidden[i].last)
            return false;
    return true;
}

static bool is_escape(const char *text)
{
    return text[0] == '\\' && text[1] == 'x' && isxdigit((unsigned char)text[2]) &&
           isxdigit((unsigned char)text[3]);
}

/* How many bytes from `text` on, at least one, are shown alike; `*as_is`: as they are. */
static size_t next_part(const char *text, size_t left, bool *as_is)
{
    uint32_t point;

    *as_is = *text >= ' ' && *text <= '~' && *text != '\\';
    if (*as_is)
        return 1;
    size_t length = wcl_wtf8_character(text, left, &point);

    *as_is = length > 0 && wcl_is_printable(point) && !is_escape(text);
    return length ? length : 1;
}

wcl_status wcl_printable_append(wcl_buffer *out, const char *text, wcl_error *error)
{
    size_t left = strlen(text);
    wcl_status status = WCL_OK;

    while (left && status == WCL_OK) {
        bool as_is;
        size_t length = next_part(text, left, &as_is);
        if (as_is)
            status = wcl_buffer_append(out, text, length, error);
        for (size_t i = 0; !as_is && i < length && status == WCL_OK; i++)
            status = wcl_buffer_printf(out, error, "\\x%02x", (uint8_t)text[i]);
        text += length;
        left -= length;
    }
    return status;
}

bool wcl_printable_as_is(const char *text)
{
    size_t left = strlen(text);
    bool as_is = true;

    while (left && as_is) {
        size_t length = next_part(text, left, &as_is);
        text += length;
        left -= length;
    }
    return as_is;
}
