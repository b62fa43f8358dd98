/* Entries: copies of them, and their kinds. */
#include "layer/entry/entry.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cursor.h"
#include "base/error.h"

static wcl_status copy_xattrs(const wcl_entry *entry, wcl_entry *copy, wcl_error *error)
{
    wcl_xattr *list = calloc(entry->xattr_count, sizeof(*list));

    copy->xattrs = list;
    if (!list)
        return wcl_fail_memory(error);
    for (size_t i = 0; i < entry->xattr_count; i++) {
        const wcl_xattr *from = &entry->xattrs[i];
        void *value = malloc(from->size + 1);
        list[i] = (wcl_xattr) { strdup(from->name), value, from->size };
        copy->xattr_count++;
        if (!list[i].name || !value)
            return wcl_fail_memory(error);
        if (from->size)
            memcpy(value, from->value, from->size);
    }
    return WCL_OK;
}

wcl_status wcl_entry_copy(const wcl_entry *entry, wcl_entry *copy, wcl_error *error)
{
    *copy = *entry;
    copy->xattrs = NULL;
    copy->xattr_count = 0;
    copy->path = strdup(entry->path);
    copy->target = entry->target ? strdup(entry->target) : NULL;
    if (!copy->path || (entry->target && !copy->target))
        return wcl_fail_memory(error);
    return entry->xattr_count ? copy_xattrs(entry, copy, error) : WCL_OK;
}

void wcl_entry_copy_free(wcl_entry *copy)
{
    free((char *)copy->path);
    free((char *)copy->target);
    for (size_t i = 0; i < copy->xattr_count; i++) {
        free((char *)copy->xattrs[i].name);
        free((void *)copy->xattrs[i].value);
    }
    free((void *)copy->xattrs);
    *copy = (wcl_entry)WCL_ENTRY_INIT;
}

bool wcl_entry_describes_file(const wcl_entry *link)
{
    const wcl_basic_info *info = &link->info;

    return link->has_posix || info->attributes || info->creation_time || info->last_access_time ||
           info->last_write_time || info->change_time;
}

wcl_entry_kind wcl_entry_kind_of_mode(uint32_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFREG:
        return WCL_ENTRY_FILE;
    case S_IFDIR:
        return WCL_ENTRY_DIRECTORY;
    case S_IFLNK:
        return WCL_ENTRY_SYMLINK;
    case S_IFCHR:
        return WCL_ENTRY_CHARACTER_DEVICE;
    case S_IFBLK:
        return WCL_ENTRY_BLOCK_DEVICE;
    case S_IFIFO:
        return WCL_ENTRY_FIFO;
    default:
        return 0;
    }
}

void wcl_basic_info_store(const wcl_basic_info *info, uint8_t bytes[WCL_BASIC_INFO_SIZE])
{
    wcl_store_le64(bytes, (uint64_t)info->creation_time);
    wcl_store_le64(bytes + 8, (uint64_t)info->last_access_time);
    wcl_store_le64(bytes + 16, (uint64_t)info->last_write_time);
    wcl_store_le64(bytes + 24, (uint64_t)info->change_time);
    wcl_store_le32(bytes + 32, info->attributes);
    wcl_store_le32(bytes + 36, 0);
}

bool wcl_basic_info_load(const void *data, size_t size, wcl_basic_info *info)
{
    wcl_cursor cursor = wcl_cursor_over(data, size);

    if (size != WCL_BASIC_INFO_SIZE)
        return false;
    info->creation_time = (wcl_filetime)wcl_cursor_le64(&cursor);
    info->last_access_time = (wcl_filetime)wcl_cursor_le64(&cursor);
    info->last_write_time = (wcl_filetime)wcl_cursor_le64(&cursor);
    info->change_time = (wcl_filetime)wcl_cursor_le64(&cursor);
    info->attributes = wcl_cursor_le32(&cursor);
    return true;
}

void wcl_basic_info_set_times(wcl_basic_info *info, struct timespec time)
{
    wcl_filetime filetime = wcl_filetime_from_timespec(time);

    info->creation_time = info->last_access_time = filetime;
    info->last_write_time = info->change_time = filetime;
}
