/* Names, texts and octets of conditional expressions and resource attributes. */
#include "backupstream/operand.h"

#include "base/utf16.h"

/* Words that a local name must not be taken for. */
static const char *const reserved_words[] = {
    "SID",
    "Exists",
    "Not_Exists",
    "Contains",
    "Not_Contains",
    "Any_of",
    "Not_Any_of",
    "Member_of",
    "Not_Member_of",
    "Member_of_Any",
    "Not_Member_of_Any",
    "Device_Member_of",
    "Not_Device_Member_of",
    "Device_Member_of_Any",
    "Not_Device_Member_of_Any",
};

static bool is_name_unit(uint16_t unit, bool is_local)
{
    if (unit == 0 || unit >= 0x80)
        return false;
    if (wcl_sddl_scan_is_letter((char)unit) || wcl_sddl_scan_is_digit((char)unit))
        return true;
    return strchr(is_local ? ":./_" : "#$'*+-./:;?@[\\]^_`{}~", unit) != NULL;
}

static bool is_reserved(const uint8_t *units, size_t size)
{
    char word[32];
    size_t length = size / 2;

    if (length >= sizeof(word))
        return false;
    for (size_t i = 0; i < length; i++) {
        uint16_t unit = wcl_load_le16(units + 2 * i);
        word[i] = unit < 0x80 ? (char)unit : '?';
    }
    word[length] = '\0';
    for (size_t i = 0; i < sizeof(reserved_words) / sizeof(reserved_words[0]); i++)
        if (strcasecmp(reserved_words[i], word) == 0)
            return true;
    return false;
}

wcl_status wcl_attribute_name_print(const uint8_t *units, size_t size, bool is_local,
                                    wcl_buffer *out, wcl_error *error)
{
    wcl_cursor cursor = wcl_cursor_over(units, size);
    bool escape_first = is_local && size >= 2 &&
                        (is_reserved(units, size) || wcl_sddl_scan_is_digit((char)units[0]));

    if (size == 0 || size % 2)
        return wcl_fail(error, WCL_CODE_BAD_ACL,
                        "an ACE names an attribute in %zu bytes, which is not a UTF-16 name", size);
    while (wcl_cursor_left(&cursor)) {
        bool first = cursor.position == 0;
        uint16_t unit = wcl_cursor_le16(&cursor);
        wcl_status status = is_name_unit(unit, is_local) && !(first && escape_first)
                                ? wcl_buffer_append_byte(out, (uint8_t)unit, error)
                                : wcl_buffer_printf(out, error, "%%%04x", unit);
        if (status != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

wcl_status wcl_quoted_print(const uint8_t *units, size_t size, wcl_buffer *out, wcl_error *error)
{
    wcl_cursor cursor = wcl_cursor_over(units, size);

    while (wcl_cursor_left(&cursor) >= 2) {
        uint16_t unit = wcl_cursor_le16(&cursor);
        if (unit == 0 || unit == '"')
            return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                            "an ACE has a text with %s in it, which SDDL cannot express",
                            unit ? "a quotation mark" : "a NUL");
    }
    if (wcl_buffer_append_byte(out, '"', error) != WCL_OK ||
        wcl_utf16_to_wtf8(units, size, out, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_buffer_append_byte(out, '"', error);
}

/* Takes one character of a name: %XXXX or any other. */
static wcl_status scan_name_character(wcl_sddl_scan *scan, wcl_buffer *out, wcl_error *error)
{
    uint16_t unit = 0;

    if (*scan->at != '%') {
        size_t length = 1;
        while (((unsigned char)scan->at[length] & 0xC0) == 0x80)
            length++;
        if (wcl_wtf8_to_utf16(scan->at, length, out, NULL) != WCL_OK)
            return wcl_sddl_scan_fail(scan, error, "valid UTF-8");
        scan->at += length;
        return WCL_OK;
    }
    for (size_t i = 1; i <= 4; i++) {
        int digit = wcl_sddl_scan_hex_digit(scan->at[i]);
        if (digit < 0)
            return wcl_sddl_scan_fail(scan, error, "'%' and four hexadecimal digits");
        unit = (uint16_t)(unit << 4 | digit);
    }
    scan->at += 5;
    return wcl_buffer_append_le16(out, unit, error);
}

wcl_status wcl_attribute_name_scan(wcl_sddl_scan *scan, bool is_local, wcl_buffer *out,
                                   wcl_error *error)
{
    const char *start = scan->at;

    for (;;) {
        uint8_t c = (uint8_t)*scan->at;
        bool is_part = c == '%' || c >= 0x80 || is_name_unit(c, is_local) ||
                       (is_local && c == '@' && scan->at != start);
        if (!is_part)
            break;
        if (scan_name_character(scan, out, error) != WCL_OK)
            return WCL_FAILED;
    }
    return scan->at == start ? wcl_sddl_scan_fail(scan, error, "the name of an attribute") : WCL_OK;
}

wcl_status wcl_quoted_scan(wcl_sddl_scan *scan, bool is_name, wcl_buffer *out, wcl_error *error)
{
    if (!wcl_sddl_scan_take(scan, "\""))
        return wcl_sddl_scan_fail(scan, error, "a text in quotation marks");
    const char *end = strchr(scan->at, '"');
    if (!end) {
        scan->at += strlen(scan->at);
        return wcl_sddl_scan_fail(scan, error, "the closing quotation mark of a text");
    }
    if (is_name) {
        while (scan->at < end)
            if (scan_name_character(scan, out, error) != WCL_OK)
                return WCL_FAILED;
    } else if (wcl_wtf8_to_utf16(scan->at, (size_t)(end - scan->at), out, NULL) != WCL_OK) {
        return wcl_sddl_scan_fail(scan, error, "valid UTF-8");
    }
    scan->at = end + 1;
    return WCL_OK;
}

wcl_status wcl_octets_scan(wcl_sddl_scan *scan, wcl_buffer *out, wcl_error *error)
{
    while (wcl_sddl_scan_hex_digit(scan->at[0]) >= 0) {
        int high = wcl_sddl_scan_hex_digit(scan->at[0]), low = wcl_sddl_scan_hex_digit(scan->at[1]);
        if (low < 0)
            return wcl_sddl_scan_fail(scan, error, "an even number of hexadecimal digits");
        if (wcl_buffer_append_byte(out, (uint8_t)(high << 4 | low), error) != WCL_OK)
            return WCL_FAILED;
        scan->at += 2;
    }
    return WCL_OK;
}

wcl_status wcl_octets_print(const uint8_t *bytes, size_t size, wcl_buffer *out, wcl_error *error)
{
    for (size_t i = 0; i < size; i++)
        if (wcl_buffer_printf(out, error, "%02x", bytes[i]) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}
