/* SDDL ([MS-DTYP] 2.5.1) to security descriptors. */
#include <wcl/backupstream.h>

#include "backupstream/ace_codes.h"
#include "backupstream/claim.h"
#include "backupstream/condition.h"
#include "backupstream/sd.h"
#include "backupstream/sid.h"
#include "base/error.h"
#include "base/options.h"

/* The parts of the descriptor as they are read. */
typedef struct parts {
    uint16_t control;
    bool has_owner, has_group;
    wcl_buffer owner, group, dacl, sacl;
} parts;

static void parts_free(parts *read)
{
    wcl_buffer_free(&read->owner);
    wcl_buffer_free(&read->group);
    wcl_buffer_free(&read->dacl);
    wcl_buffer_free(&read->sacl);
}

static wcl_status scan_sid(wcl_sddl_scan *scan, wcl_buffer *out, wcl_error *error)
{
    uint8_t sid[WCL_SID_SIZE_MAX];
    wcl_sddl_scan_spaces(scan);
    size_t size = wcl_sid_scan(&scan->at, sid);

    if (size == 0)
        return wcl_sddl_scan_fail(scan, error, "a SID");
    return wcl_buffer_append(out, sid, size, error);
}

static wcl_status scan_separator(wcl_sddl_scan *scan, wcl_error *error)
{
    wcl_sddl_scan_spaces(scan);
    if (!wcl_sddl_scan_take(scan, ";"))
        return wcl_sddl_scan_fail(scan, error, "';'");
    wcl_sddl_scan_spaces(scan);
    return WCL_OK;
}

static wcl_status scan_type(wcl_sddl_scan *scan, const wcl_ace_type **type, wcl_error *error)
{
    size_t length = 0;

    wcl_sddl_scan_spaces(scan);
    while (wcl_sddl_scan_is_letter(scan->at[length]))
        length++;
    *type = wcl_ace_type_named(scan->at, length);
    if (!*type)
        return wcl_sddl_scan_fail(scan, error, "the type of an ACE");
    scan->at += length;
    return WCL_OK;
}

/* Takes an optional GUID and its ';'. */
static wcl_status scan_guid(wcl_sddl_scan *scan, wcl_guid *guid, bool *present, wcl_error *error)
{
    char text[37];

    wcl_sddl_scan_spaces(scan);
    *present = *scan->at != ';';
    if (*present) {
        size_t length = strnlen(scan->at, sizeof(text) - 1);
        memcpy(text, scan->at, length);
        text[length] = '\0';
        if (wcl_guid_parse(text, guid, NULL) != WCL_OK)
            return wcl_sddl_scan_fail(scan, error, "a GUID or ';'");
        scan->at += length;
    }
    return scan_separator(scan, error);
}

/* Takes both GUIDs; appends the object flags and those that are there. */
static wcl_status scan_object_types(wcl_sddl_scan *scan, const wcl_ace_type *type, wcl_buffer *acl,
                                    wcl_error *error)
{
    wcl_sddl_scan before = *scan;
    wcl_guid object, inherited;
    bool has_object, has_inherited;

    if (scan_guid(scan, &object, &has_object, error) != WCL_OK ||
        scan_guid(scan, &inherited, &has_inherited, error) != WCL_OK)
        return WCL_FAILED;
    if (!type->is_object)
        return has_object || has_inherited
                   ? wcl_sddl_scan_fail(&before, error, "';;' for an ACE that cannot have a GUID")
                   : WCL_OK;
    uint32_t present = (has_object ? WCL_ACE_OBJECT_TYPE_PRESENT : 0) |
                       (has_inherited ? WCL_ACE_INHERITED_OBJECT_TYPE_PRESENT : 0);
    if (wcl_buffer_append_le32(acl, present, error) != WCL_OK ||
        (has_object && wcl_buffer_append(acl, object.bytes, sizeof(object.bytes), error) != WCL_OK))
        return WCL_FAILED;
    return has_inherited ? wcl_buffer_append(acl, inherited.bytes, sizeof(inherited.bytes), error)
                         : WCL_OK;
}

