/* A layer as a transport folder: writing. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include <wcl/backupstream.h>

#include "base/beneath.h"
#include "base/cursor.h"
#include "base/error.h"
#include "base/staging.h"
#include "layer/dir/names.h"
#include "layer/dir/plain_writer.h"
#include "layer/entry/ops.h"
#include "layer/entry/path.h"
#include "base/map.h"
#include "base/options.h"
#include "layer/transport/tombstones.h"
#include "layer/transport/transport.h"
#include "layer/entry/windows_names.h"

/* Small pieces are gathered up to this many bytes. */
#define PENDING_MAX (64 * 1024)

/* A folder that the layer does not list. It is no entry, so that it is made only for a file that is
 * in it: hcsshim reads none in a folder that has no metadata. */
typedef struct implied_folder {
    wcl_basic_info info;
    bool is_made;
} implied_folder;

typedef struct transport_writer {
    wcl_layer_writer base;
    wcl_staging *staging;
    wcl_plain_writer *plain; /* for what lies outside Files, and for records */
    wcl_buffer tombstones;
    wcl_map *implied; /* implied_folder, by path; NULL while there are none */
    bool in_stream;   /* the entry at hand lies in Files */
    bool is_deferred; /* it is an implied folder, and nothing is made for it yet */
    wcl_backup_decoder *checker;
    wcl_file_record record;
    wcl_buffer disk_path; /* of the file with its stream */
    int file;
    uint64_t file_size;
    wcl_buffer pending;
} transport_writer;

/* ---- Entries in Files ----------------------------------------------------------------------- */

static wcl_status transport_writer_flush(transport_writer *writer, wcl_error *error)
{
    if (wcl_pwrite_full(writer->file, writer->pending.data, writer->pending.size, writer->file_size,
                        error) != WCL_OK)
        return WCL_FAILED;
    writer->file_size += writer->pending.size;
    wcl_buffer_clear(&writer->pending);
    return WCL_OK;
}

/* Makes the folder, and goes on to its companion, which a folder implied earlier may have left. */
static wcl_status transport_writer_make_folder(transport_writer *writer, wcl_error *error)
{
    int folder;

    if (wcl_plain_writer_make_folder(writer->plain, wcl_buffer_text(&writer->disk_path), error) !=
            WCL_OK ||
        wcl_buffer_append_text(&writer->disk_path, WCL_COMPANION_SUFFIX, error) != WCL_OK ||
        wcl_plain_writer_folder(writer->plain, wcl_buffer_text(&writer->disk_path), &folder,
                                error) != WCL_OK)
        return WCL_FAILED;
    if (unlinkat(folder, wcl_path_base(wcl_buffer_text(&writer->disk_path)), 0) < 0 &&
        errno != ENOENT)
        return wcl_fail_errno(error, errno, "cannot replace the folder's metadata");
    return WCL_OK;
}

