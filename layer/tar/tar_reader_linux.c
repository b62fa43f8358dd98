/* Entries of a Linux layer's tar. */
#include "layer/tar/tar_reader.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/list.h"
#include "layer/tar/xattr_record.h"

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

static wcl_xattr *new_xattr(wcl_tar_reader *reader, size_t count, wcl_error *error)
{
    if (WCL_LIST_RESERVE(reader->xattrs, count, reader->xattr_capacity, error) != WCL_OK)
        return NULL;
    return &reader->xattrs[count];
}

/* Puts name and value behind the texts, where the attribute will find them once all are there. */
static wcl_status add_xattr(wcl_tar_reader *reader, const wcl_pax_record *record,
                            const char *prefix, size_t count, wcl_error *error)
{
    wcl_buffer *texts = &reader->xattr_texts;
    wcl_xattr *xattr = new_xattr(reader, count, error);

    if (!xattr || wcl_xattr_record_name(record, prefix, texts, error) != WCL_OK)
        return WCL_FAILED;
    size_t start = texts->size;
    wcl_status status = wcl_xattr_record_value(record, prefix, texts, error);
    xattr->size = texts->size - start;
    return status;
}

static wcl_status set_xattrs(wcl_tar_reader *reader, wcl_entry *entry, wcl_error *error)
{
    const wcl_pax_records *records = reader->tar_entry->records;
    const char *prefix = wcl_xattr_records_prefix(records);
    size_t count = 0;

    wcl_buffer_clear(&reader->xattr_texts);
    for (size_t i = 0; prefix && i < records->count; i++)
        if (wcl_xattr_record_is(&records->items[i], prefix) &&
            add_xattr(reader, &records->items[i], prefix, count++, error) != WCL_OK)
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
