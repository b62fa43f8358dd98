/* A layer as a transport folder: reading. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/cursor.h"
#include "base/error.h"
#include "base/options.h"
#include "layer/dir/extras.h"
#include "layer/dir/inodes.h"
#include "layer/dir/names.h"
#include "layer/dir/plain_reader.h"
#include "layer/dir/walk.h"
#include "layer/entry/ops.h"
#include "layer/transport/scan.h"
#include "layer/transport/tombstones.h"
#include "layer/transport/transport.h"
#include "layer/entry/windows_names.h"

enum source {
    SOURCE_NONE,   /* a link or deleted entry */
    SOURCE_STREAM, /* in Files */
    SOURCE_PLAIN,
};

typedef struct transport_reader {
    wcl_layer_reader base;
    int root;
    wcl_sidecar *sidecar;
    wcl_walk *walk;
    wcl_plain_reader *plain;
    wcl_extras extras;
    wcl_inodes inodes; /* of files with several names */
    wcl_buffer folder; /* the folder that was given last, while extras may follow it */
    bool in_folder;
    enum source source;
    wcl_file_record record;
    int file; /* of a stream, -1 for a folder that has none */
    uint64_t file_size;
    uint64_t position;
    bool has_hive_times;
    wcl_basic_info hive_times;
} transport_reader;

/* ---- Entries in Files ----------------------------------------------------------------------- */

/* Opens the file that holds the item's stream. A folder may have none. */
static wcl_status open_stream(transport_reader *reader, const wcl_walk_item *item,
                              wcl_buffer *disk_path, struct stat *status, wcl_error *error)
{
    wcl_walk_item holder = *item;
    char companion[NAME_MAX + 1];

    wcl_cleanup_fd(&reader->file);
    reader->file = -1;
    *status = item->status;
    if (wcl_buffer_append_text(disk_path, item->disk_path, error) != WCL_OK)
        return WCL_FAILED;
    if (S_ISDIR(item->status.st_mode)) {
        if (strlen(item->disk_name) + strlen(WCL_COMPANION_SUFFIX) >= sizeof(companion))
            return WCL_OK;
        stpcpy(stpcpy(companion, item->disk_name), WCL_COMPANION_SUFFIX);
        holder.disk_name = companion;
        if (fstatat(item->folder, companion, &holder.status, AT_SYMLINK_NOFOLLOW) < 0)
            return errno == ENOENT ? WCL_OK
                                   : wcl_fail_errno(error, errno, "cannot look at %s", companion);
        if (S_ISDIR(holder.status.st_mode))
            return wcl_fail(error, WCL_CODE_INVALID_DATA, "%s is a folder", companion);
        if (wcl_buffer_append_text(disk_path, WCL_COMPANION_SUFFIX, error) != WCL_OK)
            return WCL_FAILED;
    }
    *status = holder.status;
    return wcl_open_item(&holder, &reader->file, error);
}

/* Attributes, size and order, from the file itself. */
static wcl_status read_head(transport_reader *reader, const wcl_walk_item *item, wcl_entry *entry,
                            wcl_error *error)
{
    uint8_t bytes[WCL_TRANSPORT_STREAM_START];
    wcl_stream_shape shape = { 0 };
    size_t got;

    if (wcl_pread_full(reader->file, bytes, sizeof(bytes), 0, &got, error) != WCL_OK)
        return WCL_FAILED;
    if (got < sizeof(bytes))
        return wcl_fail(error, WCL_CODE_TRUNCATED, "the file is too short for its attributes");
    entry->info.attributes = wcl_load_le32(bytes);
    if (entry->info.attributes & WCL_ATTRIBUTE_DIRECTORY && !S_ISDIR(item->status.st_mode))
        return wcl_fail(error, WCL_CODE_INVALID_DATA,
                        "the file claims in its attributes to be a folder");
    if (wcl_scan_stream(reader->file, sizeof(bytes), reader->file_size, &shape, error) != WCL_OK)
        return WCL_FAILED;
    entry->size = shape.size;
    entry->flags = shape.out_of_order ? 0 : WCL_ENTRY_IN_ORDER;
    return WCL_OK;
}

