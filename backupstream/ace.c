/* Taking access control entries apart. */
#include "backupstream/ace.h"

#include <string.h>
#include <strings.h>

#include "backupstream/sid.h"
#include "base/error.h"

static const wcl_ace_type types[] = {
    { "A", WCL_ACE_TAIL_NONE, 0x00, false, false },
    { "D", WCL_ACE_TAIL_NONE, 0x01, false, false },
    { "AU", WCL_ACE_TAIL_NONE, 0x02, false, false },
    { "AL", WCL_ACE_TAIL_NONE, 0x03, false, false },
    { "OA", WCL_ACE_TAIL_NONE, 0x05, true, false },
    { "OD", WCL_ACE_TAIL_NONE, 0x06, true, false },
    { "OU", WCL_ACE_TAIL_NONE, 0x07, true, false },
    { "OL", WCL_ACE_TAIL_NONE, 0x08, true, false },
    { "XA", WCL_ACE_TAIL_CONDITION, 0x09, false, false },
    { "XD", WCL_ACE_TAIL_CONDITION, 0x0A, false, false },
    { "ZA", WCL_ACE_TAIL_CONDITION, 0x0B, true, false },
    { NULL, WCL_ACE_TAIL_CONDITION, 0x0C, true, false },
    { "XU", WCL_ACE_TAIL_CONDITION, 0x0D, false, false },
    { NULL, WCL_ACE_TAIL_CONDITION, 0x0E, false, false },
    { NULL, WCL_ACE_TAIL_CONDITION, 0x0F, true, false },
    { NULL, WCL_ACE_TAIL_CONDITION, 0x10, true, false },
    { "ML", WCL_ACE_TAIL_NONE, 0x11, false, true },
    { "RA", WCL_ACE_TAIL_CLAIM, 0x12, false, false },
    { "SP", WCL_ACE_TAIL_NONE, 0x13, false, false },
    { "TL", WCL_ACE_TAIL_NONE, 0x14, false, false },
    { "FL", WCL_ACE_TAIL_CONDITION, 0x15, false, false },
};

const wcl_ace_type *wcl_ace_type_find(uint8_t type)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (types[i].type == type)
            return &types[i];
    return NULL;
}

const wcl_ace_type *wcl_ace_type_named(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (types[i].name && strlen(types[i].name) == length &&
            strncasecmp(types[i].name, name, length) == 0)
            return &types[i];
    return NULL;
}

static void take_object_types(wcl_cursor *cursor, wcl_ace *ace)
{
    uint32_t present = wcl_cursor_le32(cursor);

    if (present & WCL_ACE_OBJECT_TYPE_PRESENT)
        ace->object_type = wcl_cursor_take(cursor, sizeof(wcl_guid));
    if (present & WCL_ACE_INHERITED_OBJECT_TYPE_PRESENT)
        ace->inherited_object_type = wcl_cursor_take(cursor, sizeof(wcl_guid));
}

static wcl_status take_body(wcl_cursor *body, size_t position, wcl_ace *ace, wcl_error *error)
{
    ace->mask = wcl_cursor_le32(body);
    if (ace->type->is_object)
        take_object_types(body, ace);
    if (body->failed)
        return wcl_fail(error, WCL_CODE_BAD_ACL, "the ACE at offset %zu is too short", position);
    ace->sid = wcl_sid_take(body, &ace->sid_size);
    if (!ace->sid)
        return wcl_fail(error, WCL_CODE_BAD_SID, "the ACE at offset %zu has no valid SID",
                        position);
    ace->tail_size = wcl_cursor_left(body);
    ace->tail = wcl_cursor_take(body, ace->tail_size);
    return WCL_OK;
}

wcl_status wcl_ace_take(wcl_cursor *acl, size_t position, wcl_ace *ace, uint8_t *type,
                        wcl_error *error)
{
    position += acl->position;
    memset(ace, 0, sizeof(*ace));
    *type = wcl_cursor_u8(acl);
    ace->flags = wcl_cursor_u8(acl);
    uint16_t size = wcl_cursor_le16(acl);
    if (acl->failed)
        return wcl_fail(error, WCL_CODE_BAD_ACL,
                        "the ACL ends at offset %zu, where it should have an ACE", position);
    if (size < WCL_ACE_HEADER_SIZE || size % 4 ||
        size - WCL_ACE_HEADER_SIZE > (int)wcl_cursor_left(acl))
        return wcl_fail(error, WCL_CODE_BAD_ACL,
                        "the ACE at offset %zu claims an impossible %u bytes", position, size);
    wcl_cursor body = wcl_cursor_sub(acl, size - WCL_ACE_HEADER_SIZE);
    ace->type = wcl_ace_type_find(*type);
    return ace->type ? take_body(&body, position, ace, error) : WCL_OK;
}
