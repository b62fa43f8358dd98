/* Attributes and literals of conditional expressions. */
#include "backupstream/operand.h"

#include <inttypes.h>

#include "backupstream/sid.h"

/* An integer carries how its sign was written, and in which base. */

enum {
    SIGN_POSITIVE = 1,
    SIGN_NEGATIVE = 2,
    SIGN_NONE = 3
};
enum {
    BASE_OCTAL = 1,
    BASE_DECIMAL = 2,
    BASE_HEXADECIMAL = 3
};

static const struct {
    uint8_t token;
    const char *prefix;
} attributes[] = {
    { WCL_TOKEN_ATTRIBUTE_USER, "@User." },
    { WCL_TOKEN_ATTRIBUTE_RESOURCE, "@Resource." },
    { WCL_TOKEN_ATTRIBUTE_DEVICE, "@Device." },
};

#define ATTRIBUTE_COUNT (sizeof(attributes) / sizeof(attributes[0]))

static wcl_status fail_token(wcl_error *error, const char *what)
{
    return wcl_fail(error, WCL_CODE_BAD_ACL, "an ACE's conditional expression has %s", what);
}

static wcl_status skip_integer(wcl_cursor *cursor, wcl_error *error)
{
    wcl_cursor_le64(cursor);
    uint8_t sign = wcl_cursor_u8(cursor), base = wcl_cursor_u8(cursor);

    if (cursor->failed || sign < SIGN_POSITIVE || sign > SIGN_NONE || base < BASE_OCTAL ||
        base > BASE_HEXADECIMAL)
        return fail_token(error, "a damaged integer");
    return WCL_OK;
}

static wcl_status skip_sid(wcl_cursor body, wcl_error *error)
{
    size_t size;

    if (!wcl_sid_take(&body, &size) || wcl_cursor_left(&body))
        return fail_token(error, "a damaged SID");
    return WCL_OK;
}

/* Steps over a literal that is not a composite. */
static wcl_status skip_simple(wcl_cursor *cursor, uint8_t token, wcl_operand_kind *kind,
                              wcl_error *error)
{
    *kind = WCL_OPERAND_LITERAL;
    if (token >= WCL_TOKEN_INT8 && token <= WCL_TOKEN_INT64)
        return skip_integer(cursor, error);
    wcl_cursor body = wcl_cursor_sub(cursor, wcl_cursor_le32(cursor));
    if (body.failed)
        return fail_token(error, "an operand that goes past its end");
    switch (token) {
    case WCL_TOKEN_STRING:
        return body.size % 2 ? fail_token(error, "a text of an odd length") : WCL_OK;
    case WCL_TOKEN_OCTETS:
        return WCL_OK;
    case WCL_TOKEN_SID:
        *kind = WCL_OPERAND_SIDS;
        return skip_sid(body, error);
    default:
        return fail_token(error, "a list with something other than literals in it");
    }
}

static wcl_status skip_composite(wcl_cursor *cursor, wcl_operand_kind *kind, wcl_error *error)
{
    wcl_cursor body = wcl_cursor_sub(cursor, wcl_cursor_le32(cursor));
    wcl_operand_kind member;

    if (body.failed)
        return fail_token(error, "a list that goes past its end");
    *kind = WCL_OPERAND_SIDS;
    while (wcl_cursor_left(&body)) {
        if (skip_simple(&body, wcl_cursor_u8(&body), &member, error) != WCL_OK)
            return WCL_FAILED;
        if (member != WCL_OPERAND_SIDS)
            *kind = WCL_OPERAND_LITERAL;
    }
    return WCL_OK;
}

static bool is_attribute(uint8_t token)
{
    return token >= WCL_TOKEN_ATTRIBUTE_LOCAL && token <= WCL_TOKEN_ATTRIBUTE_DEVICE;
}

static bool is_simple_literal(uint8_t token)
{
    return (token >= WCL_TOKEN_INT8 && token <= WCL_TOKEN_INT64) || token == WCL_TOKEN_STRING ||
           token == WCL_TOKEN_OCTETS || token == WCL_TOKEN_SID;
}

wcl_status wcl_operand_skip(wcl_cursor *cursor, uint8_t token, wcl_operand_kind *kind,
                            wcl_error *error)
{
    *kind = WCL_OPERAND_NONE;
    if (is_simple_literal(token))
        return skip_simple(cursor, token, kind, error);
    if (token == WCL_TOKEN_COMPOSITE)
        return skip_composite(cursor, kind, error);
    if (!is_attribute(token))
        return WCL_OK;
    *kind = WCL_OPERAND_ATTRIBUTE;
    wcl_cursor_take(cursor, wcl_cursor_le32(cursor));
    return cursor->failed ? fail_token(error, "an attribute that goes past its end") : WCL_OK;
}

