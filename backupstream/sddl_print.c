/* Security descriptors to SDDL ([MS-DTYP] 2.5.1). */
#include <wcl/backupstream.h>

#include "backupstream/ace_codes.h"
#include "backupstream/claim.h"
#include "backupstream/condition.h"
#include "backupstream/sid.h"
#include "base/error.h"

static wcl_status print_sid(const char *tag, const wcl_sd_part *sid, wcl_buffer *out,
                            wcl_error *error)
{
    if (sid->size == 0)
        return WCL_OK;
    if (wcl_buffer_append_text(out, tag, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_sid_print(sid->data, out, error);
}

static wcl_status print_guid(const uint8_t *bytes, wcl_buffer *out, wcl_error *error)
{
    wcl_guid guid;
    char text[37];

    if (!bytes)
        return wcl_buffer_append_byte(out, ';', error);
    memcpy(guid.bytes, bytes, sizeof(guid.bytes));
    wcl_guid_format(&guid, text);
    return wcl_buffer_printf(out, error, "%s;", text);
}

/* What is behind the SID. Zeros behind that of a plain ACE are padding. */
static wcl_status print_tail(const wcl_ace *ace, wcl_buffer *out, wcl_error *error)
{
    if (ace->type->tail == WCL_ACE_TAIL_NONE) {
        for (size_t i = 0; i < ace->tail_size; i++)
            if (ace->tail[i])
                return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                                "an ACE of type %s has %zu bytes behind its SID, which SDDL "
                                "cannot express",
                                ace->type->name, ace->tail_size);
        return WCL_OK;
    }
    if (wcl_buffer_append_byte(out, ';', error) != WCL_OK)
        return WCL_FAILED;
    if (ace->type->tail == WCL_ACE_TAIL_CLAIM)
        return wcl_claim_print(ace->tail, ace->tail_size, out, error);
    return wcl_condition_print(ace->tail, ace->tail_size, out, error);
}

static wcl_status print_ace(const wcl_ace *ace, wcl_buffer *out, wcl_error *error)
{
    if (wcl_buffer_printf(out, error, "(%s;", ace->type->name) != WCL_OK ||
        wcl_ace_flags_print(ace, out, error) != WCL_OK ||
        wcl_buffer_append_byte(out, ';', error) != WCL_OK ||
        wcl_ace_rights_print(ace, out, error) != WCL_OK ||
        wcl_buffer_append_byte(out, ';', error) != WCL_OK ||
        print_guid(ace->object_type, out, error) != WCL_OK ||
        print_guid(ace->inherited_object_type, out, error) != WCL_OK ||
        wcl_sid_print(ace->sid, out, error) != WCL_OK || print_tail(ace, out, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_buffer_append_byte(out, ')', error);
}

static wcl_status print_aces(const wcl_sd_part *part, const char *tag, wcl_buffer *out,
                             wcl_error *error)
{
    wcl_cursor acl = wcl_cursor_over(part->data, part->size);

    wcl_cursor_seek(&acl, 4);
    uint16_t count = wcl_cursor_le16(&acl);
    wcl_cursor_seek(&acl, WCL_ACL_HEADER_SIZE);
    for (unsigned i = 0; i < count; i++) {
        wcl_ace ace;
        uint8_t type;
        if (wcl_ace_take(&acl, 0, &ace, &type, error) != WCL_OK)
            return WCL_FAILED;
        if (!ace.type || !ace.type->name)
            return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                            "ACE %u of %s is of type 0x%02X, which SDDL cannot express", i + 1, tag,
                            type);
        if (print_ace(&ace, out, error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

/* The control bits of one of the two ACLs. */
typedef struct acl_bits {
    const char *tag, *name;
    uint16_t present, protected_, auto_inherit_required, auto_inherited;
} acl_bits;

static const acl_bits dacl_bits = {
    "D:",
    "the DACL",
    WCL_SD_DACL_PRESENT,
    WCL_SD_DACL_PROTECTED,
    WCL_SD_DACL_AUTO_INHERIT_REQUIRED,
    WCL_SD_DACL_AUTO_INHERITED,
};

static const acl_bits sacl_bits = {
    "S:",
    "the SACL",
    WCL_SD_SACL_PRESENT,
    WCL_SD_SACL_PROTECTED,
    WCL_SD_SACL_AUTO_INHERIT_REQUIRED,
    WCL_SD_SACL_AUTO_INHERITED,
};

static wcl_status print_acl(const wcl_sd *sd, const acl_bits *bits, const wcl_sd_part *acl,
                            wcl_buffer *out, wcl_error *error)
{
    if (!(sd->control & bits->present))
        return WCL_OK;
    if (wcl_buffer_printf(out, error, "%s%s%s%s%s", bits->tag,
                          sd->control & bits->protected_ ? "P" : "",
                          sd->control & bits->auto_inherit_required ? "AR" : "",
                          sd->control & bits->auto_inherited ? "AI" : "",
                          acl->size ? "" : "NO_ACCESS_CONTROL") != WCL_OK)
        return WCL_FAILED;
    return acl->size ? print_aces(acl, bits->name, out, error) : WCL_OK;
}

wcl_status wcl_sd_to_sddl(const void *descriptor, size_t size, char **sddl, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer out = WCL_BUFFER_INIT;
    wcl_sd sd;

    *sddl = NULL;
    if (wcl_sd_parse(descriptor, size, &sd, error) != WCL_OK ||
        print_sid("O:", &sd.owner, &out, error) != WCL_OK ||
        print_sid("G:", &sd.group, &out, error) != WCL_OK ||
        print_acl(&sd, &dacl_bits, &sd.dacl, &out, error) != WCL_OK ||
        print_acl(&sd, &sacl_bits, &sd.sacl, &out, error) != WCL_OK)
        return WCL_FAILED;
    char *text = wcl_buffer_detach(&out, NULL, error);
    if (!text)
        return WCL_FAILED;
    *sddl = text;
    return WCL_OK;
}
