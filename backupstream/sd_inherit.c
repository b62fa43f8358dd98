/*
 * Inheriting security descriptors. The specification and Windows differ in how they write down the
 * same rights for a folder: the first would have every ACE twice, for the folder and for what is in
 * it. Windows does so only where the two differ, which is done here too.
 */
#include "backupstream/sd_inherit.h"

#include <stdlib.h>
#include <string.h>

#include "backupstream/ace.h"
#include "backupstream/sid.h"
#include "base/error.h"

#define OBJECT_INHERIT 0x01u
#define CONTAINER_INHERIT 0x02u
#define NO_PROPAGATE 0x04u
#define INHERIT_ONLY 0x08u
#define INHERITED 0x10u
#define ALL_INHERITANCE 0x1Fu

#define GENERIC_ALL 0x10000000u
#define GENERIC_EXECUTE 0x20000000u
#define GENERIC_WRITE 0x40000000u
#define GENERIC_READ 0x80000000u
#define GENERIC_ANY 0xF0000000u

#define FILE_ALL 0x001F01FFu
#define FILE_EXECUTE 0x001200A0u
#define FILE_WRITE 0x00120116u
#define FILE_READ 0x00120089u

#define ACE_ALLOWED 0

static const uint8_t creator_owner[] = { 1, 1, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0 };
static const uint8_t creator_group[] = { 1, 1, 0, 0, 0, 0, 0, 3, 1, 0, 0, 0 };
static const uint8_t local_system[] = { 1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0 };

/* An ACE as it stands in its ACL, and what is known of it. */
typedef struct raw_ace {
    const uint8_t *bytes;
    size_t size;
    wcl_ace ace; /* `type` is NULL where it is unknown */
} raw_ace;

/* An ACL being made. */
typedef struct new_acl {
    wcl_buffer aces;
    uint16_t count;
} new_acl;

/* ---- One ACE -------------------------------------------------------------------------------- */

static bool is_sid(const raw_ace *raw, const uint8_t *sid, size_t size)
{
    return raw->ace.type && raw->ace.sid_size == size && memcmp(raw->ace.sid, sid, size) == 0;
}

/* The SID that takes the place of a creator's. */
static wcl_sd_part concrete_sid(const raw_ace *raw, const wcl_sd *folder)
{
    if (is_sid(raw, creator_owner, sizeof(creator_owner)) && folder->owner.size)
        return folder->owner;
    if (is_sid(raw, creator_group, sizeof(creator_group)) && folder->group.size)
        return folder->group;
    return (wcl_sd_part) { raw->ace.sid, raw->ace.sid_size };
}

static uint32_t concrete_mask(const raw_ace *raw)
{
    uint32_t mask = raw->ace.mask & ~GENERIC_ANY;

    if (raw->ace.type->is_label)
        return raw->ace.mask;
    mask |= raw->ace.mask & GENERIC_ALL ? FILE_ALL : 0;
    mask |= raw->ace.mask & GENERIC_EXECUTE ? FILE_EXECUTE : 0;
    mask |= raw->ace.mask & GENERIC_WRITE ? FILE_WRITE : 0;
    mask |= raw->ace.mask & GENERIC_READ ? FILE_READ : 0;
    return mask;
}

/* Whether what the ACE says for an object of this kind needs no translation. */
static bool is_concrete(const raw_ace *raw)
{
    return !raw->ace.type || (concrete_mask(raw) == raw->ace.mask &&
                              !is_sid(raw, creator_owner, sizeof(creator_owner)) &&
                              !is_sid(raw, creator_group, sizeof(creator_group)));
}

static wcl_status append_as_it_is(new_acl *acl, const raw_ace *raw, uint8_t flags, wcl_error *error)
{
    size_t start = acl->aces.size;

    if (wcl_buffer_append(&acl->aces, raw->bytes, raw->size, error) != WCL_OK)
        return WCL_FAILED;
    acl->aces.data[start + 1] = flags;
    acl->count++;
    return WCL_OK;
}

