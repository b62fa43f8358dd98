/* Self-relative security descriptors: checking them, taking them apart, putting them together. */
#include <stdlib.h>
#include <string.h>

#include "backupstream/ace.h"
#include "backupstream/sd.h"
#include "backupstream/sid.h"
#include "base/error.h"

#define SD_REVISION 1
#define SD_HEADER_SIZE 20

/* The part at `offset`, as a cursor that ends with the descriptor. */
static wcl_status find_part(const wcl_cursor *whole, uint32_t offset, const char *name,
                            wcl_cursor *part, wcl_error *error)
{
    wcl_cursor cursor = *whole;

    wcl_cursor_seek(&cursor, offset);
    if (cursor.failed || offset < SD_HEADER_SIZE)
        return wcl_fail(error, WCL_CODE_BAD_SECURITY_DESCRIPTOR,
                        "a security descriptor of %zu bytes has its %s at offset %u", whole->size,
                        name, offset);
    *part = cursor;
    return WCL_OK;
}

static wcl_status parse_sid(const wcl_cursor *whole, uint32_t offset, const char *name,
                            wcl_sd_part *part, wcl_error *error)
{
    wcl_cursor cursor;

    if (offset == 0)
        return WCL_OK;
    if (find_part(whole, offset, name, &cursor, error) != WCL_OK)
        return WCL_FAILED;
    part->data = wcl_sid_take(&cursor, &part->size);
    if (!part->data)
        return wcl_fail(error, WCL_CODE_BAD_SID,
                        "the %s at offset %u of a security descriptor is not a valid SID", name,
                        offset);
    return WCL_OK;
}

