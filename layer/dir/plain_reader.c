/* Reading entries from plain files. */
#include "layer/dir/plain_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wcl/backupstream.h>

#include "base/beneath.h"
#include "base/error.h"
#include "base/regular.h"
#include "layer/dir/join.h"
#include "layer/dir/posix.h"
#include "layer/dir/split.h"
#include "layer/entry/windows_names.h"

struct wcl_plain_reader {
    wcl_sidecar *sidecar;
    bool is_linux;
    bool allow_links;
    wcl_joiner *joiner;
    wcl_file_record record;
    bool found; /* a record of the entry at hand */
    int file;
    wcl_buffer xattr_names;
    wcl_xattr *xattrs;
};

wcl_status wcl_plain_reader_new(wcl_sidecar *sidecar, bool is_linux, bool allow_links,
                                wcl_plain_reader **reader, wcl_error *error)
{
    wcl_plain_reader *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    made->sidecar = sidecar;
    made->is_linux = is_linux;
    made->allow_links = allow_links;
    made->file = -1;
    if (wcl_joiner_new(sidecar, &made->joiner, error) != WCL_OK) {
        free(made);
        return WCL_FAILED;
    }
    *reader = made;
    return WCL_OK;
}

void wcl_plain_reader_free(wcl_plain_reader *reader)
{
    if (!reader)
        return;
    wcl_cleanup_fd(&reader->file);
    wcl_joiner_free(reader->joiner);
    wcl_file_record_free(&reader->record);
    wcl_buffer_free(&reader->xattr_names);
    free(reader->xattrs);
    free(reader);
}

wcl_status wcl_open_item(const wcl_walk_item *item, int *fd, wcl_error *error)
{
    struct stat status;

    if (!S_ISREG(item->status.st_mode) && !S_ISDIR(item->status.st_mode))
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "it is a %s, which a layer's folder cannot have",
                        S_ISLNK(item->status.st_mode) ? "symbolic link" : "device, pipe or socket");
    if (S_ISREG(item->status.st_mode)) {
        if (wcl_regular_open(item->folder, item->disk_name, WCL_LINKS_REFUSED, 0, fd, NULL,
                             error) != WCL_OK)
            return WCL_FAILED;
    } else {
        *fd =
            openat(item->folder, item->disk_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (*fd < 0)
            return wcl_fail_errno(error, errno, "cannot open the folder");
    }
    if (fstat(*fd, &status) < 0 || status.st_ino != item->status.st_ino ||
        status.st_dev != item->status.st_dev)
        return wcl_fail(error, WCL_CODE_SHARING_VIOLATION,
                        "another program changed the file while it was read");
    return WCL_OK;
}

/* ---- Links ---------------------------------------------------------------------------------- */

static wcl_status read_link(const wcl_walk_item *item, char text[PATH_MAX], wcl_error *error)
{
    ssize_t size = readlinkat(item->folder, item->disk_name, text, PATH_MAX - 1);

    if (size < 0)
        return wcl_fail_errno(error, errno, "cannot read the symbolic link");
    text[size] = '\0';
    return WCL_OK;
}

