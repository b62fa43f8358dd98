/* Targets of Windows links as POSIX paths. */
#include "layer/store/index/link_target.h"

#include <ctype.h>
#include <string.h>
#include <wcl/backupstream.h>

#include "base/error.h"

/* Folders between the mount's root and the link: the slashes behind "Files/". */
static size_t depth_in_mount(const char *path)
{
    size_t slashes = 0;

    for (const char *at = path; *at; at++)
        slashes += *at == '/';
    return slashes ? slashes - 1 : 0;
}

static wcl_status append_up(wcl_buffer *target, size_t levels, wcl_error *error)
{
    for (size_t i = 0; i < levels; i++)
        if (wcl_buffer_append_text(target, i ? "/.." : "..", error) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}

/* Appends components with slashes, a separator before each; what is empty becomes ".". */
static wcl_status append_components(wcl_buffer *target, const char *text, wcl_error *error)
{
    while (*text) {
        size_t length = strcspn(text, "\\/");
        if (length && !(length == 1 && *text == '.')) {
            if ((target->size && wcl_buffer_append_byte(target, '/', error) != WCL_OK) ||
                wcl_buffer_append(target, text, length, error) != WCL_OK)
                return WCL_FAILED;
        }
        text += length;
        text += strspn(text, "\\/");
    }
    return target->size ? WCL_OK : wcl_buffer_append_byte(target, '.', error);
}

static bool has_prefix(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

wcl_status wcl_link_target(const void *reparse, size_t size, const char *path, wcl_buffer *target,
                           wcl_error *error)
{
    wcl_reparse_link link = { .target = NULL };
    uint32_t tag;

    if (wcl_reparse_tag(reparse, size, &tag, error) != WCL_OK)
        return WCL_FAILED;
    if (tag != WCL_REPARSE_TAG_SYMLINK && tag != WCL_REPARSE_TAG_MOUNT_POINT)
        return WCL_END;
    if (wcl_reparse_decode_link(reparse, size, &link, error) != WCL_OK)
        return WCL_FAILED;
    WCL_CLEANUP_FREE char *owned = link.target;
    const char *text = owned;
    if (has_prefix(text, "\\\\?\\") || has_prefix(text, "\\??\\"))
        text += 4;
    if (isalpha((unsigned char)text[0]) && text[1] == ':') {
        if ((text[0] | 0x20) != 'c' || (text[2] && text[2] != '\\' && text[2] != '/'))
            return wcl_buffer_append_text(target, owned, error);
        if (append_up(target, depth_in_mount(path), error) != WCL_OK)
            return WCL_FAILED;
        return append_components(target, text + 2, error);
    }
    if (!*text)
        return WCL_END;
    if (text != owned || has_prefix(text, "\\\\"))
        return wcl_buffer_append_text(target, owned, error);
    /* A leading backslash means the root of the volume that the link is on. */
    if (*text == '\\' && append_up(target, depth_in_mount(path), error) != WCL_OK)
        return WCL_FAILED;
    return append_components(target, text, error);
}
