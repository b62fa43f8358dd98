/* Writing entries as plain files. */
#include "layer/dir/plain_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "base/list.h"
#include "base/host_path.h"
#include "layer/dir/link_text.h"
#include "layer/dir/names.h"
#include "layer/dir/posix.h"
#include "layer/dir/split.h"
#include "layer/entry/path.h"

/* A folder whose times are set at the end, because what is added to it changes them. */
typedef struct folder_times {
    char *disk_path;
    wcl_basic_info info;
} folder_times;

struct wcl_plain_writer {
    int root;
    wcl_plain_options options;
    wcl_sidecar_writer sidecar;
    wcl_splitter *splitter;
    wcl_beneath_cache folders;
    wcl_file_record record; /* of the entry at hand */
    wcl_buffer disk_path;
    wcl_buffer link_path; /* for a moment */
    int file;
    bool is_folder;
    char *path; /* in the layer */
    folder_times *times;
    size_t times_count;
    size_t times_capacity;
};

wcl_status wcl_plain_writer_new(int root, const wcl_plain_options *options,
                                wcl_plain_writer **writer, wcl_error *error)
{
    wcl_plain_writer *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    made->root = root;
    made->options = *options;
    made->file = -1;
    made->folders = (wcl_beneath_cache)WCL_BENEATH_CACHE_INIT;
    made->folders.root = root;
    wcl_sidecar_writer_init(&made->sidecar, root);
    made->sidecar.is_hidden = options->holder != NULL;
    made->sidecar.holder = options->avoid_xattrs ? NULL : options->holder;
    if (wcl_splitter_new(&made->sidecar, &made->splitter, error) != WCL_OK) {
        free(made);
        return WCL_FAILED;
    }
    *writer = made;
    return WCL_OK;
}

void wcl_plain_writer_free(wcl_plain_writer *writer)
{
    if (!writer)
        return;
    wcl_cleanup_fd(&writer->file);
    wcl_splitter_free(writer->splitter);
    wcl_sidecar_writer_free(&writer->sidecar);
    wcl_beneath_cache_free(&writer->folders);
    wcl_file_record_free(&writer->record);
    wcl_buffer_free(&writer->disk_path);
    wcl_buffer_free(&writer->link_path);
    free(writer->path);
    for (size_t i = 0; i < writer->times_count; i++)
        free(writer->times[i].disk_path);
    free(writer->times);
    free(writer);
}

/* ---- Files and folders ---------------------------------------------------------------------- */

wcl_status wcl_plain_writer_folder(wcl_plain_writer *writer, const char *disk_path, int *folder,
                                   wcl_error *error)
{
    *folder = wcl_beneath_parent(&writer->folders, disk_path);
    if (*folder >= 0)
        return WCL_OK;
    if (errno == ENOENT)
        return wcl_fail(error, WCL_CODE_PATH_NOT_FOUND,
                        "the folder that it is in was not added before it");
    if (errno == ELOOP || errno == ENOTDIR)
        return wcl_fail(error, WCL_CODE_DIRECTORY, "what it is in is a link or file, no folder");
    return wcl_fail_errno(error, errno, "cannot open the folder that it is in");
}

static wcl_status fail_make(wcl_error *error)
{
    if (errno == EEXIST)
        return wcl_fail(error, WCL_CODE_FILE_EXISTS, "the layer has this name twice");
    return wcl_fail_errno(error, errno, "cannot make the file");
}