/* The ACE as it works on the object itself. */
static wcl_status append_concrete(new_acl *acl, const raw_ace *raw, uint8_t flags,
                                  const wcl_sd *folder, wcl_error *error)
{
    size_t start = acl->aces.size;

    if (!raw->ace.type)
        return append_as_it_is(acl, raw, flags, error);
    wcl_sd_part sid = concrete_sid(raw, folder);
    size_t before = (size_t)(raw->ace.sid - raw->bytes);
    size_t behind = before + raw->ace.sid_size;
    size_t size = raw->size - raw->ace.sid_size + sid.size;
    if (size > UINT16_MAX)
        return wcl_fail(error, WCL_CODE_BAD_ACL, "an ACE to inherit becomes too large");
    if (wcl_buffer_append(&acl->aces, raw->bytes, before, error) != WCL_OK ||
        wcl_buffer_append(&acl->aces, sid.data, sid.size, error) != WCL_OK ||
        wcl_buffer_append(&acl->aces, raw->bytes + behind, raw->size - behind, error) != WCL_OK)
        return WCL_FAILED;
    uint8_t *made = acl->aces.data + start;
    made[1] = flags;
    wcl_store_le16(made + 2, (uint16_t)size);
    wcl_store_le32(made + 4, concrete_mask(raw));
    acl->count++;
    return WCL_OK;
}

static wcl_status inherit_ace(new_acl *acl, const raw_ace *raw, bool is_folder,
                              const wcl_sd *folder, wcl_error *error)
{
    uint8_t flags = raw->bytes[1];
    uint8_t kept = flags & (uint8_t)~ALL_INHERITANCE;
    uint8_t passed_on = flags & (OBJECT_INHERIT | CONTAINER_INHERIT);
    bool works = flags & (is_folder ? CONTAINER_INHERIT : OBJECT_INHERIT);

    /* Files have no object type, so what is for one kind of object is not for them. */
    if (raw->ace.type && raw->ace.inherited_object_type)
        works = false;
    if (!is_folder || flags & NO_PROPAGATE)
        passed_on = 0;
    if (works && passed_on && is_concrete(raw))
        return append_as_it_is(acl, raw, kept | INHERITED | passed_on, error);
    if (works && append_concrete(acl, raw, kept | INHERITED, folder, error) != WCL_OK)
        return WCL_FAILED;
    if (passed_on)
        return append_as_it_is(acl, raw, kept | INHERITED | INHERIT_ONLY | passed_on, error);
    return WCL_OK;
}

/* ---- ACLs ----------------------------------------------------------------------------------- */

static wcl_status take_ace(wcl_cursor *cursor, raw_ace *raw, wcl_error *error)
{
    size_t start = cursor->position;
    uint8_t type;

    raw->ace = (wcl_ace) { 0 };
    if (wcl_ace_take(cursor, 0, &raw->ace, &type, error) != WCL_OK)
        return WCL_FAILED;
    raw->bytes = cursor->data + start;
    raw->size = cursor->position - start;
    return WCL_OK;
}

