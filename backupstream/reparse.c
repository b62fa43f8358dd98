/* Reparse points: REPARSE_DATA_BUFFER, and the links among them. */
#include <string.h>

#include <wcl/backupstream.h>

#include "base/buffer.h"
#include "base/cursor.h"
#include "base/error.h"
#include "base/options.h"
#include "base/utf16.h"

#define REPARSE_HEADER_SIZE 8
#define REPARSE_DATA_MAX 16384
#define REPARSE_TAG_MICROSOFT 0x80000000u /* its absence says that a GUID follows the header */
#define SYMLINK_FLAG_RELATIVE 1u
/* substitute_offset, substitute_length, print_offset, print_length */
#define LINK_FIELDS_SIZE 8

wcl_status wcl_reparse_tag(const void *data, size_t size, uint32_t *tag, wcl_error *error)
{
    wcl_cursor cursor = wcl_cursor_over(data, size);
    uint32_t found = wcl_cursor_le32(&cursor);
    uint16_t length = wcl_cursor_le16(&cursor);
    wcl_cursor_le16(&cursor);
    size_t guid_size = found & REPARSE_TAG_MICROSOFT ? 0 : sizeof(wcl_guid);

    wcl_cursor_take(&cursor, guid_size);
    if (cursor.failed)
        return wcl_fail(error, WCL_CODE_BAD_REPARSE_DATA,
                        "a reparse point of %zu bytes is too short for its header", size);
    if (length != wcl_cursor_left(&cursor) || length > REPARSE_DATA_MAX)
        return wcl_fail(error, WCL_CODE_BAD_REPARSE_DATA,
                        "a reparse point with the tag 0x%08X claims %u bytes of data and has %zu",
                        found, length, wcl_cursor_left(&cursor));
    *tag = found;
    return WCL_OK;
}

/* Appends the name at `offset` of the names as WTF-8. */
static wcl_status reparse_take_name(wcl_cursor names, uint16_t offset, uint16_t length,
                                    const char *which, wcl_buffer *name, wcl_error *error)
{
    wcl_cursor_seek(&names, offset);
    const uint8_t *units = wcl_cursor_take(&names, length);

    if (!units)
        return wcl_fail(error, WCL_CODE_BAD_REPARSE_DATA,
                        "the %s name of a link lies past the end of its reparse point", which);
    if (length % 2)
        return wcl_fail(error, WCL_CODE_BAD_REPARSE_DATA,
                        "the %s name of a link has an odd length of %u bytes", which, length);
    if (wcl_utf16_to_wtf8(units, length, name, error) != WCL_OK)
        return WCL_FAILED;
    if (strlen(wcl_buffer_text(name)) != name->size)
        return wcl_fail(error, WCL_CODE_BAD_REPARSE_DATA, "the %s name of a link has a NUL in it",
                        which);
    return WCL_OK;
}