/* Times and kind, from the record where the file has one that is still true. */
static wcl_status read_record(transport_reader *reader, const wcl_walk_item *item,
                              const char *disk_path, const struct stat *status, wcl_entry *entry,
                              wcl_error *error)
{
    uint32_t attributes = entry->info.attributes;
    bool is_folder = S_ISDIR(item->status.st_mode), found;

    if (wcl_file_record_look_up(reader->sidecar, reader->file, disk_path, &reader->record, &found,
                                error) != WCL_OK)
        return WCL_FAILED;
    entry->kind = is_folder ? WCL_ENTRY_DIRECTORY : WCL_ENTRY_FILE;
    if (found && wcl_file_record_is_current(&reader->record, status)) {
        entry->info = reader->record.info;
        entry->flags |= reader->record.flags & WCL_ENTRY_IMPLICIT;
        if (is_folder && reader->record.kind == WCL_ENTRY_FILE)
            entry->kind = WCL_ENTRY_FILE;
    } else if (strcmp(item->path, "Files") == 0 && reader->has_hive_times) {
        entry->info = reader->hive_times;
    } else {
        wcl_basic_info_from_stat(status, &entry->info);
    }
    entry->info.attributes = attributes;
    return WCL_OK;
}

static wcl_status begin_stream(transport_reader *reader, const wcl_walk_item *item,
                               wcl_entry *entry, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer disk_path = WCL_BUFFER_INIT;
    struct stat status;

    if (wcl_path_check_windows(item->path, error) != WCL_OK ||
        open_stream(reader, item, &disk_path, &status, error) != WCL_OK)
        return WCL_FAILED;
    reader->file_size = (uint64_t)status.st_size;
    reader->position = WCL_TRANSPORT_STREAM_START;
    entry->path = item->path;
    entry->info.attributes = WCL_ATTRIBUTE_DIRECTORY;
    if (reader->file < 0)
        entry->flags = WCL_ENTRY_IMPLICIT | WCL_ENTRY_IN_ORDER;
    else if (read_head(reader, item, entry, error) != WCL_OK)
        return WCL_FAILED;
    return read_record(reader, item, wcl_buffer_text(&disk_path), &status, entry, error);
}

static wcl_status transport_reader_read_stream(transport_reader *reader, void *buffer, size_t size,
                                               size_t *got, wcl_error *error)
{
    if (reader->file < 0)
        return WCL_OK;
    if (size > reader->file_size - reader->position)
        size = (size_t)(reader->file_size - reader->position);
    if (wcl_pread_full(reader->file, buffer, size, reader->position, got, error) != WCL_OK)
        return WCL_FAILED;
    if (*got < size)
        return wcl_fail(error, WCL_CODE_TRUNCATED, "the file became shorter while it was read");
    reader->position += *got;
    return WCL_OK;
}

/* ---- Entries elsewhere ---------------------------------------------------------------------- */

