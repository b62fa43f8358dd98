/* The part of a record that only Linux layers need. */
#include "layer/dir/posix.h"

#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/cursor.h"
#include "base/error.h"

#define PERMISSIONS 07777u

static wcl_status append_sized(wcl_buffer *out, const void *data, size_t size, wcl_error *error)
{
    if (size > UINT32_MAX)
        return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE, "an extended attribute is too large");
    if (wcl_buffer_append_le32(out, (uint32_t)size, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_buffer_append(out, data, size, error);
}

wcl_status wcl_posix_pack(const wcl_entry *entry, wcl_file_record *record, wcl_error *error)
{
    wcl_buffer *out = &record->fields[WCL_FILE_RECORD_POSIX];

    if (!entry->has_posix)
        return WCL_OK;
    record->has[WCL_FILE_RECORD_POSIX] = true;
    const uint32_t numbers[] = { entry->mode, entry->uid, entry->gid, entry->device_major,
                                 entry->device_minor };
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        if (wcl_buffer_append_le32(out, numbers[i], error) != WCL_OK)
            return WCL_FAILED;
    if (wcl_buffer_append_le64(out, (uint64_t)entry->modified.tv_sec, error) != WCL_OK ||
        wcl_buffer_append_le32(out, (uint32_t)entry->modified.tv_nsec, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i < entry->xattr_count; i++) {
        const wcl_xattr *xattr = &entry->xattrs[i];
        if (append_sized(out, xattr->name, strlen(xattr->name), error) != WCL_OK ||
            append_sized(out, xattr->value, xattr->size, error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

/* Reads one attribute; its name, with a NUL, goes to `storage`, which has room for it. */
static wcl_status unpack_xattr(wcl_cursor *cursor, wcl_buffer *storage, wcl_xattr *xattr,
                               wcl_error *error)
{
    uint32_t name_size = wcl_cursor_le32(cursor);
    const uint8_t *text = wcl_cursor_take(cursor, name_size);
    uint32_t value_size = wcl_cursor_le32(cursor);
    const uint8_t *value = wcl_cursor_take(cursor, value_size);

    if (cursor->failed || memchr(text, 0, name_size))
        return wcl_fail(error, WCL_CODE_INVALID_DATA,
                        "the recorded extended attributes are damaged");
    *xattr = (wcl_xattr) { (const char *)storage->data + storage->size, value, value_size };
    if (wcl_buffer_append(storage, text, name_size, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_buffer_append_byte(storage, 0, error);
}

static wcl_status unpack_xattrs(wcl_cursor *cursor, wcl_entry *entry, wcl_buffer *storage,
                                wcl_xattr **xattrs, wcl_error *error)
{
    size_t size = wcl_cursor_left(cursor), count = 0;
    wcl_xattr *list = reallocarray(*xattrs, size / 8 + 1, sizeof(*list));

    if (!list)
        return wcl_fail_memory(error);
    *xattrs = list;
    wcl_buffer_clear(storage);
    if (wcl_buffer_reserve(storage, size, error) != WCL_OK)
        return WCL_FAILED;
    for (; wcl_cursor_left(cursor) > 0; count++)
        if (unpack_xattr(cursor, storage, &list[count], error) != WCL_OK)
            return WCL_FAILED;
    entry->xattrs = list;
    entry->xattr_count = count;
    return WCL_OK;
}

wcl_status wcl_posix_unpack(const wcl_file_record *record, wcl_entry *entry, wcl_buffer *storage,
                            wcl_xattr **xattrs, wcl_error *error)
{
    const wcl_buffer *bytes = &record->fields[WCL_FILE_RECORD_POSIX];
    wcl_cursor cursor = wcl_cursor_over(bytes->data, bytes->size);

    entry->has_posix = true;
    entry->mode = wcl_cursor_le32(&cursor);
    entry->uid = wcl_cursor_le32(&cursor);
    entry->gid = wcl_cursor_le32(&cursor);
    entry->device_major = wcl_cursor_le32(&cursor);
    entry->device_minor = wcl_cursor_le32(&cursor);
    entry->modified.tv_sec = (int64_t)wcl_cursor_le64(&cursor);
    entry->modified.tv_nsec = (long)wcl_cursor_le32(&cursor);
    if (cursor.failed)
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "the recorded owner and mode are damaged");
    return unpack_xattrs(&cursor, entry, storage, xattrs, error);
}

void wcl_posix_from_stat(const struct stat *status, wcl_entry *entry)
{
    entry->has_posix = true;
    entry->mode = status->st_mode & PERMISSIONS;
    entry->uid = status->st_uid;
    entry->gid = status->st_gid;
    entry->device_major = major(status->st_rdev);
    entry->device_minor = minor(status->st_rdev);
    entry->modified = status->st_mtim;
}
