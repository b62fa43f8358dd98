/* Resource attributes. */
#include "backupstream/claim.h"

#include <inttypes.h>

#include "backupstream/operand.h"
#include "backupstream/sid.h"

enum claim_type {
    CLAIM_INT64 = 1,
    CLAIM_UINT64 = 2,
    CLAIM_STRING = 3,
    CLAIM_SID = 5,
    CLAIM_BOOLEAN = 6,
    CLAIM_OCTETS = 0x10,
};

static const struct {
    enum claim_type type;
    const char *name;
} types[] = {
    { CLAIM_INT64, "TI" }, { CLAIM_UINT64, "TU" },  { CLAIM_STRING, "TS" },
    { CLAIM_SID, "TD" },   { CLAIM_BOOLEAN, "TB" }, { CLAIM_OCTETS, "TX" },
};

#define TYPE_COUNT (sizeof(types) / sizeof(types[0]))

/* name offset, type, reserved, flags, value count */
#define CLAIM_HEADER_SIZE 16
/* A claim prints to less than this many times its bytes, unless its values lie over each other. */
#define PRINTED_GROWTH 16

static wcl_status fail_claim(wcl_error *error, const char *what)
{
    return wcl_fail(error, WCL_CODE_BAD_ACL, "the resource attribute of an ACE has %s", what);
}

/* The UTF-16 text at the cursor, up to its NUL. */
static wcl_status take_text(wcl_cursor *cursor, const uint8_t **units, size_t *size,
                            wcl_error *error)
{
    wcl_cursor ahead = *cursor;

    *size = 0;
    while (wcl_cursor_le16(&ahead))
        *size += 2;
    if (ahead.failed)
        return fail_claim(error, "a text without a NUL behind it");
    *units = wcl_cursor_take(cursor, *size);
    return WCL_OK;
}

