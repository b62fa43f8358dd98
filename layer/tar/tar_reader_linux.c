/* Entries of a Linux layer's tar. */
#include "layer/tar/tar_reader.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/base64.h"
#include "base/error.h"

/* How xattrs are named in pax records: star's form, which most use, and libarchive's. */
#define SCHILY_XATTR_PREFIX "SCHILY.xattr."
#define LIBARCHIVE_XATTR_PREFIX "LIBARCHIVE.xattr."

static wcl_status set_kind(const wcl_tar_reader *reader, wcl_entry *entry, wcl_error *error)
{
    const wcl_tar_entry *tar = reader->tar_entry;

    switch (tar->type) {
    case WCL_TAR_DIRECTORY:
        entry->kind = WCL_ENTRY_DIRECTORY;
        break;
    case WCL_TAR_FILE:
        entry->kind = WCL_ENTRY_FILE;
        break;
    case WCL_TAR_SYMLINK:
        entry->kind = WCL_ENTRY_SYMLINK;
        break;
    case WCL_TAR_CHARACTER_DEVICE:
        entry->kind = WCL_ENTRY_CHARACTER_DEVICE;
        break;
    case WCL_TAR_BLOCK_DEVICE:
        entry->kind = WCL_ENTRY_BLOCK_DEVICE;
        break;
    case WCL_TAR_FIFO:
        entry->kind = WCL_ENTRY_FIFO;
        break;
    default:
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED, "the entry is of an unknown kind");
    }
    return WCL_OK;
}

static wcl_status set_owner(const wcl_tar_entry *tar, wcl_entry *entry, wcl_error *error)
{
    if (tar->uid > UINT32_MAX || tar->gid > UINT32_MAX)
        return wcl_fail(error, WCL_CODE_INVALID_DATA,
                        "the owner %" PRIu64 ":%" PRIu64 " is more than 32 bits can hold", tar->uid,
                        tar->gid);
    if (tar->device_major > UINT32_MAX || tar->device_minor > UINT32_MAX)
        return wcl_fail(error, WCL_CODE_INVALID_DATA,
                        "the device number %" PRIu64 ":%" PRIu64 " is more than 32 bits can hold",
                        tar->device_major, tar->device_minor);
    entry->has_posix = true;
    entry->mode = tar->mode;
    entry->uid = (uint32_t)tar->uid;
    entry->gid = (uint32_t)tar->gid;
    entry->device_major = (uint32_t)tar->device_major;
    entry->device_minor = (uint32_t)tar->device_minor;
    entry->modified = tar->modified;
    return WCL_OK;
}

static void set_info(const wcl_tar_entry *tar, wcl_basic_info *info)
{
    info->last_write_time = wcl_filetime_from_timespec(tar->modified);
    info->creation_time = info->last_write_time;
    info->last_access_time =
        wcl_filetime_from_timespec(tar->has_accessed ? tar->accessed : tar->modified);
    info->change_time = wcl_filetime_from_timespec(tar->has_changed ? tar->changed : tar->modified);
    info->attributes = tar->type == WCL_TAR_DIRECTORY ? WCL_ATTRIBUTE_DIRECTORY : 0;
}

/* The byte that two hexadecimal digits behind a percent sign stand for, or -1. */
static int escaped_byte(const char *text, const char *end)
{
    int value = 0;

    if (end - text < 3 || text[0] != '%')
        return -1;
    for (int i = 1; i < 3; i++) {
        char digit = text[i] >= 'a' ? (char)(text[i] - 'a' + 'A') : text[i];
        if (!((digit >= '0' && digit <= '9') || (digit >= 'A' && digit <= 'F')))
            return -1;
        value = value * 16 + (digit <= '9' ? digit - '0' : digit - 'A' + 10);
    }
    return value > 0 ? value : -1;
}

/* Appends a name in libarchive's form, where a percent sign escapes. */
static wcl_status append_escaped(wcl_buffer *out, const char *name, size_t size, wcl_error *error)
{
    const char *end = name + size;

    while (name < end) {
        int byte = escaped_byte(name, end);
        if (wcl_buffer_append_byte(out, byte < 0 ? (uint8_t)*name : (uint8_t)byte, error) != WCL_OK)
            return WCL_FAILED;
        name += byte < 0 ? 1 : 3;
    }
    return WCL_OK;
}

/* Appends a value in libarchive's form: base64, of which it leaves the padding out. */
static wcl_status append_base64(wcl_buffer *out, const char *value, size_t size, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer padded = WCL_BUFFER_INIT;

    if (wcl_buffer_append(&padded, value, size, error) != WCL_OK)
        return WCL_FAILED;
    while (padded.size % 4)
        if (wcl_buffer_append_byte(&padded, '=', error) != WCL_OK)
            return WCL_FAILED;
    return wcl_base64_decode(wcl_buffer_text(&padded), padded.size, out, error);
}