/* Whether a relative link of the folder leads to a folder. */
static bool leads_to_folder(const wcl_walk_item *item, const char *text)
{
    struct stat status;
    return text[0] != '/' && fstatat(item->folder, text, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISDIR(status.st_mode);
}

/* Makes the record of a link that someone made or changed say what it says now. */
static wcl_status take_new_link(wcl_plain_reader *reader, const wcl_walk_item *item, bool found,
                                wcl_error *error)
{
    wcl_file_record *record = &reader->record;
    char text[PATH_MAX];

    if (read_link(item, text, error) != WCL_OK)
        return WCL_FAILED;
    if (reader->is_linux) {
        record->kind = WCL_ENTRY_SYMLINK;
        return wcl_file_record_set(record, WCL_FILE_RECORD_TARGET, text, strlen(text), error);
    }
    if (text[0] == '/')
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "the symbolic link is absolute; only relative ones can be kept");
    if (!found) {
        record->kind = WCL_ENTRY_FILE;
        record->info.attributes = WCL_ATTRIBUTE_REPARSE_POINT |
                                  (leads_to_folder(item, text) ? WCL_ATTRIBUTE_DIRECTORY : 0);
    }
    for (char *at = text; *at; at++)
        if (*at == '/')
            *at = '\\';
    void *data;
    size_t size;
    if (wcl_reparse_encode_link(text, false, &data, &size, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = wcl_file_record_set(record, WCL_FILE_RECORD_REPARSE, data, size, error);
    wcl_free(data);
    if (status != WCL_OK || found)
        return status;
    record->has[WCL_FILE_RECORD_STREAMS] = true;
    const wcl_backup_header header = { .id = WCL_BACKUP_REPARSE_DATA, .name = "" };
    return wcl_stream_row_append(&record->fields[WCL_FILE_RECORD_STREAMS], &header,
                                 WCL_STREAM_REPARSE, error);
}

/* ---- Entries -------------------------------------------------------------------------------- */

/* Whether the record can be of such a file at all. */
static bool is_plausible(const wcl_file_record *record, mode_t mode)
{
    bool folder_like =
        record->kind == WCL_ENTRY_DIRECTORY ||
        (record->kind == WCL_ENTRY_FILE && record->info.attributes & WCL_ATTRIBUTE_DIRECTORY);

    if (wcl_file_record_is_extra(record) ||
        (record->kind == WCL_ENTRY_SYMLINK && !record->has[WCL_FILE_RECORD_TARGET]))
        return false;
    if (S_ISLNK(mode))
        return record->kind == WCL_ENTRY_SYMLINK || record->has[WCL_FILE_RECORD_REPARSE];
    return S_ISDIR(mode) == folder_like;
}

static wcl_status find_record(wcl_plain_reader *reader, const wcl_walk_item *item, bool *found,
                              wcl_error *error)
{
    bool is_link = S_ISLNK(item->status.st_mode) && reader->allow_links;

    wcl_cleanup_fd(&reader->file);
    reader->file = -1;
    if (!is_link && wcl_open_item(item, &reader->file, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_file_record_look_up(reader->sidecar, reader->file, item->disk_path, &reader->record,
                                found, error) != WCL_OK)
        return WCL_FAILED;
    if (!*found || !is_plausible(&reader->record, item->status.st_mode)) {
        *found = false;
        wcl_file_record_clear(&reader->record);
    }
    if (is_link && !(*found && wcl_file_record_is_current(&reader->record, &item->status)))
        return take_new_link(reader, item, *found, error);
    return WCL_OK;
}

/* What a file without a record is. */
static void assume(wcl_plain_reader *reader, const struct stat *status, wcl_entry *entry)
{
    wcl_file_record *record = &reader->record;
    bool is_folder = S_ISDIR(status->st_mode);

    if (record->kind == 0) {
        record->kind = is_folder ? WCL_ENTRY_DIRECTORY : WCL_ENTRY_FILE;
        record->info.attributes = is_folder ? WCL_ATTRIBUTE_DIRECTORY : WCL_ATTRIBUTE_ARCHIVE;
    }
    wcl_basic_info_from_stat(status, &record->info);
    if (reader->is_linux)
        wcl_posix_from_stat(status, entry);
}

static void plain_reader_describe(wcl_plain_reader *reader, const wcl_walk_item *item, bool found,
                                  wcl_entry *entry)
{
    wcl_file_record *record = &reader->record;

    if (!found)
        assume(reader, &item->status, entry);
    else if (!S_ISDIR(item->status.st_mode) && !wcl_file_record_is_current(record, &item->status)) {
        record->info.last_write_time = wcl_filetime_from_timespec(item->status.st_mtim);
        record->info.change_time = record->info.last_write_time;
        entry->modified = item->status.st_mtim;
    }
    entry->kind = record->kind;
    entry->flags = record->flags & WCL_ENTRY_IMPLICIT;
    entry->path = item->path;
    entry->target = record->has[WCL_FILE_RECORD_TARGET]
                        ? wcl_buffer_text(&record->fields[WCL_FILE_RECORD_TARGET])
                        : NULL;
    entry->info = record->info;
}

wcl_status wcl_plain_reader_begin(wcl_plain_reader *reader, const wcl_walk_item *item,
                                  wcl_entry *entry, wcl_error *error)
{
    if (find_record(reader, item, &reader->found, error) != WCL_OK)
        return WCL_FAILED;
    bool found = reader->found;
    const wcl_file_record *record = &reader->record;
    bool has_table = found || record->has[WCL_FILE_RECORD_STREAMS];
    if (found && record->has[WCL_FILE_RECORD_POSIX] &&
        wcl_posix_unpack(record, entry, &reader->xattr_names, &reader->xattrs, error) != WCL_OK)
        return WCL_FAILED;
    plain_reader_describe(reader, item, found, entry);
    /* What no record tells of was made here. */
    bool is_made = !found && reader->allow_links;
    if (!entry->has_posix && (is_made ? wcl_windows_new_path_check(item->path, error)
                                      : wcl_path_check_windows(item->path, error)) != WCL_OK)
        return WCL_FAILED;
    bool holds_data = S_ISREG(item->status.st_mode) && entry->kind == WCL_ENTRY_FILE;
    return wcl_joiner_begin(reader->joiner, has_table ? record : NULL,
                            holds_data ? reader->file : -1, &item->status, entry, error);
}

bool wcl_plain_reader_has_record(const wcl_plain_reader *reader)
{
    return reader->found;
}

wcl_status wcl_plain_reader_read(wcl_plain_reader *reader, void *buffer, size_t size, size_t *got,
                                 wcl_error *error)
{
    return wcl_joiner_read(reader->joiner, buffer, size, got, error);
}
