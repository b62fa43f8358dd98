/* Making security descriptors for new files. */
#include "image/append/descriptor.h"

#include <wcl/backupstream.h>

#include "base/buffer.h"
#include "base/error.h"

#define USUAL_FILE "O:BAG:SYD:(A;;FA;;;SY)(A;;FA;;;BA)(A;;0x1200a9;;;BU)"
#define USUAL_FOLDER "O:BAG:SYD:(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;BU)"

/* The owner and group of a descriptor, which the caller frees. */
static wcl_status parse_owner(const char *owner, void **holder, wcl_sd *parts, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;
    size_t size;

    if (wcl_buffer_printf(&text, error, "O:%sG:SY", owner) != WCL_OK)
        return WCL_FAILED;
    if (wcl_sd_from_sddl(wcl_buffer_text(&text), holder, &size, NULL) == WCL_OK &&
        wcl_sd_parse(*holder, size, parts, NULL) == WCL_OK && parts->owner.size > 0 &&
        !(parts->control & (WCL_SD_DACL_PRESENT | WCL_SD_SACL_PRESENT)))
        return WCL_OK;
    return wcl_fail(error, WCL_CODE_BAD_SID,
                    "'%s' is not an owner, such as the SID S-1-5-32-544 or the alias BA", owner);
}

wcl_status wcl_append_descriptor(const char *sddl, bool is_folder, const char *owner,
                                 void **descriptor, size_t *size, wcl_error *error)
{
    const char *usual = is_folder ? USUAL_FOLDER : USUAL_FILE;
    WCL_CLEANUP_FREE void *given = NULL;
    WCL_CLEANUP_FREE void *owners = NULL;
    size_t given_size;
    wcl_sd parts, owner_parts;

    if (wcl_sd_from_sddl(sddl ? sddl : usual, &given, &given_size, error) != WCL_OK)
        return wcl_error_context(error, NULL, sddl);
    if (wcl_sd_parse(given, given_size, &parts, error) != WCL_OK ||
        parse_owner(owner ? owner : "BA", &owners, &owner_parts, error) != WCL_OK)
        return WCL_FAILED;
    if (!(parts.control & WCL_SD_DACL_PRESENT)) {
        wcl_fail(error, WCL_CODE_BAD_ACL,
                 "it does not say who has which rights; a D: part is needed");
        return wcl_error_context(error, NULL, sddl);
    }
    if (owner || parts.owner.size == 0)
        parts.owner = owner_parts.owner;
    if (parts.group.size == 0)
        parts.group = owner_parts.group;
    return wcl_sd_build(&parts, descriptor, size, error);
}
