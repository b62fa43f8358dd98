/*
 * What changed in a sandbox of a Windows layer. A file from below brought its metadata along when
 * it was copied up; a new one gets what Windows would have given it.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wcl/backupstream.h>

#include "backupstream/internal.h"
#include "base/cursor.h"
#include "base/error.h"
#include "layer/entry/entry.h"
#include "layer/store/index/index.h"
#include "layer/store/sandbox/sandbox_read.h"
#include "layer/store/sandbox/windows_link.h"
#include "layer/entry/windows_names.h"

/* Where the entry at hand is found, and what is known of it. */
typedef struct subject {
    wcl_sandbox_reader *reader;
    int folder;
    const char *name;
    wcl_entry *entry;
    bool is_new;     /* not from below */
    bool is_changed; /* from below, and written to since */
} subject;

/* ---- Basic information ---------------------------------------------------------------------- */

static wcl_filetime filetime_of(struct statx_timestamp time)
{
    return wcl_filetime_from_timespec(
        (struct timespec) { .tv_sec = (time_t)time.tv_sec, .tv_nsec = (long)time.tv_nsec });
}

static void new_info(const subject *subject, wcl_basic_info *info)
{
    const struct stat *file = &subject->reader->file.info;
    struct statx times;

    info->last_write_time = wcl_filetime_from_timespec(file->st_mtim);
    info->last_access_time = wcl_filetime_from_timespec(file->st_atim);
    info->change_time = wcl_filetime_from_timespec(file->st_ctim);
    info->creation_time = info->last_write_time;
    if (statx(subject->folder, subject->name, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, STATX_BTIME,
              &times) == 0 &&
        times.stx_mask & STATX_BTIME)
        info->creation_time = filetime_of(times.stx_btime);
    info->attributes = S_ISDIR(file->st_mode)   ? WCL_ATTRIBUTE_DIRECTORY
                       : S_ISLNK(file->st_mode) ? 0
                                                : WCL_ATTRIBUTE_ARCHIVE;
}

/* What was written to since has a newer time than its information says. */
static void update_info(subject *subject, wcl_basic_info *info)
{
    const struct stat *file = &subject->reader->file.info;
    wcl_filetime written = wcl_filetime_from_timespec(file->st_mtim);

    subject->is_changed = written != info->last_write_time;
    if (!subject->is_changed)
        return;
    info->last_write_time = written;
    info->change_time = wcl_filetime_from_timespec(file->st_ctim);
    if (!S_ISDIR(file->st_mode))
        info->attributes |= WCL_ATTRIBUTE_ARCHIVE;
    info->attributes &= ~WCL_ATTRIBUTE_NORMAL;
}

static wcl_status take_info(subject *subject, wcl_error *error)
{
    wcl_sandbox_reader *reader = subject->reader;
    wcl_basic_info *info = &subject->entry->info;
    wcl_buffer *value = &reader->value;

    wcl_status status =
        wcl_upper_xattr(subject->folder, subject->name, WCL_XATTR_BASIC, value, error);
    if (status == WCL_FAILED)
        return WCL_FAILED;
    subject->is_new = status == WCL_END || !wcl_basic_info_load(value->data, value->size, info);
    if (subject->is_new)
        new_info(subject, info);
    else
        update_info(subject, info);
    status = wcl_upper_xattr(subject->folder, subject->name, WCL_XATTR_IMPLICIT, value, error);
    if (status == WCL_OK && subject->is_new) {
        subject->entry->flags |= WCL_ENTRY_IMPLICIT;
        subject->is_new = false;
    }
    return status == WCL_FAILED ? WCL_FAILED : WCL_OK;
}

/* ---- Metadata ------------------------------------------------------------------------------- */

static wcl_status inherit(const subject *subject, const wcl_buffer *inherited, wcl_error *error)
{
    wcl_sandbox_reader *reader = subject->reader;
    wcl_error why = WCL_ERROR_INIT;
    void *descriptor;
    size_t size;

    if (inherited->size == 0)
        return WCL_OK;
    if (wcl_sd_inherit(inherited->data, inherited->size, S_ISDIR(reader->file.info.st_mode),
                       &descriptor, &size, &why) != WCL_OK) {
        wcl_store_log(&reader->store, WCL_LOG_WARNING, "'%s' gets no security descriptor: %s",
                      wcl_buffer_text(&reader->path), why.message);
        return WCL_OK;
    }
    wcl_status status = wcl_buffer_append(&reader->descriptor, descriptor, size, error);
    wcl_free(descriptor);
    return status;
}

/* The descriptor that the file has or inherits, kept in the reader for what is in a folder. */
static wcl_status take_descriptor(const subject *subject, const wcl_buffer *inherited,
                                  wcl_error *error)
{
    wcl_sandbox_reader *reader = subject->reader;

    wcl_buffer_clear(&reader->descriptor);
    wcl_status status =
        wcl_upper_xattr(subject->folder, subject->name, WCL_XATTR_SD, &reader->descriptor, error);
    if (status == WCL_END && subject->is_new)
        status = inherit(subject, inherited, error);
    if (status == WCL_FAILED)
        return WCL_FAILED;
    return wcl_pieces_add_metadata(&reader->pieces, WCL_BACKUP_SECURITY_DATA,
                                   reader->descriptor.data, reader->descriptor.size, error);
}