static wcl_status scan_tail(wcl_sddl_scan *scan, const wcl_ace_type *type, wcl_buffer *acl,
                            wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer tail = WCL_BUFFER_INIT;
    wcl_status status;

    if (type->tail == WCL_ACE_TAIL_NONE)
        return WCL_OK;
    if (scan_separator(scan, error) != WCL_OK)
        return WCL_FAILED;
    if (type->tail == WCL_ACE_TAIL_CLAIM)
        status = wcl_claim_scan(scan, &tail, error);
    else
        status = wcl_condition_scan(scan, &tail, error);
    if (status != WCL_OK || wcl_buffer_append(acl, tail.data, tail.size, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_buffer_append_zeros(acl, (4 - acl->size % 4) % 4, error);
}

/* Takes an ACE behind its "(" and appends it. */
static wcl_status scan_ace(wcl_sddl_scan *scan, wcl_buffer *acl, bool *has_object, wcl_error *error)
{
    wcl_sddl_scan before = *scan;
    const wcl_ace_type *type;
    size_t start = acl->size;
    uint8_t flags;
    uint32_t mask;

    if (scan_type(scan, &type, error) != WCL_OK || scan_separator(scan, error) != WCL_OK ||
        wcl_ace_flags_scan(scan, &flags, error) != WCL_OK ||
        scan_separator(scan, error) != WCL_OK ||
        wcl_ace_rights_scan(scan, &mask, error) != WCL_OK ||
        scan_separator(scan, error) != WCL_OK ||
        wcl_buffer_append_byte(acl, type->type, error) != WCL_OK ||
        wcl_buffer_append_byte(acl, flags, error) != WCL_OK ||
        wcl_buffer_append_le16(acl, 0, error) != WCL_OK ||
        wcl_buffer_append_le32(acl, mask, error) != WCL_OK ||
        scan_object_types(scan, type, acl, error) != WCL_OK ||
        scan_sid(scan, acl, error) != WCL_OK || scan_tail(scan, type, acl, error) != WCL_OK)
        return WCL_FAILED;
    wcl_sddl_scan_spaces(scan);
    if (!wcl_sddl_scan_take(scan, ")"))
        return wcl_sddl_scan_fail(scan, error, "')' at the end of an ACE");
    if (acl->size > UINT16_MAX)
        return wcl_sddl_scan_fail(&before, error,
                                  "an ACE with which the ACL has at most 65535 bytes");
    wcl_store_le16(acl->data + start + 2, (uint16_t)(acl->size - start));
    *has_object = *has_object || type->is_object;
    return WCL_OK;
}

/* Takes the ACEs of an ACL and appends it. */
static wcl_status scan_aces(wcl_sddl_scan *scan, wcl_buffer *acl, wcl_error *error)
{
    bool has_object = false;
    uint16_t count = 0;

    if (wcl_buffer_append_zeros(acl, WCL_ACL_HEADER_SIZE, error) != WCL_OK)
        return WCL_FAILED;
    for (wcl_sddl_scan_spaces(scan); wcl_sddl_scan_take(scan, "("); wcl_sddl_scan_spaces(scan)) {
        if (scan_ace(scan, acl, &has_object, error) != WCL_OK)
            return WCL_FAILED;
        count++;
    }
    acl->data[0] = has_object ? WCL_ACL_REVISION_OBJECT : WCL_ACL_REVISION;
    wcl_store_le16(acl->data + 2, (uint16_t)acl->size);
    wcl_store_le16(acl->data + 4, count);
    return WCL_OK;
}

/*
 * Takes the flags of the DACL; those of the SACL are one bit higher. NO_ACCESS_CONTROL adds
 * nothing: the DACL that follows has no entries.
 */
static uint16_t scan_acl_flags(wcl_sddl_scan *scan)
{
    uint16_t control = 0;

    for (;;) {
        wcl_sddl_scan_spaces(scan);
        if (wcl_sddl_scan_take(scan, "NO_ACCESS_CONTROL"))
            continue;
        if (wcl_sddl_scan_take(scan, "AR"))
            control |= WCL_SD_DACL_AUTO_INHERIT_REQUIRED;
        else if (wcl_sddl_scan_take(scan, "AI"))
            control |= WCL_SD_DACL_AUTO_INHERITED;
        else if (wcl_sddl_scan_take(scan, "P"))
            control |= WCL_SD_DACL_PROTECTED;
        else
            return control;
    }
}

static wcl_status scan_part(wcl_sddl_scan *scan, parts *read, wcl_error *error)
{
    wcl_sddl_scan before = *scan;

    if (!read->has_owner && wcl_sddl_scan_take(scan, "O:")) {
        read->has_owner = true;
        return scan_sid(scan, &read->owner, error);
    }
    if (!read->has_group && wcl_sddl_scan_take(scan, "G:")) {
        read->has_group = true;
        return scan_sid(scan, &read->group, error);
    }
    if (!(read->control & WCL_SD_DACL_PRESENT) && wcl_sddl_scan_take(scan, "D:")) {
        read->control |= WCL_SD_DACL_PRESENT | scan_acl_flags(scan);
        return scan_aces(scan, &read->dacl, error);
    }
    if (!(read->control & WCL_SD_SACL_PRESENT) && wcl_sddl_scan_take(scan, "S:")) {
        read->control |= (uint16_t)(WCL_SD_SACL_PRESENT | scan_acl_flags(scan) << 1);
        return scan_aces(scan, &read->sacl, error);
    }
    return wcl_sddl_scan_fail(&before, error, "'O:', 'G:', 'D:' or 'S:', each once,");
}

static wcl_sd_part part_of(const wcl_buffer *bytes)
{
    return (wcl_sd_part) { bytes->data, bytes->size };
}

wcl_status wcl_sd_from_sddl(const char *sddl, void **descriptor, size_t *size, wcl_error *error)
{
    __attribute__((cleanup(parts_free))) parts read = { 0 };
    wcl_sddl_scan scan = { wcl_text(sddl), wcl_text(sddl) };

    *descriptor = NULL;
    *size = 0;
    for (wcl_sddl_scan_spaces(&scan); *scan.at; wcl_sddl_scan_spaces(&scan))
        if (scan_part(&scan, &read, error) != WCL_OK)
            return WCL_FAILED;
    const wcl_sd sd = {
        .control = read.control,
        .owner = part_of(&read.owner),
        .group = part_of(&read.group),
        .dacl = part_of(&read.dacl),
        .sacl = part_of(&read.sacl),
    };
    return wcl_sd_lay_out(&sd, true, descriptor, size, error);
}
