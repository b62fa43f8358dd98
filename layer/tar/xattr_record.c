/* Extended attributes of Linux in pax records. */
#include "layer/tar/xattr_record.h"

#include <string.h>

#include "base/base64.h"
#include "base/error.h"

static const char schily_prefix[] = "SCHILY.xattr.";
static const char libarchive_prefix[] = "LIBARCHIVE.xattr.";

const char *wcl_xattr_records_prefix(const wcl_pax_records *records)
{
    const char *found = NULL;

    for (size_t i = 0; i < records->count; i++) {
        if (wcl_xattr_record_is(&records->items[i], schily_prefix))
            return schily_prefix;
        if (wcl_xattr_record_is(&records->items[i], libarchive_prefix))
            found = libarchive_prefix;
    }
    return found;
}

bool wcl_xattr_record_is(const wcl_pax_record *record, const char *prefix)
{
    return !record->is_global && wcl_pax_has_prefix(record, prefix);
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that "%XX" at `text` stands for, or -1 where nothing is escaped there. */
static int escaped_byte(const char *text, const char *end, bool is_libarchive)
{
    if (end - text < 3 || text[0] != '%' || hex_value(text[1]) < 0 || hex_value(text[2]) < 0)
        return -1;
    if (!is_libarchive && memcmp(text, "%3D", 3) != 0 && memcmp(text, "%25", 3) != 0)
        return -1;
    int byte = hex_value(text[1]) << 4 | hex_value(text[2]);
    return byte ? byte : -1;
}

wcl_status wcl_xattr_record_name(const wcl_pax_record *record, const char *prefix, wcl_buffer *out,
                                 wcl_error *error)
{
    const bool is_libarchive = prefix == libarchive_prefix;
    const char *name = record->key + strlen(prefix);
    const char *end = record->key + record->key_size;

    if (name == end || memchr(name, '\0', (size_t)(end - name)))
        return wcl_fail(error, WCL_CODE_INVALID_DATA,
                        "an extended attribute has no name, or a NUL in it");
    while (name < end) {
        int byte = escaped_byte(name, end, is_libarchive);
        if (wcl_buffer_append_byte(out, byte < 0 ? (uint8_t)*name : (uint8_t)byte, error) != WCL_OK)
            return WCL_FAILED;
        name += byte < 0 ? 1 : 3;
    }
    return wcl_buffer_append_byte(out, '\0', error);
}

wcl_status wcl_xattr_record_value(const wcl_pax_record *record, const char *prefix, wcl_buffer *out,
                                  wcl_error *error)
{
    if (prefix == libarchive_prefix)
        return wcl_base64_decode_loose(record->value, record->value_size, out, error);
    return wcl_buffer_append(out, record->value, record->value_size, error);
}

wcl_status wcl_xattr_record_escape(const char *name, wcl_buffer *out, wcl_error *error)
{
    for (; *name; name++) {
        const char *escaped = *name == '=' ? "%3D" : *name == '%' ? "%25" : NULL;
        if (wcl_buffer_append(out, escaped ? escaped : name, escaped ? 3 : 1, error) != WCL_OK)
            return WCL_FAILED;
    }
    return wcl_buffer_append_byte(out, '\0', error);
}
