/* Extended attributes that Linux refuses. */
#include "layer/store/index/xattr_check.h"

#include <string.h>
#include <sys/stat.h>

#include "base/cursor.h"

/* ---- security.capability --------------------------------------------------------------------- */

#define CAPABILITY_REVISION_MASK 0xFF000000u
#define CAPABILITY_EFFECTIVE 0x000001u

/* By the sizes of struct vfs_cap_data's revisions. Linux honours the first, but does not let it be
 * read, without which overlayfs cannot copy the file. */
static bool is_capability(const void *value, size_t size)
{
    static const size_t sizes[] = { [2] = 20, [3] = 24 };

    if (size < 4)
        return false;
    uint32_t magic = wcl_load_le32(value);
    uint32_t revision = magic >> 24;
    return revision >= 2 && revision <= 3 && size == sizes[revision] &&
           (magic & ~CAPABILITY_REVISION_MASK & ~CAPABILITY_EFFECTIVE) == 0;
}

/* ---- POSIX ACLs ------------------------------------------------------------------------------ */

#define ACL_VERSION 2
#define ACL_USER_OBJ 0x01u
#define ACL_USER 0x02u
#define ACL_GROUP_OBJ 0x04u
#define ACL_GROUP 0x08u
#define ACL_MASK 0x10u
#define ACL_OTHER 0x20u

/* Whether an entry of kind `tag` may follow one of kind `last`. */
static bool may_follow(unsigned tag, unsigned last)
{
    bool is_many = tag == ACL_USER || tag == ACL_GROUP;

    return tag && (tag & (tag - 1)) == 0 && tag <= ACL_OTHER &&
           (tag > last || (is_many && tag == last));
}

/* The kernel wants owner, group and others, in order, and a mask where others are named. */
static bool is_acl(const void *value, size_t size)
{
    wcl_cursor cursor = wcl_cursor_over(value, size);
    unsigned seen = 0, last = 0;

    if (wcl_cursor_le32(&cursor) != ACL_VERSION || (size - 4) % 8 != 0)
        return false;
    while (wcl_cursor_left(&cursor)) {
        unsigned tag = wcl_cursor_le16(&cursor), rights = wcl_cursor_le16(&cursor);
        uint32_t id = wcl_cursor_le32(&cursor);
        bool is_named = tag == ACL_USER || tag == ACL_GROUP;
        if (!may_follow(tag, last) || rights > 7 || (is_named && id == UINT32_MAX))
            return false;
        last = tag;
        seen |= tag;
    }
    const unsigned needed = ACL_USER_OBJ | ACL_GROUP_OBJ | ACL_OTHER;
    return !cursor.failed && (seen & needed) == needed &&
           (!(seen & (ACL_USER | ACL_GROUP)) || (seen & ACL_MASK));
}

/* ---- All ------------------------------------------------------------------------------------- */

bool wcl_xattr_is_possible(const char *name, const void *value, size_t size, uint32_t type)
{
    if (strncmp(name, "user.", 5) == 0)
        return S_ISREG(type) || S_ISDIR(type);
    if (strcmp(name, "security.capability") == 0)
        return S_ISREG(type) && is_capability(value, size);
    if (strcmp(name, "system.posix_acl_access") == 0)
        return !S_ISLNK(type) && is_acl(value, size);
    if (strcmp(name, "system.posix_acl_default") == 0)
        return S_ISDIR(type) && is_acl(value, size);
    return true;
}