static wcl_status print_text_value(wcl_cursor *cursor, wcl_buffer *out, wcl_error *error)
{
    const uint8_t *units = NULL;
    size_t size = 0;

    if (take_text(cursor, &units, &size, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_quoted_print(units, size, out, error);
}

static wcl_status print_number_value(wcl_cursor *cursor, enum claim_type type, wcl_buffer *out,
                                     wcl_error *error)
{
    uint64_t value = wcl_cursor_le64(cursor);

    if (cursor->failed)
        return fail_claim(error, "a number past its end");
    if (type == CLAIM_BOOLEAN && value > 1)
        return fail_claim(error, "a truth value other than 0 and 1");
    if (type == CLAIM_INT64)
        return wcl_buffer_printf(out, error, "%" PRId64, (int64_t)value);
    return wcl_buffer_printf(out, error, "%" PRIu64, value);
}

/* A SID or octets: a length, and that many bytes. */
static wcl_status print_bytes_value(wcl_cursor *cursor, enum claim_type type, wcl_buffer *out,
                                    wcl_error *error)
{
    wcl_cursor body = wcl_cursor_sub(cursor, wcl_cursor_le32(cursor));
    wcl_cursor sid = body;
    size_t size;

    if (body.failed)
        return fail_claim(error, "a value that goes past its end");
    if (type == CLAIM_OCTETS)
        return wcl_octets_print(body.data, body.size, out, error);
    if (!wcl_sid_take(&sid, &size) || wcl_cursor_left(&sid))
        return fail_claim(error, "a damaged SID");
    return wcl_sid_print(body.data, out, error);
}

static wcl_status print_value(wcl_cursor *cursor, enum claim_type type, wcl_buffer *out,
                              wcl_error *error)
{
    switch (type) {
    case CLAIM_STRING:
        return print_text_value(cursor, out, error);
    case CLAIM_SID:
    case CLAIM_OCTETS:
        return print_bytes_value(cursor, type, out, error);
    default:
        return print_number_value(cursor, type, out, error);
    }
}

static wcl_status print_values(wcl_cursor offsets, const wcl_cursor *whole, enum claim_type type,
                               wcl_buffer *out, wcl_error *error)
{
    size_t limit = out->size + PRINTED_GROWTH * whole->size;

    while (wcl_cursor_left(&offsets)) {
        wcl_cursor value = *whole;
        wcl_cursor_seek(&value, wcl_cursor_le32(&offsets));
        if (wcl_buffer_append_byte(out, ',', error) != WCL_OK ||
            print_value(&value, type, out, error) != WCL_OK)
            return WCL_FAILED;
        if (out->size > limit)
            return fail_claim(error, "values that lie over each other");
    }
    return WCL_OK;
}

static wcl_status print_name(wcl_cursor whole, uint32_t offset, wcl_buffer *out, wcl_error *error)
{
    const uint8_t *units = NULL;
    size_t size = 0;

    wcl_cursor_seek(&whole, offset);
    if (take_text(&whole, &units, &size, error) != WCL_OK ||
        wcl_buffer_append_text(out, "(\"", error) != WCL_OK ||
        wcl_attribute_name_print(units, size, false, out, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_buffer_append_byte(out, '"', error);
}

wcl_status wcl_claim_print(const uint8_t *data, size_t size, wcl_buffer *out, wcl_error *error)
{
    const wcl_cursor whole = wcl_cursor_over(data, size);
    wcl_cursor cursor = whole;
    uint32_t name_offset = wcl_cursor_le32(&cursor);
    uint16_t type = wcl_cursor_le16(&cursor);
    wcl_cursor_le16(&cursor);
    uint32_t flags = wcl_cursor_le32(&cursor);
    uint32_t count = wcl_cursor_le32(&cursor);
    wcl_cursor offsets = wcl_cursor_sub(&cursor, (uint64_t)count * 4);
    size_t i = 0;

    if (offsets.failed)
        return fail_claim(error, "too few bytes for its fields");
    while (i < TYPE_COUNT && types[i].type != type)
        i++;
    if (i == TYPE_COUNT)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "the resource attribute of an ACE has values of type %u, which SDDL "
                        "cannot express",
                        type);
    if (print_name(whole, name_offset, out, error) != WCL_OK ||
        wcl_buffer_printf(out, error, ",%s,0x%" PRIx32, types[i].name, flags) != WCL_OK ||
        print_values(offsets, &whole, types[i].type, out, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_buffer_append_byte(out, ')', error);
}

static wcl_status scan_number_value(wcl_sddl_scan *scan, enum claim_type type, wcl_buffer *values,
                                    wcl_error *error)
{
    wcl_sddl_scan before = *scan;
    wcl_sddl_scan_number number;
    bool is_signed = type == CLAIM_INT64;
    uint64_t largest = type == CLAIM_BOOLEAN ? 1 : is_signed ? INT64_MAX : UINT64_MAX;

    if (!wcl_sddl_scan_take_number(scan, &number) || (number.sign == '-' && !is_signed) ||
        number.magnitude > largest + (number.sign == '-'))
        return wcl_sddl_scan_fail(&before, error,
                                  type == CLAIM_BOOLEAN ? "0 or 1"
                                  : is_signed           ? "a signed integer of 64 bits"
                                                        : "an unsigned integer of 64 bits");
    uint64_t value = number.sign == '-' ? -number.magnitude : number.magnitude;
    return wcl_buffer_append_le64(values, value, error);
}

/* A SID stands as it is or as SID(...). */
static wcl_status scan_sid_value(wcl_sddl_scan *scan, wcl_buffer *values, wcl_error *error)
{
    uint8_t sid[WCL_SID_SIZE_MAX];
    bool enclosed = wcl_sddl_scan_take(scan, "SID(");
    size_t size = wcl_sid_scan(&scan->at, sid);

    if (size == 0)
        return wcl_sddl_scan_fail(scan, error, "a SID");
    if (enclosed && !wcl_sddl_scan_take(scan, ")"))
        return wcl_sddl_scan_fail(scan, error, "')' behind a SID");
    if (wcl_buffer_append_le32(values, (uint32_t)size, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_buffer_append(values, sid, size, error);
}

static wcl_status scan_octets_value(wcl_sddl_scan *scan, wcl_buffer *values, wcl_error *error)
{
    size_t start = values->size;

    wcl_sddl_scan_take(scan, "#");
    if (wcl_buffer_append_le32(values, 0, error) != WCL_OK ||
        wcl_octets_scan(scan, values, error) != WCL_OK)
        return WCL_FAILED;
    wcl_store_le32(values->data + start, (uint32_t)(values->size - start - 4));
    return WCL_OK;
}

static wcl_status scan_text(wcl_sddl_scan *scan, bool is_name, wcl_buffer *values, wcl_error *error)
{
    size_t start = values->size;
    wcl_sddl_scan before = *scan;

    if (wcl_quoted_scan(scan, is_name, values, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t at = start; at < values->size; at += 2)
        if (wcl_load_le16(values->data + at) == 0)
            return wcl_sddl_scan_fail(&before, error, "a text without a NUL in it");
    if (is_name && values->size == start)
        return wcl_sddl_scan_fail(&before, error, "the name of a resource attribute");
    return wcl_buffer_append_le16(values, 0, error);
}

static wcl_status scan_value(wcl_sddl_scan *scan, enum claim_type type, wcl_buffer *values,
                             wcl_error *error)
{
    switch (type) {
    case CLAIM_STRING:
        return scan_text(scan, false, values, error);
    case CLAIM_SID:
        return scan_sid_value(scan, values, error);
    case CLAIM_OCTETS:
        return scan_octets_value(scan, values, error);
    default:
        return scan_number_value(scan, type, values, error);
    }
}

/* Takes ",value" as often as it comes; the values are aligned, `offsets` says where each is. */
static wcl_status scan_values(wcl_sddl_scan *scan, enum claim_type type, wcl_buffer *offsets,
                              wcl_buffer *values, wcl_error *error)
{
    for (wcl_sddl_scan_spaces(scan); wcl_sddl_scan_take(scan, ","); wcl_sddl_scan_spaces(scan)) {
        wcl_sddl_scan_spaces(scan);
        if (wcl_buffer_append_zeros(values, (4 - values->size % 4) % 4, error) != WCL_OK ||
            wcl_buffer_append_le32(offsets, (uint32_t)values->size, error) != WCL_OK ||
            scan_value(scan, type, values, error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

static wcl_status scan_type_and_flags(wcl_sddl_scan *scan, enum claim_type *type, uint32_t *flags,
                                      wcl_error *error)
{
    wcl_sddl_scan_number number;
    size_t i = 0;

    wcl_sddl_scan_spaces(scan);
    if (!wcl_sddl_scan_take(scan, ","))
        return wcl_sddl_scan_fail(scan, error, "','");
    wcl_sddl_scan_spaces(scan);
    while (i < TYPE_COUNT && !wcl_sddl_scan_take(scan, types[i].name))
        i++;
    if (i == TYPE_COUNT)
        return wcl_sddl_scan_fail(scan, error, "a type (TI, TU, TS, TD, TX or TB)");
    wcl_sddl_scan_spaces(scan);
    if (!wcl_sddl_scan_take(scan, ","))
        return wcl_sddl_scan_fail(scan, error, "','");
    wcl_sddl_scan_spaces(scan);
    wcl_sddl_scan before = *scan;
    if (!wcl_sddl_scan_take_number(scan, &number) || number.sign || number.magnitude > UINT32_MAX)
        return wcl_sddl_scan_fail(&before, error, "flags of 32 bits");
    *type = types[i].type;
    *flags = (uint32_t)number.magnitude;
    return WCL_OK;
}

static wcl_status append_claim(wcl_buffer *out, enum claim_type type, uint32_t flags,
                               const wcl_buffer *offsets, const wcl_buffer *values,
                               wcl_error *error)
{
    uint32_t base = CLAIM_HEADER_SIZE + (uint32_t)offsets->size;

    if (wcl_buffer_append_le32(out, base, error) != WCL_OK ||
        wcl_buffer_append_le16(out, (uint16_t)type, error) != WCL_OK ||
        wcl_buffer_append_le16(out, 0, error) != WCL_OK ||
        wcl_buffer_append_le32(out, flags, error) != WCL_OK ||
        wcl_buffer_append_le32(out, (uint32_t)(offsets->size / 4), error) != WCL_OK)
        return WCL_FAILED;
    for (size_t at = 0; at < offsets->size; at += 4)
        if (wcl_buffer_append_le32(out, base + wcl_load_le32(offsets->data + at), error) != WCL_OK)
            return WCL_FAILED;
    return wcl_buffer_append(out, values->data, values->size, error);
}

wcl_status wcl_claim_scan(wcl_sddl_scan *scan, wcl_buffer *out, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer offsets = WCL_BUFFER_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer values = WCL_BUFFER_INIT; /* the name before them */
    enum claim_type type = CLAIM_INT64;
    uint32_t flags = 0;

    if (!wcl_sddl_scan_take(scan, "("))
        return wcl_sddl_scan_fail(scan, error, "a resource attribute in parentheses");
    wcl_sddl_scan_spaces(scan);
    if (scan_text(scan, true, &values, error) != WCL_OK ||
        scan_type_and_flags(scan, &type, &flags, error) != WCL_OK ||
        scan_values(scan, type, &offsets, &values, error) != WCL_OK)
        return WCL_FAILED;
    if (!wcl_sddl_scan_take(scan, ")"))
        return wcl_sddl_scan_fail(scan, error, "',' or ')'");
    return append_claim(out, type, flags, &offsets, &values, error);
}