static wcl_status inherit_acl(new_acl *acl, const wcl_sd_part *parent, bool is_folder,
                              const wcl_sd *folder, wcl_error *error)
{
    if (!parent->data)
        return WCL_OK;
    wcl_cursor cursor = wcl_cursor_over(parent->data, parent->size);
    wcl_cursor_seek(&cursor, 4);
    uint16_t count = wcl_cursor_le16(&cursor);
    wcl_cursor_seek(&cursor, WCL_ACL_HEADER_SIZE);
    for (uint16_t i = 0; i < count; i++) {
        raw_ace raw;
        if (take_ace(&cursor, &raw, error) != WCL_OK ||
            inherit_ace(acl, &raw, is_folder, folder, error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

static wcl_status allow_all(new_acl *acl, const uint8_t *sid, size_t size, wcl_error *error)
{
    uint8_t header[8] = { ACE_ALLOWED };

    wcl_store_le16(header + 2, (uint16_t)(sizeof(header) + size));
    wcl_store_le32(header + 4, FILE_ALL);
    if (wcl_buffer_append(&acl->aces, header, sizeof(header), error) != WCL_OK)
        return WCL_FAILED;
    acl->count++;
    return wcl_buffer_append(&acl->aces, sid, size, error);
}

/* What a token's default DACL says. */
static wcl_status default_acl(new_acl *acl, const wcl_sd *folder, wcl_error *error)
{
    const wcl_sd_part *owner = &folder->owner;
    bool is_system = owner->size == sizeof(local_system) &&
                     memcmp(owner->data, local_system, sizeof(local_system)) == 0;

    if (owner->size && !is_system && allow_all(acl, owner->data, owner->size, error) != WCL_OK)
        return WCL_FAILED;
    return allow_all(acl, local_system, sizeof(local_system), error);
}

/* Puts the header in front. */
static wcl_status finish_acl(new_acl *acl, uint8_t revision, wcl_buffer *whole, wcl_sd_part *part,
                             wcl_error *error)
{
    uint8_t header[WCL_ACL_HEADER_SIZE] = { revision };
    size_t size = sizeof(header) + acl->aces.size;

    if (size > UINT16_MAX)
        return wcl_fail(error, WCL_CODE_BAD_ACL, "an ACL to inherit becomes too large");
    wcl_store_le16(header + 2, (uint16_t)size);
    wcl_store_le16(header + 4, acl->count);
    if (wcl_buffer_append(whole, header, sizeof(header), error) != WCL_OK ||
        wcl_buffer_append(whole, acl->aces.data, acl->aces.size, error) != WCL_OK)
        return WCL_FAILED;
    *part = (wcl_sd_part) { whole->data, whole->size };
    return WCL_OK;
}

static uint8_t revision_of(const wcl_sd_part *acl)
{
    return acl->data ? acl->data[0] : WCL_ACL_REVISION;
}

/* ---- The descriptor ------------------------------------------------------------------------- */

static wcl_status make_descriptor(const wcl_sd *folder, new_acl *dacl, new_acl *sacl,
                                  bool is_inherited, void **descriptor, size_t *size,
                                  wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer whole_dacl = WCL_BUFFER_INIT, whole_sacl = WCL_BUFFER_INIT;
    wcl_sd sd = { .control = WCL_SD_DACL_PRESENT, .owner = folder->owner, .group = folder->group };

    if (is_inherited)
        sd.control |= WCL_SD_DACL_AUTO_INHERITED;
    if (finish_acl(dacl, is_inherited ? revision_of(&folder->dacl) : WCL_ACL_REVISION, &whole_dacl,
                   &sd.dacl, error) != WCL_OK)
        return WCL_FAILED;
    if (sacl->count > 0) {
        sd.control |= WCL_SD_SACL_PRESENT | WCL_SD_SACL_AUTO_INHERITED;
        if (finish_acl(sacl, revision_of(&folder->sacl), &whole_sacl, &sd.sacl, error) != WCL_OK)
            return WCL_FAILED;
    }
    return wcl_sd_build(&sd, descriptor, size, error);
}

wcl_status wcl_sd_inherit(const void *folder, size_t folder_size, bool is_folder, void **descriptor,
                          size_t *size, wcl_error *error)
{
    new_acl dacl = { WCL_BUFFER_INIT, 0 }, sacl = { WCL_BUFFER_INIT, 0 };
    wcl_sd parent;

    if (wcl_sd_parse(folder, folder_size, &parent, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = inherit_acl(&dacl, &parent.dacl, is_folder, &parent, error);
    if (status == WCL_OK)
        status = inherit_acl(&sacl, &parent.sacl, is_folder, &parent, error);
    bool is_inherited = dacl.count > 0;
    if (status == WCL_OK && !is_inherited)
        status = default_acl(&dacl, &parent, error);
    if (status == WCL_OK)
        status = make_descriptor(&parent, &dacl, &sacl, is_inherited, descriptor, size, error);
    wcl_buffer_free(&dacl.aces);
    wcl_buffer_free(&sacl.aces);
    return status;
}