static wcl_xattr *new_xattr(wcl_tar_reader *reader, size_t count, wcl_error *error)
{
    if (count == reader->xattr_capacity) {
        size_t capacity = reader->xattr_capacity ? reader->xattr_capacity * 2 : 8;
        wcl_xattr *xattrs = reallocarray(reader->xattrs, capacity, sizeof(*xattrs));
        if (!xattrs) {
            wcl_fail_memory(error);
            return NULL;
        }
        reader->xattrs = xattrs;
        reader->xattr_capacity = capacity;
    }
    return &reader->xattrs[count];
}

/* Puts name and value behind the texts, where the attribute will find them once all are there. */
static wcl_status add_xattr(wcl_tar_reader *reader, const wcl_pax_record *record, bool is_escaped,
                            size_t count, wcl_error *error)
{
    wcl_buffer *texts = &reader->xattr_texts;
    size_t prefix = strlen(is_escaped ? LIBARCHIVE_XATTR_PREFIX : SCHILY_XATTR_PREFIX);
    const char *name = record->key + prefix;
    size_t name_size = record->key_size - prefix;
    wcl_xattr *xattr = new_xattr(reader, count, error);
    wcl_status status;

    if (!xattr)
        return WCL_FAILED;
    if (name_size == 0)
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "an extended attribute has no name");
    status = is_escaped ? append_escaped(texts, name, name_size, error)
                        : wcl_buffer_append(texts, name, name_size, error);
    if (status != WCL_OK || wcl_buffer_append_byte(texts, '\0', error) != WCL_OK)
        return WCL_FAILED;
    size_t start = texts->size;
    status = is_escaped ? append_base64(texts, record->value, record->value_size, error)
                        : wcl_buffer_append(texts, record->value, record->value_size, error);
    xattr->size = texts->size - start;
    return status;
}

static wcl_status add_xattrs(wcl_tar_reader *reader, bool is_escaped, size_t *count,
                             wcl_error *error)
{
    const wcl_pax_records *records = reader->tar_entry->records;
    const char *prefix = is_escaped ? LIBARCHIVE_XATTR_PREFIX : SCHILY_XATTR_PREFIX;

    for (size_t i = 0; i < records->count; i++) {
        const wcl_pax_record *record = &records->items[i];
        if (!record->is_global && wcl_pax_has_prefix(record, prefix) &&
            add_xattr(reader, record, is_escaped, (*count)++, error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

/* libarchive writes each attribute in both forms, so its own is looked at only where it stands
 * alone. */
static wcl_status set_xattrs(wcl_tar_reader *reader, wcl_entry *entry, wcl_error *error)
{
    size_t count = 0;

    wcl_buffer_clear(&reader->xattr_texts);
    if (add_xattrs(reader, false, &count, error) != WCL_OK)
        return WCL_FAILED;
    if (count == 0 && add_xattrs(reader, true, &count, error) != WCL_OK)
        return WCL_FAILED;
    const char *at = wcl_buffer_text(&reader->xattr_texts);
    for (size_t i = 0; i < count; i++) {
        reader->xattrs[i].name = at;
        reader->xattrs[i].value = at + strlen(at) + 1;
        at += strlen(at) + 1 + reader->xattrs[i].size;
    }
    entry->xattrs = reader->xattrs;
    entry->xattr_count = count;
    return WCL_OK;
}

static wcl_status set_target(wcl_tar_reader *reader, wcl_entry *entry, wcl_error *error)
{
    const wcl_tar_entry *tar = reader->tar_entry;

    if (entry->kind != WCL_ENTRY_SYMLINK)
        return WCL_OK;
    if (memchr(tar->link, '\0', tar->link_size) || tar->link_size == 0)
        return wcl_fail(error, WCL_CODE_INVALID_NAME,
                        "the target of the symbolic link is empty or has a NUL in it");
    wcl_buffer_clear(&reader->target);
    if (wcl_buffer_append(&reader->target, tar->link, tar->link_size, error) != WCL_OK)
        return WCL_FAILED;
    entry->target = wcl_buffer_text(&reader->target);
    return WCL_OK;
}

wcl_status wcl_tar_reader_describe_linux(wcl_tar_reader *reader, wcl_entry *entry, wcl_error *error)
{
    const wcl_tar_entry *tar = reader->tar_entry;

    set_info(tar, &entry->info);
    if (set_owner(tar, entry, error) != WCL_OK || set_xattrs(reader, entry, error) != WCL_OK)
        return WCL_FAILED;
    if (entry->kind == WCL_ENTRY_HARD_LINK)
        return WCL_OK;
    if (set_kind(reader, entry, error) != WCL_OK || set_target(reader, entry, error) != WCL_OK)
        return WCL_FAILED;
    wcl_win_metadata_clear(&reader->metadata);
    return wcl_tar_reader_make_streams(reader, entry, error);
}