/* Takes the ACL at the front of `cursor` and checks it and all its ACEs. */
static wcl_status parse_acl(wcl_cursor *cursor, const char *name, wcl_sd_part *part,
                            wcl_error *error)
{
    size_t offset = cursor->position;
    wcl_cursor header = *cursor;
    uint8_t revision = wcl_cursor_u8(&header), type;
    wcl_cursor_u8(&header);
    uint16_t size = wcl_cursor_le16(&header);
    uint16_t count = wcl_cursor_le16(&header);

    if (header.failed || size < WCL_ACL_HEADER_SIZE || size > wcl_cursor_left(cursor))
        return wcl_fail(error, WCL_CODE_BAD_ACL, "the %s at offset %zu goes past the end", name,
                        offset);
    if (revision < WCL_ACL_REVISION || revision > WCL_ACL_REVISION_OBJECT)
        return wcl_fail(error, WCL_CODE_BAD_ACL, "the %s at offset %zu has the revision %u", name,
                        offset, revision);
    *part = (wcl_sd_part) { wcl_cursor_take(cursor, size), size };
    wcl_cursor acl = wcl_cursor_over(part->data, size);
    wcl_cursor_seek(&acl, WCL_ACL_HEADER_SIZE);
    for (unsigned i = 0; i < count; i++) {
        wcl_ace ace;
        if (wcl_ace_take(&acl, offset, &ace, &type, error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

static wcl_status parse_acl_at(const wcl_cursor *whole, bool present, uint32_t offset,
                               const char *name, wcl_sd_part *part, wcl_error *error)
{
    wcl_cursor cursor;

    if (!present || offset == 0)
        return WCL_OK;
    if (find_part(whole, offset, name, &cursor, error) != WCL_OK)
        return WCL_FAILED;
    return parse_acl(&cursor, name, part, error);
}

wcl_status wcl_sd_parse(const void *descriptor, size_t size, wcl_sd *sd, wcl_error *error)
{
    wcl_cursor whole = wcl_cursor_over(descriptor, size);
    uint32_t offsets[4];
    wcl_sd parsed = { 0 };

    if (size > WCL_SD_MAX)
        return wcl_fail(error, WCL_CODE_BAD_SECURITY_DESCRIPTOR,
                        "a security descriptor has %zu bytes, more than %d", size, WCL_SD_MAX);
    uint8_t revision = wcl_cursor_u8(&whole);
    parsed.resource_manager_control = wcl_cursor_u8(&whole);
    parsed.control = wcl_cursor_le16(&whole);
    for (size_t i = 0; i < 4; i++)
        offsets[i] = wcl_cursor_le32(&whole);
    if (whole.failed)
        return wcl_fail(error, WCL_CODE_BAD_SECURITY_DESCRIPTOR,
                        "a security descriptor of %zu bytes is too short for its header", size);
    if (revision != SD_REVISION || !(parsed.control & WCL_SD_SELF_RELATIVE))
        return wcl_fail(error, WCL_CODE_BAD_SECURITY_DESCRIPTOR,
                        "a security descriptor has the revision %u and the control bits 0x%04X, "
                        "which is not self-relative revision 1",
                        revision, parsed.control);
    if (parse_sid(&whole, offsets[0], "owner", &parsed.owner, error) != WCL_OK ||
        parse_sid(&whole, offsets[1], "group", &parsed.group, error) != WCL_OK ||
        parse_acl_at(&whole, parsed.control & WCL_SD_SACL_PRESENT, offsets[2], "SACL", &parsed.sacl,
                     error) != WCL_OK ||
        parse_acl_at(&whole, parsed.control & WCL_SD_DACL_PRESENT, offsets[3], "DACL", &parsed.dacl,
                     error) != WCL_OK)
        return WCL_FAILED;
    *sd = parsed;
    return WCL_OK;
}

/* Checks a part that a caller made. */
static wcl_status check_sid(const wcl_sd_part *part, const char *name, wcl_error *error)
{
    wcl_cursor cursor = wcl_cursor_over(part->data, part->size);
    size_t size;

    if (part->size == 0 || (wcl_sid_take(&cursor, &size) && size == part->size))
        return WCL_OK;
    return wcl_fail(error, WCL_CODE_BAD_SID,
                    "the %s of a security descriptor to build is not a valid SID", name);
}

static wcl_status check_acl(const wcl_sd_part *part, bool present, const char *name,
                            wcl_error *error)
{
    wcl_cursor cursor = wcl_cursor_over(part->data, part->size);
    wcl_sd_part whole = { NULL, 0 };

    if (part->size == 0)
        return WCL_OK;
    if (!present)
        return wcl_fail(error, WCL_CODE_BAD_SECURITY_DESCRIPTOR,
                        "a security descriptor to build has a %s that its control bits deny", name);
    if (parse_acl(&cursor, name, &whole, error) != WCL_OK)
        return WCL_FAILED;
    if (whole.size != part->size)
        return wcl_fail(error, WCL_CODE_BAD_ACL,
                        "the %s of a security descriptor to build has %zu bytes and claims %zu",
                        name, part->size, whole.size);
    return WCL_OK;
}

/* Appends a part and puts its place into the header's field at `field`. */
static wcl_status append_part(wcl_buffer *out, size_t field, const wcl_sd_part *part,
                              wcl_error *error)
{
    if (part->size == 0)
        return WCL_OK;
    wcl_store_le32(out->data + field, (uint32_t)out->size);
    if (wcl_buffer_append(out, part->data, part->size, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_buffer_append_zeros(out, (4 - out->size % 4) % 4, error);
}

static wcl_status append_parts(wcl_buffer *out, const wcl_sd *sd, bool dacl_first, wcl_error *error)
{
    if (append_part(out, 4, &sd->owner, error) != WCL_OK ||
        append_part(out, 8, &sd->group, error) != WCL_OK ||
        (dacl_first && append_part(out, 16, &sd->dacl, error) != WCL_OK) ||
        append_part(out, 12, &sd->sacl, error) != WCL_OK)
        return WCL_FAILED;
    return dacl_first ? WCL_OK : append_part(out, 16, &sd->dacl, error);
}

wcl_status wcl_sd_lay_out(const wcl_sd *sd, bool dacl_first, void **descriptor, size_t *size,
                          wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer out = WCL_BUFFER_INIT;

    if (check_sid(&sd->owner, "owner", error) != WCL_OK ||
        check_sid(&sd->group, "group", error) != WCL_OK ||
        check_acl(&sd->sacl, sd->control & WCL_SD_SACL_PRESENT, "SACL", error) != WCL_OK ||
        check_acl(&sd->dacl, sd->control & WCL_SD_DACL_PRESENT, "DACL", error) != WCL_OK ||
        wcl_buffer_append_zeros(&out, SD_HEADER_SIZE, error) != WCL_OK)
        return WCL_FAILED;
    out.data[0] = SD_REVISION;
    out.data[1] = sd->resource_manager_control;
    wcl_store_le16(out.data + 2, sd->control | WCL_SD_SELF_RELATIVE);
    if (append_parts(&out, sd, dacl_first, error) != WCL_OK)
        return WCL_FAILED;
    if (out.size > WCL_SD_MAX)
        return wcl_fail(error, WCL_CODE_BAD_SECURITY_DESCRIPTOR,
                        "a security descriptor to build has %zu bytes, more than %d", out.size,
                        WCL_SD_MAX);
    void *data = wcl_buffer_detach(&out, size, error);
    if (!data)
        return WCL_FAILED;
    *descriptor = data;
    return WCL_OK;
}

wcl_status wcl_sd_build(const wcl_sd *sd, void **descriptor, size_t *size, wcl_error *error)
{
    *descriptor = NULL;
    *size = 0;
    return wcl_sd_lay_out(sd, false, descriptor, size, error);
}