static wcl_status begin_plain(transport_reader *reader, const wcl_walk_item *item, wcl_entry *entry,
                              wcl_error *error)
{
    if (wcl_plain_reader_begin(reader->plain, item, entry, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_plain_reader_has_record(reader->plain))
        return WCL_OK;
    uint32_t attributes = entry->info.attributes;
    if (strcmp(item->path, "Hives") == 0 && reader->has_hive_times)
        entry->info = reader->hive_times;
    entry->info.last_access_time = entry->info.last_write_time;
    entry->info.attributes = attributes;
    return WCL_OK;
}

/* The times that Files and Hives have where nothing else is recorded. */
static void find_hive_times(transport_reader *reader)
{
    struct stat status;
    WCL_CLEANUP_FD int fd =
        wcl_beneath_open(reader->root, "Hives/System_Delta", O_PATH | O_NOFOLLOW, 0);

    if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
        return;
    wcl_basic_info_from_stat(&status, &reader->hive_times);
    reader->has_hive_times = true;
}

/* ---- Operations ----------------------------------------------------------------------------- */

/* Makes the entry a link where the file was given under another name. */
static wcl_status find_first_name(transport_reader *reader, const wcl_walk_item *item,
                                  wcl_entry *entry, wcl_error *error)
{
    const char *first = NULL;

    if (S_ISREG(item->status.st_mode) && item->status.st_nlink > 1 &&
        wcl_inodes_meet(&reader->inodes, &item->status, item->path, &first, error) != WCL_OK)
        return WCL_FAILED;
    if (!first)
        return WCL_OK;
    entry->kind = WCL_ENTRY_HARD_LINK;
    entry->target = first;
    entry->size = 0;
    entry->flags = 0;
    reader->source = SOURCE_NONE;
    return WCL_OK;
}

static wcl_status begin_item(transport_reader *reader, const wcl_walk_item *item, wcl_entry *entry,
                             wcl_error *error)
{
    bool in_files = wcl_transport_keeps_stream(item->path);
    wcl_status status = in_files ? begin_stream(reader, item, entry, error)
                                 : begin_plain(reader, item, entry, error);

    reader->source = in_files ? SOURCE_STREAM : SOURCE_PLAIN;
    if (status == WCL_OK)
        status = find_first_name(reader, item, entry, error);
    if (status != WCL_OK)
        return wcl_error_context(error, NULL, item->path);
    reader->in_folder = S_ISDIR(item->status.st_mode);
    wcl_buffer_clear(&reader->folder);
    return wcl_buffer_append_text(&reader->folder, item->path, error);
}

static wcl_status transport_reader_next(wcl_layer_reader *base, wcl_entry *entry, wcl_error *error)
{
    transport_reader *reader = (transport_reader *)base;
    const wcl_extra *extra = NULL;
    wcl_walk_item item;

    reader->source = SOURCE_NONE;
    if (reader->in_folder)
        extra = wcl_extras_next_in(&reader->extras, wcl_buffer_text(&reader->folder));
    if (!extra) {
        reader->in_folder = false;
        wcl_status status = wcl_walk_next(reader->walk, &item, error);
        if (status == WCL_OK)
            return begin_item(reader, &item, entry, error);
        if (status == WCL_FAILED)
            return status;
        extra = wcl_extras_next_rest(&reader->extras);
        if (!extra)
            return WCL_END;
    }
    wcl_extra_give(extra, entry);
    return WCL_OK;
}

static wcl_status read_data(wcl_layer_reader *base, void *buffer, size_t size, size_t *got,
                            wcl_error *error)
{
    transport_reader *reader = (transport_reader *)base;

    switch (reader->source) {
    case SOURCE_STREAM:
        return transport_reader_read_stream(reader, buffer, size, got, error);
    case SOURCE_PLAIN:
        return wcl_plain_reader_read(reader->plain, buffer, size, got, error);
    default:
        return WCL_OK;
    }
}

static void transport_reader_free(wcl_layer_reader *base)
{
    transport_reader *reader = (transport_reader *)base;

    wcl_plain_reader_free(reader->plain);
    wcl_walk_free(reader->walk);
    wcl_sidecar_free(reader->sidecar);
    wcl_extras_free(&reader->extras);
    wcl_inodes_free(&reader->inodes);
    wcl_buffer_free(&reader->folder);
    wcl_file_record_free(&reader->record);
    wcl_cleanup_fd(&reader->file);
    wcl_cleanup_fd(&reader->root);
    free(reader);
}

static const wcl_layer_reader_ops transport_reader_ops = {
    .name = "read transport folder",
    .next = transport_reader_next,
    .read = read_data,
    .free = transport_reader_free,
};

static wcl_status transport_reader_open_parts(transport_reader *reader, const char *folder,
                                              wcl_error *error)
{
    wcl_walk_rules rules = { .name_max = WCL_DISK_NAME_MAX_TRANSPORT, .has_companions = true };

    reader->root = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (reader->root < 0)
        return wcl_fail_errno(error, errno, "cannot open the folder");
    if (wcl_sidecar_load(reader->root, WCL_TOMBSTONES_NAME, &reader->sidecar, error) != WCL_OK ||
        wcl_extras_load(&reader->extras, reader->sidecar, error) != WCL_OK ||
        wcl_tombstones_load(reader->root, &reader->extras, error) != WCL_OK)
        return WCL_FAILED;
    wcl_extras_sort(&reader->extras);
    find_hive_times(reader);
    rules.sidecar = reader->sidecar;
    if (wcl_walk_new(reader->root, &rules, &reader->walk, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_plain_reader_new(reader->sidecar, false, false, &reader->plain, error);
}

wcl_status wcl_transport_reader_open(const char *folder, wcl_layer_reader **reader,
                                     wcl_error *error)
{
    transport_reader *made = calloc(1, sizeof(*made));

    *reader = NULL;
    folder = wcl_text(folder);
    if (!made)
        return wcl_fail_memory(error);
    made->base.ops = &transport_reader_ops;
    made->root = made->file = -1;
    made->in_folder = true; /* the root itself */
    if (transport_reader_open_parts(made, folder, error) != WCL_OK) {
        transport_reader_free(&made->base);
        return wcl_error_context(error, transport_reader_ops.name, folder);
    }
    *reader = &made->base;
    return WCL_OK;
}