wcl_status wcl_plain_writer_make_file(wcl_plain_writer *writer, const char *disk_path, int *fd,
                                      wcl_error *error)
{
    int folder;

    if (wcl_plain_writer_folder(writer, disk_path, &folder, error) != WCL_OK)
        return WCL_FAILED;
    *fd = openat(folder, wcl_path_base(disk_path),
                 O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    return *fd >= 0 ? WCL_OK : fail_make(error);
}

wcl_status wcl_plain_writer_make_folder(wcl_plain_writer *writer, const char *disk_path,
                                        wcl_error *error)
{
    const char *name = wcl_path_base(disk_path);
    struct stat status;
    int folder;

    if (wcl_plain_writer_folder(writer, disk_path, &folder, error) != WCL_OK)
        return WCL_FAILED;
    if (mkdirat(folder, name, 0777) == 0)
        return WCL_OK;
    if (errno == EEXIST && fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISDIR(status.st_mode))
        return WCL_OK;
    return fail_make(error);
}

/* ---- Records -------------------------------------------------------------------------------- */

wcl_status wcl_plain_writer_start_record(const wcl_entry *entry, const char *disk_path,
                                         wcl_file_record *record, wcl_error *error)
{
    const char *name = wcl_path_base(entry->path);

    wcl_file_record_clear(record);
    record->kind = entry->kind;
    record->flags = entry->flags & WCL_ENTRY_IMPLICIT;
    record->info = entry->info;
    wcl_record_set_salt(record, entry->path);
    if (strcmp(name, wcl_path_base(disk_path)) != 0 &&
        wcl_file_record_set(record, WCL_FILE_RECORD_NAME, name, strlen(name), error) != WCL_OK)
        return WCL_FAILED;
    if (entry->target && wcl_file_record_set(record, WCL_FILE_RECORD_TARGET, entry->target,
                                             strlen(entry->target), error) != WCL_OK)
        return WCL_FAILED;
    return wcl_posix_pack(entry, record, error);
}

wcl_status wcl_plain_writer_keep(wcl_plain_writer *writer, const char *disk_path, int fd,
                                 const wcl_file_record *record, wcl_error *error)
{
    bool fits = false;

    if (fd >= 0 && !writer->options.avoid_xattrs &&
        wcl_file_record_to_xattrs(record, fd, &fits, error) != WCL_OK)
        return WCL_FAILED;
    return fits ? WCL_OK : wcl_sidecar_add(&writer->sidecar, disk_path, record, error);
}

static wcl_status remember_times(wcl_plain_writer *writer, wcl_error *error)
{
    if (WCL_LIST_RESERVE(writer->times, writer->times_count, writer->times_capacity, error) !=
        WCL_OK)
        return WCL_FAILED;
    char *copy = strdup(wcl_buffer_text(&writer->disk_path));
    if (!copy)
        return wcl_fail_memory(error);
    writer->times[writer->times_count++] = (folder_times) { copy, writer->record.info };
    return WCL_OK;
}

/* ---- Entries -------------------------------------------------------------------------------- */

static bool is_folder_like(const wcl_entry *entry)
{
    return entry->kind == WCL_ENTRY_DIRECTORY ||
           (entry->kind == WCL_ENTRY_FILE && entry->info.attributes & WCL_ATTRIBUTE_DIRECTORY);
}

/* Opens what was made for the entry; its bytes go there. */
static wcl_status make_entry(wcl_plain_writer *writer, const wcl_entry *entry, wcl_error *error)
{
    const char *disk_path = wcl_buffer_text(&writer->disk_path);
    int folder;

    writer->is_folder = is_folder_like(entry);
    if (!writer->is_folder) {
        if (wcl_plain_writer_make_file(writer, disk_path, &writer->file, error) != WCL_OK)
            return WCL_FAILED;
        if (entry->has_posix && fchmod(writer->file, (entry->mode & 0777) | 0600) < 0)
            return wcl_fail_errno(error, errno, "cannot set the file's mode");
        return WCL_OK;
    }
    if (wcl_plain_writer_make_folder(writer, disk_path, error) != WCL_OK ||
        wcl_plain_writer_folder(writer, disk_path, &folder, error) != WCL_OK)
        return WCL_FAILED;
    writer->file =
        openat(folder, wcl_path_base(disk_path), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (writer->file < 0)
        return wcl_fail_errno(error, errno, "cannot open the folder that was just made");
    wcl_file_record_remove_xattrs(writer->file); /* of the same folder, implied before */
    /* Of all other bits only that which keeps users from each other's files. */
    if (entry->has_posix && fchmod(writer->file, (entry->mode & (0777 | S_ISVTX)) | 0700) < 0)
        return wcl_fail_errno(error, errno, "cannot set the folder's mode");
    return WCL_OK;
}

wcl_status wcl_plain_writer_add(wcl_plain_writer *writer, const wcl_entry *entry, wcl_error *error)
{
    wcl_cleanup_fd(&writer->file);
    writer->file = -1;
    free(writer->path);
    writer->path = strdup(entry->path);
    if (!writer->path)
        return wcl_fail_memory(error);
    if (wcl_disk_path(entry->path, writer->options.name_max, &writer->disk_path, error) != WCL_OK ||
        wcl_plain_writer_start_record(entry, wcl_buffer_text(&writer->disk_path), &writer->record,
                                      error) != WCL_OK)
        return WCL_FAILED;
    if (entry->kind != WCL_ENTRY_OPAQUE && make_entry(writer, entry, error) != WCL_OK)
        return WCL_FAILED;
    wcl_splitter_begin(writer->splitter, writer->is_folder ? -1 : writer->file, &writer->record);
    return WCL_OK;
}

wcl_status wcl_plain_writer_write(wcl_plain_writer *writer, const void *data, size_t size,
                                  wcl_error *error)
{
    return wcl_splitter_write(writer->splitter, data, size, error);
}

/* Puts a symbolic link in the place of an entry that is one and holds nothing else. `*replaced`
 * tells whether it could. */
static wcl_status replace_by_link(wcl_plain_writer *writer, bool *replaced, wcl_error *error)
{
    const char *disk_path = wcl_buffer_text(&writer->disk_path), *name = wcl_path_base(disk_path);
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;
    bool inside = false;
    struct stat status;
    int folder;

    *replaced = false;
    if (!writer->options.make_links || !wcl_host_makes_links())
        return WCL_OK;
    if (wcl_link_text(writer->path, &writer->record, writer->options.name_max, &text, &inside,
                      error) != WCL_OK)
        return WCL_FAILED;
    if (!inside || fstat(writer->file, &status) < 0 || (!writer->is_folder && status.st_size > 0))
        return WCL_OK;
    if (wcl_plain_writer_folder(writer, disk_path, &folder, error) != WCL_OK)
        return WCL_FAILED;
    if (unlinkat(folder, name, writer->is_folder ? AT_REMOVEDIR : 0) < 0)
        return errno == ENOTEMPTY ? WCL_OK
                                  : wcl_fail_errno(error, errno, "cannot make room for a link");
    if (symlinkat(wcl_buffer_text(&text), folder, name) < 0)
        return wcl_fail_errno(error, errno, "cannot make the symbolic link");
    struct timespec times[2] = { wcl_filetime_to_timespec(writer->record.info.last_access_time),
                                 wcl_filetime_to_timespec(writer->record.info.last_write_time) };
    if (utimensat(folder, name, times, AT_SYMLINK_NOFOLLOW) < 0 ||
        fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return wcl_fail_errno(error, errno, "cannot set the symbolic link's times");
    wcl_file_record_see(&writer->record, &status);
    *replaced = true;
    return WCL_OK;
}

wcl_status wcl_plain_writer_end_entry(wcl_plain_writer *writer, wcl_error *error)
{
    const char *disk_path = wcl_buffer_text(&writer->disk_path);
    struct stat status;
    bool replaced;

    if (wcl_splitter_end(writer->splitter, error) != WCL_OK)
        return WCL_FAILED;
    if (writer->record.kind == WCL_ENTRY_OPAQUE)
        return wcl_sidecar_add(&writer->sidecar, writer->path, &writer->record, error);
    if (replace_by_link(writer, &replaced, error) != WCL_OK)
        return WCL_FAILED;
    if (replaced)
        return wcl_plain_writer_keep(writer, disk_path, -1, &writer->record, error);
    if (writer->is_folder) {
        if (remember_times(writer, error) != WCL_OK)
            return WCL_FAILED;
    } else {
        if (wcl_set_file_times(writer->file, &writer->record.info, error) != WCL_OK)
            return WCL_FAILED;
        if (fstat(writer->file, &status) < 0)
            return wcl_fail_errno(error, errno, "cannot look at the file");
        wcl_file_record_see(&writer->record, &status);
    }
    return wcl_plain_writer_keep(writer, disk_path, writer->file, &writer->record, error);
}

/* ---- What is no file ------------------------------------------------------------------------ */

/* Makes the hard link on disk; false where that cannot be. */
static bool make_hard_link(wcl_plain_writer *writer, const char *path, const char *target,
                           wcl_error *error, wcl_status *status)
{
    size_t max = writer->options.name_max;
    int folder;

    *status = wcl_disk_path(target, max, &writer->link_path, error);
    if (*status != WCL_OK)
        return false;
    WCL_CLEANUP_FREE char *name = strdup(wcl_path_base(wcl_buffer_text(&writer->link_path)));
    WCL_CLEANUP_FD int from =
        wcl_beneath_parent(&writer->folders, wcl_buffer_text(&writer->link_path));
    if (from >= 0)
        from = fcntl(from, F_DUPFD_CLOEXEC, 0);
    *status = wcl_disk_path(path, max, &writer->link_path, error);
    if (*status != WCL_OK || from < 0 || !name)
        return false;
    *status = wcl_plain_writer_folder(writer, wcl_buffer_text(&writer->link_path), &folder, error);
    if (*status != WCL_OK)
        return false;
    if (linkat(from, name, folder, wcl_path_base(wcl_buffer_text(&writer->link_path)), 0) == 0)
        return true;
    if (errno == EEXIST)
        *status = fail_make(error);
    return false;
}

wcl_status wcl_plain_writer_add_link(wcl_plain_writer *writer, const char *path, const char *target,
                                     const wcl_basic_info *info, wcl_error *error)
{
    WCL_CLEANUP_FILE_RECORD wcl_file_record record = { .kind = WCL_ENTRY_HARD_LINK };
    wcl_status status = WCL_OK;

    if (writer->options.make_links && make_hard_link(writer, path, target, error, &status))
        record.flags |= WCL_FILE_RECORD_ON_DISK;
    if (info)
        record.info = *info;
    if (status != WCL_OK || wcl_file_record_set(&record, WCL_FILE_RECORD_TARGET, target,
                                                strlen(target), error) != WCL_OK)
        return WCL_FAILED;
    return wcl_sidecar_add(&writer->sidecar, path, &record, error);
}

wcl_status wcl_plain_writer_remove(wcl_plain_writer *writer, const char *path, wcl_error *error)
{
    const wcl_file_record record = { .kind = WCL_ENTRY_DELETED };
    return wcl_sidecar_add(&writer->sidecar, path, &record, error);
}

wcl_status wcl_plain_writer_finish(wcl_plain_writer *writer, wcl_error *error)
{
    if (wcl_sidecar_finish(&writer->sidecar, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = writer->times_count; i > 0; i--) {
        const folder_times *times = &writer->times[i - 1];
        WCL_CLEANUP_FD int fd =
            wcl_beneath_open(writer->root, times->disk_path, O_RDONLY | O_DIRECTORY, 0);
        if (fd < 0 && (errno == ELOOP || errno == ENOTDIR))
            continue; /* a symbolic link by now */
        if (fd < 0)
            return wcl_fail_errno(error, errno, "cannot open the folder '%s'", times->disk_path);
        if (wcl_set_file_times(fd, &times->info, error) != WCL_OK)
            return wcl_error_context(error, NULL, times->disk_path);
    }
    return WCL_OK;
}