static bool has_drive_letter(const char *path)
{
    char letter = (char)(path[0] | 0x20);
    return letter >= 'a' && letter <= 'z' && path[1] == ':';
}

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Spells an NT path as a person would. */
static wcl_status append_readable(wcl_buffer *out, const char *substitute, wcl_error *error)
{
    const char *prefix = "";

    if (starts_with(substitute, "\\??\\UNC\\")) {
        prefix = "\\\\";
        substitute += 8;
    } else if (starts_with(substitute, "\\??\\")) {
        substitute += 4;
        prefix = has_drive_letter(substitute) ? "" : "\\\\?\\";
    }
    if (wcl_buffer_append_text(out, prefix, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_buffer_append_text(out, substitute, error);
}

static wcl_status decode_target(wcl_cursor *cursor, bool is_symlink, uint32_t *flags,
                                wcl_buffer *target, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer substitute = WCL_BUFFER_INIT;
    uint16_t substitute_offset = wcl_cursor_le16(cursor);
    uint16_t substitute_length = wcl_cursor_le16(cursor);
    uint16_t print_offset = wcl_cursor_le16(cursor);
    uint16_t print_length = wcl_cursor_le16(cursor);

    *flags = is_symlink ? wcl_cursor_le32(cursor) : 0;
    if (cursor->failed)
        return wcl_fail(error, WCL_CODE_BAD_REPARSE_DATA,
                        "a link's reparse point is too short for its fields");
    wcl_cursor names = wcl_cursor_sub(cursor, wcl_cursor_left(cursor));
    if (reparse_take_name(names, substitute_offset, substitute_length, "substitute", &substitute,
                          error) != WCL_OK ||
        reparse_take_name(names, print_offset, print_length, "print", target, error) != WCL_OK)
        return WCL_FAILED;
    if (target->size == 0 && append_readable(target, wcl_buffer_text(&substitute), error) != WCL_OK)
        return WCL_FAILED;
    if (target->size == 0)
        return wcl_fail(error, WCL_CODE_BAD_REPARSE_DATA, "a link's reparse point has no target");
    return WCL_OK;
}

wcl_status wcl_reparse_decode_link(const void *data, size_t size, wcl_reparse_link *link,
                                   wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer target = WCL_BUFFER_INIT;
    wcl_cursor cursor = wcl_cursor_over(data, size);
    uint32_t tag = 0, flags = 0;

    link->target = NULL;
    if (wcl_reparse_tag(data, size, &tag, error) != WCL_OK)
        return WCL_FAILED;
    if (tag != WCL_REPARSE_TAG_SYMLINK && tag != WCL_REPARSE_TAG_MOUNT_POINT)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "a reparse point with the tag 0x%08X is not a link", tag);
    wcl_cursor_seek(&cursor, REPARSE_HEADER_SIZE);
    if (decode_target(&cursor, tag == WCL_REPARSE_TAG_SYMLINK, &flags, &target, error) != WCL_OK)
        return WCL_FAILED;
    char *text = wcl_buffer_detach(&target, NULL, error);
    if (!text)
        return WCL_FAILED;
    link->is_mount_point = tag == WCL_REPARSE_TAG_MOUNT_POINT;
    link->is_relative = flags & SYMLINK_FLAG_RELATIVE;
    link->target = text;
    return WCL_OK;
}

/* The NT path of a target; whether it is relative. */
static wcl_status make_substitute(const char *target, wcl_buffer *substitute, bool *is_relative,
                                  wcl_error *error)
{
    const char *prefix = "";

    *is_relative = false;
    if (starts_with(target, "\\\\?\\")) {
        prefix = "\\??\\";
        target += 4;
    } else if (starts_with(target, "\\\\")) {
        prefix = "\\??\\UNC\\";
        target += 2;
    } else if (has_drive_letter(target)) {
        prefix = "\\??\\";
    } else {
        *is_relative = true;
    }
    if (wcl_buffer_append_text(substitute, prefix, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_buffer_append_text(substitute, target, error);
}

static wcl_status append_name(wcl_buffer *names, const char *name, size_t name_size, size_t *length,
                              wcl_error *error)
{
    size_t start = names->size;

    if (wcl_wtf8_to_utf16(name, name_size, names, error) != WCL_OK)
        return WCL_FAILED;
    *length = names->size - start;
    return wcl_buffer_append_le16(names, 0, error);
}

static wcl_status append_link(wcl_buffer *out, uint32_t tag, const wcl_buffer *names,
                              size_t substitute_length, size_t print_length, uint32_t flags,
                              wcl_error *error)
{
    bool is_symlink = tag == WCL_REPARSE_TAG_SYMLINK;
    size_t length = LINK_FIELDS_SIZE + (is_symlink ? 4 : 0) + names->size;

    if (length > REPARSE_DATA_MAX)
        return wcl_fail(error, WCL_CODE_NAME_TOO_LONG,
                        "a link's target makes a reparse point of %zu bytes, more than %d", length,
                        REPARSE_DATA_MAX);
    if (wcl_buffer_append_le32(out, tag, error) != WCL_OK ||
        wcl_buffer_append_le16(out, (uint16_t)length, error) != WCL_OK ||
        wcl_buffer_append_le16(out, 0, error) != WCL_OK ||
        wcl_buffer_append_le16(out, 0, error) != WCL_OK ||
        wcl_buffer_append_le16(out, (uint16_t)substitute_length, error) != WCL_OK ||
        wcl_buffer_append_le16(out, (uint16_t)(substitute_length + 2), error) != WCL_OK ||
        wcl_buffer_append_le16(out, (uint16_t)print_length, error) != WCL_OK ||
        (is_symlink && wcl_buffer_append_le32(out, flags, error) != WCL_OK))
        return WCL_FAILED;
    return wcl_buffer_append(out, names->data, names->size, error);
}

wcl_status wcl_reparse_encode_link(const char *target, bool is_mount_point, void **data,
                                   size_t *size, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer substitute = WCL_BUFFER_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer names = WCL_BUFFER_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer built = WCL_BUFFER_INIT;
    uint32_t tag = is_mount_point ? WCL_REPARSE_TAG_MOUNT_POINT : WCL_REPARSE_TAG_SYMLINK;
    size_t substitute_length, print_length;
    bool is_relative;

    *data = NULL;
    *size = 0;
    if (!*wcl_text(target))
        return wcl_fail(error, WCL_CODE_INVALID_NAME, "a link has no target");
    if (make_substitute(target, &substitute, &is_relative, error) != WCL_OK ||
        append_name(&names, wcl_buffer_text(&substitute), substitute.size, &substitute_length,
                    error) != WCL_OK ||
        append_name(&names, target, strlen(target), &print_length, error) != WCL_OK ||
        append_link(&built, tag, &names, substitute_length, print_length,
                    is_relative ? SYMLINK_FLAG_RELATIVE : 0, error) != WCL_OK)
        return WCL_FAILED;
    void *bytes = wcl_buffer_detach(&built, size, error);
    if (!bytes)
        return WCL_FAILED;
    *data = bytes;
    return WCL_OK;
}