static wcl_status take_metadata(const subject *subject, uint32_t id, const char *xattr,
                                wcl_error *error)
{
    wcl_buffer *value = &subject->reader->value;
    wcl_status status = wcl_upper_xattr(subject->folder, subject->name, xattr, value, error);

    if (status != WCL_OK)
        return status == WCL_END ? WCL_OK : WCL_FAILED;
    return wcl_pieces_add_metadata(&subject->reader->pieces, id, value->data, value->size, error);
}

/* A link that was made in the sandbox. */
static wcl_status make_reparse(const subject *subject, wcl_error *error)
{
    wcl_sandbox_reader *reader = subject->reader;
    char target[PATH_MAX];
    bool is_folder;
    void *data;
    size_t size;

    ssize_t length = readlinkat(subject->folder, subject->name, target, sizeof(target) - 1);
    if (length < 0)
        return wcl_fail_errno(error, errno, "cannot read the symbolic link");
    target[length] = '\0';
    if (wcl_windows_link(target, &data, &size, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status =
        wcl_pieces_add_metadata(&reader->pieces, WCL_BACKUP_REPARSE_DATA, data, size, error);
    wcl_free(data);
    if (status != WCL_OK || wcl_windows_link_is_folder(reader, target, &is_folder, error) != WCL_OK)
        return WCL_FAILED;
    if (is_folder)
        subject->entry->info.attributes |= WCL_ATTRIBUTE_DIRECTORY;
    return WCL_OK;
}

/* Writing to a file that was a reparse point of a kind other than a link makes it a plain one. */
static wcl_status take_reparse(const subject *subject, wcl_error *error)
{
    wcl_buffer *value = &subject->reader->value;
    bool is_link = S_ISLNK(subject->reader->file.info.st_mode);
    uint32_t *attributes = &subject->entry->info.attributes;

    *attributes &= ~WCL_ATTRIBUTE_REPARSE_POINT;
    if (!is_link && S_ISREG(subject->reader->file.info.st_mode) && subject->is_changed)
        return WCL_OK;
    wcl_status status =
        wcl_upper_xattr(subject->folder, subject->name, WCL_XATTR_REPARSE, value, error);
    if (status == WCL_FAILED || (status == WCL_END && !is_link))
        return status == WCL_END ? WCL_OK : WCL_FAILED;
    *attributes |= WCL_ATTRIBUTE_REPARSE_POINT;
    if (status == WCL_END)
        return make_reparse(subject, error);
    return wcl_pieces_add_metadata(&subject->reader->pieces, WCL_BACKUP_REPARSE_DATA, value->data,
                                   value->size, error);
}

/* ---- Data ----------------------------------------------------------------------------------- */

/* The data as its allocated ranges, between which there are holes. */
static wcl_status add_sparse(const subject *subject, uint64_t size, wcl_error *error)
{
    wcl_sandbox_reader *reader = subject->reader;
    off_t at = 0, end = (off_t)size;

    subject->entry->info.attributes |= WCL_ATTRIBUTE_SPARSE_FILE;
    subject->entry->flags &= ~WCL_ENTRY_IN_ORDER;
    if (wcl_pieces_add_header(&reader->pieces, WCL_BACKUP_DATA, WCL_STREAM_SPARSE, NULL, 0,
                              error) != WCL_OK)
        return WCL_FAILED;
    while (at < end) {
        off_t data = lseek(reader->data, at, SEEK_DATA);
        off_t hole = data < 0 ? -1 : lseek(reader->data, data, SEEK_HOLE);
        if (data < 0 && errno != ENXIO)
            return wcl_fail_errno(error, errno, "cannot find the holes of the file");
        if (data < 0 || data >= end)
            break;
        at = hole < 0 || hole > end ? end : hole;
        uint64_t length = (uint64_t)(at - data);
        if (wcl_pieces_add_block(&reader->pieces, (uint64_t)data, length, error) != WCL_OK ||
            wcl_pieces_add_file(&reader->pieces, reader->data, (uint64_t)data, length, error) !=
                WCL_OK)
            return WCL_FAILED;
    }
    return wcl_pieces_add_block(&reader->pieces, size, 0, error);
}

static wcl_status sandbox_windows_add_data(const subject *subject, wcl_error *error)
{
    wcl_sandbox_reader *reader = subject->reader;
    uint64_t size = (uint64_t)reader->file.info.st_size;

    wcl_status status = wcl_upper_open_data(subject->folder, subject->name, &reader->data, error);
    if (status != WCL_OK)
        return status;
    subject->entry->size = size;
    off_t hole = lseek(reader->data, 0, SEEK_HOLE);
    if (size > 0 && hole >= 0 && (uint64_t)hole < size)
        return add_sparse(subject, size, error);
    if (wcl_pieces_add_header(&reader->pieces, WCL_BACKUP_DATA, 0, NULL, size, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_pieces_add_file(&reader->pieces, reader->data, 0, size, error);
}

/* Alternate streams stay where they are: in the tar of the layer that they came with. */
static wcl_status add_streams(const subject *subject, wcl_error *error)
{
    wcl_sandbox_reader *reader = subject->reader;
    wcl_status status =
        wcl_upper_xattr(subject->folder, subject->name, WCL_XATTR_STREAMS, &reader->value, error);
    uint64_t tar_size;
    int tar;

    if (status != WCL_OK)
        return status == WCL_END ? WCL_OK : WCL_FAILED;
    wcl_cursor cursor = wcl_cursor_over(reader->value.data, reader->value.size);
    uint32_t device = wcl_cursor_le32(&cursor);
    if (wcl_lower_tar(&reader->lower, device, &tar, &tar_size, error) != WCL_OK)
        return WCL_FAILED;
    while (wcl_cursor_left(&cursor)) {
        char name[WCL_BACKUP_NAME_MAX + 16];
        uint32_t length = wcl_cursor_le32(&cursor);
        const uint8_t *text = wcl_cursor_take(&cursor, length);
        uint64_t offset = wcl_cursor_le64(&cursor), size = wcl_cursor_le64(&cursor);
        cursor.failed |=
            length > WCL_BACKUP_NAME_MAX || offset > tar_size || size > tar_size - offset;
        if (cursor.failed)
            break;
        snprintf(name, sizeof(name), ":%.*s:$DATA", (int)length, (const char *)text);
        if (wcl_pieces_add_header(&reader->pieces, WCL_BACKUP_ALTERNATE_DATA, 0, name, size,
                                  error) != WCL_OK ||
            wcl_pieces_add_file(&reader->pieces, tar, offset, size, error) != WCL_OK)
            return WCL_FAILED;
    }
    if (cursor.failed)
        return wcl_fail(error, WCL_CODE_CORRUPT, "its list of alternate streams is damaged");
    return WCL_OK;
}

/* ---- Entries -------------------------------------------------------------------------------- */

wcl_status wcl_sandbox_describe_windows(wcl_sandbox_reader *reader, int folder, const char *name,
                                        const wcl_buffer *inherited, wcl_entry *entry,
                                        wcl_error *error)
{
    subject subject = { .reader = reader, .folder = folder, .name = name, .entry = entry };

    if (wcl_path_check_windows(wcl_buffer_text(&reader->path), error) != WCL_OK)
        return WCL_FAILED;
    entry->flags = WCL_ENTRY_IN_ORDER;
    if (take_info(&subject, error) != WCL_OK ||
        take_descriptor(&subject, inherited, error) != WCL_OK ||
        take_metadata(&subject, WCL_BACKUP_EA_DATA, WCL_XATTR_EA, error) != WCL_OK ||
        take_reparse(&subject, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status =
        S_ISREG(reader->file.info.st_mode) ? sandbox_windows_add_data(&subject, error) : WCL_OK;
    if (status == WCL_OK)
        status = add_streams(&subject, error);
    entry->kind =
        entry->info.attributes & WCL_ATTRIBUTE_DIRECTORY ? WCL_ENTRY_DIRECTORY : WCL_ENTRY_FILE;
    if (entry->kind == WCL_ENTRY_FILE && entry->info.attributes == 0)
        entry->info.attributes = WCL_ATTRIBUTE_ARCHIVE;
    return status;
}

static wcl_status take_below(wcl_sandbox_reader *reader, wcl_nid nid, uint32_t id,
                             const char *xattr_name, wcl_error *error)
{
    wcl_erofs_xattr xattr;
    wcl_status status = wcl_erofs_find_xattr(reader->lower.image, nid, xattr_name, &xattr, error);

    if (status != WCL_OK)
        return status == WCL_END ? WCL_OK : WCL_FAILED;
    return wcl_pieces_add_metadata(&reader->pieces, id, xattr.value, xattr.size, error);
}

wcl_status wcl_sandbox_describe_below(wcl_sandbox_reader *reader, wcl_nid nid, wcl_entry *entry,
                                      wcl_error *error)
{
    wcl_erofs_xattr basic;

    entry->kind = WCL_ENTRY_DIRECTORY;
    entry->flags = WCL_ENTRY_IN_ORDER;
    wcl_status status =
        wcl_erofs_find_xattr(reader->lower.image, nid, WCL_XATTR_BASIC, &basic, error);
    if (status == WCL_FAILED)
        return WCL_FAILED;
    if (status == WCL_OK)
        wcl_basic_info_load(basic.value, basic.size, &entry->info);
    entry->info.attributes |= WCL_ATTRIBUTE_DIRECTORY;
    if (take_below(reader, nid, WCL_BACKUP_SECURITY_DATA, WCL_XATTR_SD, error) != WCL_OK)
        return WCL_FAILED;
    return take_below(reader, nid, WCL_BACKUP_EA_DATA, WCL_XATTR_EA, error);
}