static wcl_status add_stream(transport_writer *writer, const wcl_entry *entry, wcl_error *error)
{
    bool is_folder =
        entry->kind == WCL_ENTRY_DIRECTORY || entry->info.attributes & WCL_ATTRIBUTE_DIRECTORY;

    wcl_cleanup_fd(&writer->file);
    writer->file = -1;
    writer->file_size = 0;
    wcl_buffer_clear(&writer->pending);
    if (wcl_disk_path(entry->path, WCL_DISK_NAME_MAX_TRANSPORT, &writer->disk_path, error) !=
            WCL_OK ||
        wcl_plain_writer_start_record(entry, wcl_buffer_text(&writer->disk_path), &writer->record,
                                      error) != WCL_OK)
        return WCL_FAILED;
    if (is_folder && transport_writer_make_folder(writer, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_plain_writer_make_file(writer->plain, wcl_buffer_text(&writer->disk_path),
                                   &writer->file, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_buffer_append_le32(&writer->pending, entry->info.attributes, error);
}

static wcl_status transport_writer_write_stream(transport_writer *writer, const void *data,
                                                size_t size, wcl_error *error)
{
    if (wcl_backup_decoder_write(writer->checker, data, size, error) != WCL_OK)
        return WCL_FAILED;
    if (writer->pending.size + size <= PENDING_MAX)
        return wcl_buffer_append(&writer->pending, data, size, error);
    if (transport_writer_flush(writer, error) != WCL_OK ||
        wcl_pwrite_full(writer->file, data, size, writer->file_size, error) != WCL_OK)
        return WCL_FAILED;
    writer->file_size += size;
    return WCL_OK;
}

static wcl_status end_stream(transport_writer *writer, wcl_error *error)
{
    struct stat status;

    if (wcl_backup_decoder_finish(writer->checker, error) != WCL_OK ||
        transport_writer_flush(writer, error) != WCL_OK ||
        wcl_set_file_times(writer->file, &writer->record.info, error) != WCL_OK)
        return WCL_FAILED;
    if (fstat(writer->file, &status) < 0)
        return wcl_fail_errno(error, errno, "cannot look at the file");
    wcl_file_record_see(&writer->record, &status);
    return wcl_plain_writer_keep(writer->plain, wcl_buffer_text(&writer->disk_path), writer->file,
                                 &writer->record, error);
}

/* ---- Implied folders ------------------------------------------------------------------------ */

static wcl_status transport_writer_begin(transport_writer *writer, const wcl_entry *entry,
                                         wcl_error *error)
{
    writer->in_stream = wcl_transport_keeps_stream(entry->path);
    return writer->in_stream ? add_stream(writer, entry, error)
                             : wcl_plain_writer_add(writer->plain, entry, error);
}

static wcl_status transport_writer_end(transport_writer *writer, wcl_error *error)
{
    return writer->in_stream ? end_stream(writer, error)
                             : wcl_plain_writer_end_entry(writer->plain, error);
}

static wcl_status defer(transport_writer *writer, const wcl_entry *entry, wcl_error *error)
{
    implied_folder folder;

    memset(&folder, 0, sizeof(folder));
    folder.info = entry->info;
    writer->is_deferred = true;
    if (!writer->implied && wcl_map_new(sizeof(implied_folder), &writer->implied, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_map_set(writer->implied, entry->path, strlen(entry->path), &folder, error);
}

/* Begins the entry of a folder that was put off. */
static wcl_status begin_implied(transport_writer *writer, const char *path, size_t length,
                                implied_folder *folder, wcl_error *error)
{
    folder->is_made = true;
    WCL_CLEANUP_FREE char *own = strndup(path, length);
    if (!own)
        return wcl_fail_memory(error);
    const wcl_entry entry = { .struct_size = sizeof(entry),
                              .kind = WCL_ENTRY_DIRECTORY,
                              .flags = WCL_ENTRY_IMPLICIT | WCL_ENTRY_IN_ORDER,
                              .path = own,
                              .info = folder->info };
    return transport_writer_begin(writer, &entry, error);
}

/* Makes the folders that lead to `path` and were put off. */
static wcl_status make_way(transport_writer *writer, const char *path, wcl_error *error)
{
    for (const char *at = path; writer->implied && (at = strchr(at, '/')); at++) {
        size_t length = (size_t)(at - path);
        implied_folder *folder = wcl_map_find(writer->implied, path, length);
        if (folder && !folder->is_made &&
            (begin_implied(writer, path, length, folder, error) != WCL_OK ||
             transport_writer_end(writer, error) != WCL_OK))
            return WCL_FAILED;
    }
    return WCL_OK;
}

/* An implied folder that has streams is one to be made after all. */
static wcl_status begin_deferred(transport_writer *writer, const char *path, wcl_error *error)
{
    size_t length = strlen(path);

    writer->is_deferred = false;
    if (make_way(writer, path, error) != WCL_OK)
        return WCL_FAILED;
    return begin_implied(writer, path, length, wcl_map_find(writer->implied, path, length), error);
}

/* ---- Operations ----------------------------------------------------------------------------- */

static wcl_status transport_writer_add(wcl_layer_writer *base, const wcl_entry *entry,
                                       wcl_error *error)
{
    transport_writer *writer = (transport_writer *)base;

    if (entry->has_posix || (entry->kind != WCL_ENTRY_FILE && entry->kind != WCL_ENTRY_DIRECTORY))
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "a transport folder holds Windows layers only");
    if (wcl_path_check_windows(entry->path, error) != WCL_OK)
        return WCL_FAILED;
    writer->is_deferred = false;
    if (entry->flags & WCL_ENTRY_IMPLICIT && entry->kind == WCL_ENTRY_DIRECTORY)
        return defer(writer, entry, error);
    return make_way(writer, entry->path, error) == WCL_OK
               ? transport_writer_begin(writer, entry, error)
               : WCL_FAILED;
}

static wcl_status keep_link(wcl_layer_writer *base, const char *path, const char *target,
                            const wcl_basic_info *info, wcl_error *error)
{
    if (wcl_path_check_windows(path, error) != WCL_OK ||
        wcl_path_check_windows(target, error) != WCL_OK ||
        make_way((transport_writer *)base, path, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_plain_writer_add_link(((transport_writer *)base)->plain, path, target, info, error);
}

static wcl_status transport_writer_add_link(wcl_layer_writer *base, const char *path,
                                            const char *target, wcl_error *error)
{
    return keep_link(base, path, target, NULL, error);
}

static wcl_status transport_writer_add_link_entry(wcl_layer_writer *base, const wcl_entry *entry,
                                                  wcl_error *error)
{
    return keep_link(base, entry->path, entry->target, &entry->info, error);
}

static wcl_status remove_entry(wcl_layer_writer *base, const char *path, wcl_error *error)
{
    transport_writer *writer = (transport_writer *)base;

    if (wcl_path_check_windows(path, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_transport_keeps_stream(path) && path[5] == '/')
        return wcl_tombstones_add(&writer->tombstones, path, error);
    return wcl_plain_writer_remove(writer->plain, path, error);
}

static wcl_status write_data(wcl_layer_writer *base, const void *data, size_t size,
                             wcl_error *error)
{
    transport_writer *writer = (transport_writer *)base;

    if (writer->is_deferred && begin_deferred(writer, base->current, error) != WCL_OK)
        return WCL_FAILED;
    return writer->in_stream ? transport_writer_write_stream(writer, data, size, error)
                             : wcl_plain_writer_write(writer->plain, data, size, error);
}

static wcl_status transport_writer_end_entry(wcl_layer_writer *base, wcl_error *error)
{
    transport_writer *writer = (transport_writer *)base;
    return writer->is_deferred ? WCL_OK : transport_writer_end(writer, error);
}

static wcl_status transport_writer_finish(wcl_layer_writer *base, wcl_error *error)
{
    transport_writer *writer = (transport_writer *)base;
    WCL_CLEANUP_FD int fd = -1;

    if (wcl_plain_writer_make_file(writer->plain, WCL_TOMBSTONES_NAME, &fd, error) != WCL_OK ||
        wcl_pwrite_full(fd, writer->tombstones.data, writer->tombstones.size, 0, error) != WCL_OK)
        return wcl_error_context(error, NULL, WCL_TOMBSTONES_NAME);
    if (wcl_plain_writer_finish(writer->plain, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_staging_commit(writer->staging, error);
}

static void transport_writer_free(wcl_layer_writer *base)
{
    transport_writer *writer = (transport_writer *)base;

    wcl_cleanup_fd(&writer->file);
    wcl_backup_decoder_free(writer->checker);
    wcl_file_record_free(&writer->record);
    wcl_buffer_free(&writer->disk_path);
    wcl_buffer_free(&writer->pending);
    wcl_buffer_free(&writer->tombstones);
    wcl_plain_writer_free(writer->plain);
    wcl_map_free(writer->implied);
    wcl_staging_free(writer->staging);
    free(writer);
}

static const wcl_layer_writer_ops transport_writer_ops = {
    .name = "write transport folder",
    .add = transport_writer_add,
    .add_link = transport_writer_add_link,
    .add_link_entry = transport_writer_add_link_entry,
    .remove = remove_entry,
    .write = write_data,
    .end_entry = transport_writer_end_entry,
    .finish = transport_writer_finish,
    .free = transport_writer_free,
};

/* ---- Opening -------------------------------------------------------------------------------- */

static wcl_status pass_header(void *context, const wcl_backup_header *header, wcl_error *error)
{
    (void)context, (void)header, (void)error;
    return WCL_OK;
}

static wcl_status pass_data(void *context, const void *data, size_t size, wcl_error *error)
{
    (void)context, (void)data, (void)size, (void)error;
    return WCL_OK;
}

static wcl_status transport_writer_open_parts(transport_writer *writer, const char *folder,
                                              bool avoid_xattrs, wcl_error *error)
{
    static const wcl_backup_events events = { pass_header, pass_data };
    const wcl_plain_options options = {
        .name_max = WCL_DISK_NAME_MAX_TRANSPORT,
        .avoid_xattrs = avoid_xattrs,
        .holder = WCL_TOMBSTONES_NAME,
    };

    if (wcl_staging_open(folder, &writer->staging, error) != WCL_OK ||
        wcl_plain_writer_new(wcl_staging_root(writer->staging), &options, &writer->plain, error) !=
            WCL_OK ||
        wcl_backup_decoder_new(&events, writer, &writer->checker, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_tombstones_start(&writer->tombstones, error);
}

wcl_status wcl_transport_writer_open_with(const char *folder, bool avoid_xattrs,
                                          wcl_layer_writer **writer, wcl_error *error)
{
    transport_writer *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    made->base.ops = &transport_writer_ops;
    made->file = -1;
    if (transport_writer_open_parts(made, folder, avoid_xattrs, error) != WCL_OK) {
        transport_writer_free(&made->base);
        return wcl_error_context(error, transport_writer_ops.name, folder);
    }
    *writer = &made->base;
    return WCL_OK;
}

wcl_status wcl_transport_writer_open(const char *folder, wcl_layer_writer **writer,
                                     wcl_error *error)
{
    *writer = NULL;
    return wcl_transport_writer_open_with(wcl_text(folder), false, writer, error);
}