/* The value decides; the sign only tells how it was written. */
static wcl_status print_integer(wcl_cursor *cursor, wcl_buffer *out, wcl_error *error)
{
    uint64_t value = wcl_cursor_le64(cursor);
    uint8_t sign = wcl_cursor_u8(cursor), base = wcl_cursor_u8(cursor);
    const char *mark = "";

    if ((int64_t)value < 0 || (sign == SIGN_NEGATIVE && value == 0))
        mark = "-";
    else if (sign == SIGN_POSITIVE)
        mark = "+";
    if ((int64_t)value < 0)
        value = -value;
    if (base == BASE_HEXADECIMAL)
        return wcl_buffer_printf(out, error, "%s0x%" PRIx64, mark, value);
    if (base == BASE_OCTAL)
        return wcl_buffer_printf(out, error, "%s0%" PRIo64, mark, value);
    return wcl_buffer_printf(out, error, "%s%" PRIu64, mark, value);
}

static wcl_status print_simple(wcl_cursor *cursor, uint8_t token, wcl_buffer *out, wcl_error *error)
{
    if (token >= WCL_TOKEN_INT8 && token <= WCL_TOKEN_INT64)
        return print_integer(cursor, out, error);
    size_t size = wcl_cursor_le32(cursor);
    const uint8_t *body = wcl_cursor_take(cursor, size);
    switch (token) {
    case WCL_TOKEN_STRING:
        return wcl_quoted_print(body, size, out, error);
    case WCL_TOKEN_OCTETS:
        if (wcl_buffer_append_byte(out, '#', error) != WCL_OK)
            return WCL_FAILED;
        return wcl_octets_print(body, size, out, error);
    default:
        if (wcl_buffer_append_text(out, "SID(", error) != WCL_OK ||
            wcl_sid_print(body, out, error) != WCL_OK)
            return WCL_FAILED;
        return wcl_buffer_append_byte(out, ')', error);
    }
}

static wcl_status print_composite(wcl_cursor *cursor, wcl_buffer *out, wcl_error *error)
{
    wcl_cursor body = wcl_cursor_sub(cursor, wcl_cursor_le32(cursor));
    const char *before = "{";

    if (!wcl_cursor_left(&body))
        return wcl_buffer_append_text(out, "{}", error);
    while (wcl_cursor_left(&body)) {
        if (wcl_buffer_append_text(out, before, error) != WCL_OK ||
            print_simple(&body, wcl_cursor_u8(&body), out, error) != WCL_OK)
            return WCL_FAILED;
        before = ", ";
    }
    return wcl_buffer_append_byte(out, '}', error);
}

wcl_status wcl_operand_print(wcl_cursor *cursor, wcl_buffer *out, wcl_error *error)
{
    uint8_t token = wcl_cursor_u8(cursor);

    if (token == WCL_TOKEN_COMPOSITE)
        return print_composite(cursor, out, error);
    if (!is_attribute(token))
        return print_simple(cursor, token, out, error);
    size_t size = wcl_cursor_le32(cursor);
    const uint8_t *name = wcl_cursor_take(cursor, size);
    for (size_t i = 0; i < ATTRIBUTE_COUNT; i++)
        if (attributes[i].token == token &&
            wcl_buffer_append_text(out, attributes[i].prefix, error) != WCL_OK)
            return WCL_FAILED;
    return wcl_attribute_name_print(name, size, token == WCL_TOKEN_ATTRIBUTE_LOCAL, out, error);
}

static wcl_status scan_integer(wcl_sddl_scan *scan, wcl_buffer *out, wcl_error *error)
{
    wcl_sddl_scan before = *scan;
    wcl_sddl_scan_number number;

    if (!wcl_sddl_scan_take_number(scan, &number) ||
        number.magnitude > (uint64_t)INT64_MAX + (number.sign == '-'))
        return wcl_sddl_scan_fail(&before, error, "an integer of 64 bits");
    uint8_t sign = number.sign == '+'   ? SIGN_POSITIVE
                   : number.sign == '-' ? SIGN_NEGATIVE
                                        : SIGN_NONE;
    uint8_t base = number.base == 16  ? BASE_HEXADECIMAL
                   : number.base == 8 ? BASE_OCTAL
                                      : BASE_DECIMAL;
    uint64_t value = number.sign == '-' ? -number.magnitude : number.magnitude;
    if (wcl_buffer_append_byte(out, WCL_TOKEN_INT64, error) != WCL_OK ||
        wcl_buffer_append_le64(out, value, error) != WCL_OK ||
        wcl_buffer_append_byte(out, sign, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_buffer_append_byte(out, base, error);
}

static wcl_status append_sid(wcl_sddl_scan *scan, wcl_buffer *out, wcl_error *error)
{
    uint8_t sid[WCL_SID_SIZE_MAX];
    size_t size = wcl_sid_scan(&scan->at, sid);

    if (size == 0)
        return wcl_sddl_scan_fail(scan, error, "a SID");
    if (!wcl_sddl_scan_take(scan, ")"))
        return wcl_sddl_scan_fail(scan, error, "')' behind a SID");
    return wcl_buffer_append(out, sid, size, error);
}

/* Begins a token with a length, which end_token() fills in. */
static wcl_status begin_token(wcl_buffer *out, uint8_t token, size_t *start, wcl_error *error)
{
    if (wcl_buffer_append_byte(out, token, error) != WCL_OK)
        return WCL_FAILED;
    *start = out->size;
    return wcl_buffer_append_le32(out, 0, error);
}

static void end_token(wcl_buffer *out, size_t start)
{
    wcl_store_le32(out->data + start, (uint32_t)(out->size - start - 4));
}

static uint8_t token_of(wcl_sddl_scan *scan)
{
    if (*scan->at == '"')
        return WCL_TOKEN_STRING;
    if (wcl_sddl_scan_take(scan, "#"))
        return WCL_TOKEN_OCTETS;
    if (wcl_sddl_scan_take(scan, "SID("))
        return WCL_TOKEN_SID;
    bool is_number = wcl_sddl_scan_is_digit(*scan->at) || *scan->at == '+' || *scan->at == '-';
    return is_number ? WCL_TOKEN_INT64 : WCL_TOKEN_PADDING;
}

/* Takes a literal that is not a composite; WCL_OPERAND_NONE where there is none. */
static wcl_status scan_simple(wcl_sddl_scan *scan, wcl_buffer *out, wcl_operand_kind *kind,
                              wcl_error *error)
{
    uint8_t token = token_of(scan);
    wcl_status status;
    size_t start;

    *kind = token == WCL_TOKEN_SID ? WCL_OPERAND_SIDS : WCL_OPERAND_LITERAL;
    if (token == WCL_TOKEN_PADDING)
        *kind = WCL_OPERAND_NONE;
    if (token == WCL_TOKEN_PADDING)
        return WCL_OK;
    if (token == WCL_TOKEN_INT64)
        return scan_integer(scan, out, error);
    if (begin_token(out, token, &start, error) != WCL_OK)
        return WCL_FAILED;
    if (token == WCL_TOKEN_STRING)
        status = wcl_quoted_scan(scan, false, out, error);
    else if (token == WCL_TOKEN_OCTETS)
        status = wcl_octets_scan(scan, out, error);
    else
        status = append_sid(scan, out, error);
    end_token(out, start);
    return status;
}

/* Takes the rest of a composite, behind its "{". */
static wcl_status scan_composite(wcl_sddl_scan *scan, wcl_buffer *out, wcl_operand_kind *kind,
                                 wcl_error *error)
{
    wcl_operand_kind member;
    size_t start;

    *kind = WCL_OPERAND_SIDS;
    if (begin_token(out, WCL_TOKEN_COMPOSITE, &start, error) != WCL_OK)
        return WCL_FAILED;
    wcl_sddl_scan_spaces(scan);
    while (!wcl_sddl_scan_take(scan, "}")) {
        if (out->size > start + 4 && !wcl_sddl_scan_take(scan, ","))
            return wcl_sddl_scan_fail(scan, error, "',' or '}'");
        wcl_sddl_scan_spaces(scan);
        if (scan_simple(scan, out, &member, error) != WCL_OK)
            return WCL_FAILED;
        if (member == WCL_OPERAND_NONE)
            return wcl_sddl_scan_fail(scan, error, "a literal");
        if (member != WCL_OPERAND_SIDS)
            *kind = WCL_OPERAND_LITERAL;
        wcl_sddl_scan_spaces(scan);
    }
    end_token(out, start);
    return WCL_OK;
}

static wcl_status scan_attribute(wcl_sddl_scan *scan, wcl_buffer *out, wcl_error *error)
{
    uint8_t token = WCL_TOKEN_ATTRIBUTE_LOCAL;
    size_t start;

    for (size_t i = 0; i < ATTRIBUTE_COUNT && token == WCL_TOKEN_ATTRIBUTE_LOCAL; i++)
        if (wcl_sddl_scan_take(scan, attributes[i].prefix))
            token = attributes[i].token;
    if (begin_token(out, token, &start, error) != WCL_OK ||
        wcl_attribute_name_scan(scan, token == WCL_TOKEN_ATTRIBUTE_LOCAL, out, error) != WCL_OK)
        return WCL_FAILED;
    end_token(out, start);
    return WCL_OK;
}

wcl_status wcl_operand_scan(wcl_sddl_scan *scan, wcl_buffer *out, wcl_operand_kind *kind,
                            wcl_error *error)
{
    if (wcl_sddl_scan_take(scan, "{"))
        return scan_composite(scan, out, kind, error);
    if (scan_simple(scan, out, kind, error) != WCL_OK)
        return WCL_FAILED;
    if (*kind != WCL_OPERAND_NONE)
        return WCL_OK;
    *kind = WCL_OPERAND_ATTRIBUTE;
    return scan_attribute(scan, out, error);
}
