/* The writer of layer tars. */
#include <wcl/backupstream.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/options.h"
#include "base/hooks.h"
#include "layer/entry/entry.h"
#include "layer/entry/ops.h"
#include "layer/entry/path.h"
#include "compress/compress.h"
#include "layer/tar/limits.h"
#include "base/map.h"
#include "layer/tar/tar_names.h"
#include "layer/tar/tar_plan.h"
#include "layer/entry/windows_names.h"

#define SPOOL_MEMORY (1024u * 1024)
#define COPY_SIZE (64u * 1024)

/* What a link to a file says of it. */
typedef struct file_facts {
    wcl_basic_info info;
    bool has_posix;
    uint32_t mode;
    uint32_t uid;
    uint32_t gid;
    struct timespec modified;
} file_facts;

typedef enum entry_state {
    ENTRY_NONE,
    ENTRY_PASSED_OVER, /* nothing is written for it */
    ENTRY_COLLECTING,  /* its streams are kept aside */
    ENTRY_STREAMING,   /* its headers are written, and data is passed on as it comes */
} entry_state;

typedef struct tar_writer {
    wcl_layer_writer base;
    wcl_output *output;
    wcl_new_file *file; /* NULL where the output is the caller's */
    bool plain_backuptar;
    uint64_t made; /* bytes of the tar */
    uint64_t max_size;
    uint64_t zeros; /* for holes, among them */
    uint64_t zeros_max;
    wcl_map *files; /* the facts of files, for links to them */

    entry_state state;
    wcl_entry entry; /* its texts are copies */
    wcl_backup_decoder *decoder;
    wcl_stream_table table;
    wcl_spool spool;
    wcl_tar_plan plan;
    wcl_buffer headers;
    uint64_t body_size;       /* of the body being written */
    uint8_t piece[COPY_SIZE]; /* of what is taken from the spool */
    bool is_dropping;         /* what comes has no place in the tar */
} tar_writer;

static tar_writer *tar_writer_of(wcl_layer_writer *base)
{
    return (tar_writer *)base;
}

/* ---- Output --------------------------------------------------------------------------------- */

/* Adds `size` to what the tar has, of which `made` has a copy until it is written. */
static wcl_status count_bytes(const tar_writer *writer, uint64_t size, uint64_t *made,
                              wcl_error *error)
{
    if (!__builtin_add_overflow(writer->made, size, made) && *made <= writer->max_size)
        return WCL_OK;
    return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE,
                    "the tar would have more than the %" PRIu64
                    " bytes that are allowed; --max-size raises the limit",
                    writer->max_size);
}

/* All of the tar goes through here. */
static wcl_status write_bytes(tar_writer *writer, const void *data, size_t size, wcl_error *error)
{
    const wcl_progress progress = { .operation = writer->base.ops->name,
                                    .subject = writer->base.current,
                                    .done = writer->made };

    if (count_bytes(writer, size, &writer->made, error) != WCL_OK ||
        (size >= COPY_SIZE && wcl_hooks_report(writer->base.hooks, &progress, error) != WCL_OK))
        return WCL_FAILED;
    return wcl_output_write(writer->output, data, size, error);
}

static wcl_status write_zeros(tar_writer *writer, uint64_t size, wcl_error *error)
{
    static const uint8_t zeros[COPY_SIZE];

    while (size > 0) {
        size_t some = size < COPY_SIZE ? (size_t)size : COPY_SIZE;
        if (write_bytes(writer, zeros, some, error) != WCL_OK)
            return WCL_FAILED;
        size -= some;
    }
    return WCL_OK;
}

static wcl_status write_padding(tar_writer *writer, uint64_t size, wcl_error *error)
{
    return write_zeros(writer, wcl_tar_padding(size), error);
}

static wcl_status write_headers(tar_writer *writer, wcl_error *error)
{
    return write_bytes(writer, writer->headers.data, writer->headers.size, error);
}

/* Writes an entry that has no data. */
static wcl_status write_header_only(tar_writer *writer, const wcl_tar_header *header,
                                    wcl_error *error)
{
    wcl_buffer_clear(&writer->headers);
    if (wcl_tar_header_append(header, &writer->headers, error) != WCL_OK)
        return WCL_FAILED;
    return write_headers(writer, error);
}

/* ---- Entries without streams ---------------------------------------------------------------- */

/* Refuses a name that would be read as something else. */
static wcl_status check_path(const char *path, bool is_windows, wcl_error *error)
{
    if (is_windows && wcl_path_check_windows(path, error) != WCL_OK)
        return WCL_FAILED;
    if (strncmp(wcl_path_base(path), WCL_WHITEOUT_PREFIX, strlen(WCL_WHITEOUT_PREFIX)) == 0)
        return wcl_fail(error, WCL_CODE_INVALID_NAME,
                        "the name begins with '" WCL_WHITEOUT_PREFIX
                        "', which says in a tar that a file was deleted");
    return WCL_OK;
}

static wcl_status write_whiteout(tar_writer *writer, const char *folder, size_t folder_size,
                                 const char *prefix, const char *base, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer name = WCL_BUFFER_INIT;

    if (wcl_buffer_append(&name, folder, folder_size, error) != WCL_OK ||
        (folder_size > 0 && wcl_buffer_append_byte(&name, '/', error) != WCL_OK) ||
        wcl_buffer_append_text(&name, prefix, error) != WCL_OK ||
        wcl_buffer_append_text(&name, base, error) != WCL_OK)
        return WCL_FAILED;
    wcl_tar_header header = { .type = '0', .name = wcl_buffer_text(&name) };
    return write_header_only(writer, &header, error);
}

static wcl_status writer_remove(wcl_layer_writer *base, const char *path, wcl_error *error)
{
    if (check_path(path, false, error) != WCL_OK)
        return WCL_FAILED;
    return write_whiteout(tar_writer_of(base), path, wcl_path_parent_length(path),
                          WCL_WHITEOUT_PREFIX, wcl_path_base(path), error);
}

static wcl_status remember_file(tar_writer *writer, const wcl_entry *entry, wcl_error *error)
{
    file_facts facts = { .info = entry->info,
                         .has_posix = entry->has_posix,
                         .mode = entry->mode,
                         .uid = entry->uid,
                         .gid = entry->gid,
                         .modified = entry->modified };
    return wcl_map_set(writer->files, entry->path, strlen(entry->path), &facts, error);
}

/* Writes a link with what its entry says of the file, as Windows' and Linux' tools both do. */
static wcl_status write_link(tar_writer *writer, const wcl_entry *entry, wcl_error *error)
{
    wcl_pax_set records = { 0 };
    wcl_tar_header header = { .type = '1', .name = entry->path, .link = entry->target };

    if (check_path(entry->path, false, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = wcl_tar_plan_set_info(&header, &records, entry, error);
    if (!entry->has_posix)
        header.mode = 0644;
    header.records = records.records.items;
    header.record_count = records.records.count;
    if (status == WCL_OK)
        status = write_header_only(writer, &header, error);
    wcl_pax_set_free(&records);
    return status;
}

static wcl_status writer_add_link(wcl_layer_writer *base, const char *path, const char *target,
                                  wcl_error *error)
{
    tar_writer *writer = tar_writer_of(base);
    const file_facts *facts = wcl_map_find(writer->files, target, strlen(target));
    wcl_tar_header plain = { .type = '1', .name = path, .link = target, .mode = 0644 };

    if (!facts) {
        if (check_path(path, false, error) != WCL_OK)
            return WCL_FAILED;
        return write_header_only(writer, &plain, error);
    }
    wcl_entry entry = { .struct_size = sizeof(entry),
                        .kind = WCL_ENTRY_HARD_LINK,
                        .path = path,
                        .target = target,
                        .info = facts->info,
                        .has_posix = facts->has_posix,
                        .mode = facts->mode,
                        .uid = facts->uid,
                        .gid = facts->gid,
                        .modified = facts->modified };
    return write_link(writer, &entry, error);
}

/* A link whose own entry says nothing of the file has what the file's entry said. */
static wcl_status writer_add_link_entry(wcl_layer_writer *base, const wcl_entry *entry,
                                        wcl_error *error)
{
    if (!wcl_entry_describes_file(entry))
        return writer_add_link(base, entry->path, entry->target, error);
    return write_link(tar_writer_of(base), entry, error);
}

/* ---- Bodies --------------------------------------------------------------------------------- */

static wcl_status write_row(tar_writer *writer, const wcl_stream_row *row, wcl_error *error)
{
    for (uint64_t done = 0; done < row->size;) {
        uint64_t left = row->size - done;
        size_t some = left < COPY_SIZE ? (size_t)left : COPY_SIZE;
        if (wcl_spool_read(&writer->spool, row->position + done, writer->piece, some, error) !=
                WCL_OK ||
            write_bytes(writer, writer->piece, some, error) != WCL_OK)
            return WCL_FAILED;
        done += some;
    }
    return WCL_OK;
}

/* Refuses a body that is too large before any of it is written. */
static wcl_status check_body(tar_writer *writer, const wcl_tar_body *body, wcl_error *error)
{
    uint64_t holes = body->size, made;

    for (size_t i = 0; i < body->row_count; i++)
        holes -= writer->table.rows[body->first_row + i].size;
    if (wcl_tar_count_zeros(&writer->zeros, holes, writer->zeros_max, error) != WCL_OK)
        return WCL_FAILED;
    return count_bytes(writer, body->size, &made, error);
}

/* Writes the streams of a body from where they were kept, with zeros between sparse blocks. */
static wcl_status write_body(tar_writer *writer, const wcl_tar_body *body, wcl_error *error)
{
    uint64_t position = 0;

    if (check_body(writer, body, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i < body->row_count; i++) {
        const wcl_stream_row *row = &writer->table.rows[body->first_row + i];
        bool is_block = i > 0 && row->id == WCL_BACKUP_SPARSE_BLOCK;
        if (is_block && write_zeros(writer, row->offset - position, error) != WCL_OK)
            return WCL_FAILED;
        if (write_row(writer, row, error) != WCL_OK)
            return WCL_FAILED;
        position = (is_block ? row->offset : 0) + row->size;
    }
    return write_padding(writer, body->size, error);
}

static wcl_status write_alternate_header(tar_writer *writer, const char *name, uint64_t size,
                                         wcl_error *error)
{
    wcl_buffer_clear(&writer->headers);
    if (wcl_tar_plan_append_alternate(&writer->plan, name, size, &writer->headers, error) != WCL_OK)
        return WCL_FAILED;
    return write_headers(writer, error);
}

static const char *body_name(const tar_writer *writer, const wcl_tar_body *body)
{
    return (const char *)writer->plan.names.data + body->name;
}

static wcl_status make_plan(tar_writer *writer, bool is_streaming, wcl_error *error)
{
    wcl_tar_plan_options options = { .plain_backuptar = writer->plain_backuptar,
                                     .is_streaming = is_streaming };

    wcl_buffer_clear(&writer->headers);
    if (wcl_tar_plan_make(&writer->plan, &writer->entry, &writer->table, &writer->spool, &options,
                          error) != WCL_OK ||
        wcl_tar_plan_append_headers(&writer->plan, &writer->headers, error) != WCL_OK)
        return WCL_FAILED;
    return write_headers(writer, error);
}

/* Writes an entry all of whose streams are kept. */
static wcl_status write_collected(tar_writer *writer, wcl_error *error)
{
    const wcl_tar_plan *plan = &writer->plan;

    if (make_plan(writer, false, error) != WCL_OK)
        return WCL_FAILED;
    if (plan->header.type == '0' && write_body(writer, &plan->bodies[0], error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 1; i < plan->body_count; i++) {
        const wcl_tar_body *body = &plan->bodies[i];
        if (write_alternate_header(writer, body_name(writer, body), body->size, error) != WCL_OK ||
            write_body(writer, body, error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

/* ---- Streams as they come ------------------------------------------------------------------- */

static wcl_status fail_promise(const wcl_backup_header *header, wcl_error *error)
{
    return wcl_fail(error, WCL_CODE_INVALID_DATA,
                    "the entry's backup stream was promised in order, but a stream of kind %" PRIu32
                    " stands where it cannot",
                    header->id);
}

/* Whether the plan has a body for the row whose data is to come. */
static bool has_place(const tar_writer *writer)
{
    const wcl_tar_plan *plan = &writer->plan;
    const wcl_stream_row *row = &writer->table.rows[writer->table.count - 1];

    return row->source == WCL_STREAM_BODY ||
           (row->source == WCL_STREAM_NEXT_BODY && plan->body_count > 1);
}

/* The first stream that is no metadata has come: all that the headers say is known. */
static wcl_status begin_streaming(tar_writer *writer, const wcl_backup_header *header,
                                  wcl_error *error)
{
    const wcl_tar_plan *plan = &writer->plan;

    if (header->id == WCL_BACKUP_DATA && header->size != writer->entry.size)
        return wcl_fail(error, WCL_CODE_INVALID_DATA,
                        "the entry's data is of %" PRIu64 " bytes, not of %" PRIu64
                        " as was promised",
                        header->size, writer->entry.size);
    if (make_plan(writer, true, error) != WCL_OK)
        return WCL_FAILED;
    writer->state = ENTRY_STREAMING;
    writer->is_dropping = !has_place(writer);
    writer->body_size = writer->is_dropping ? 0 : header->size;
    const wcl_tar_body *last = &plan->bodies[plan->body_count - 1];
    if (plan->body_count == 1)
        return WCL_OK;
    return write_alternate_header(writer, body_name(writer, last), header->size, error);
}

/* Goes on to another alternate stream. */
static wcl_status continue_streaming(tar_writer *writer, const wcl_backup_header *header,
                                     wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer buffer = WCL_BUFFER_INIT;

    if (header->id != WCL_BACKUP_ALTERNATE_DATA || header->attributes != 0 ||
        !wcl_stream_is_plain_name(header->name))
        return fail_promise(header, error);
    const char *name = wcl_stream_short_name(header->name, &buffer, error);
    if (!name || write_padding(writer, writer->body_size, error) != WCL_OK)
        return WCL_FAILED;
    writer->is_dropping = false;
    writer->body_size = header->size;
    return write_alternate_header(writer, name, header->size, error);
}

static wcl_status check_linux_stream(const tar_writer *writer, const wcl_backup_header *header,
                                     wcl_error *error)
{
    if (!writer->entry.has_posix || (header->id == WCL_BACKUP_DATA && writer->table.count == 0) ||
        (header->id == WCL_BACKUP_SPARSE_BLOCK && writer->table.count > 0))
        return WCL_OK;
    return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                    "a file of a Linux layer can have data, but no stream of kind %" PRIu32,
                    header->id);
}

static wcl_status on_header(void *context, const wcl_backup_header *header, wcl_error *error)
{
    tar_writer *writer = context;
    bool is_metadata = header->id == WCL_BACKUP_SECURITY_DATA || header->id == WCL_BACKUP_EA_DATA ||
                       header->id == WCL_BACKUP_REPARSE_DATA;

    if (writer->state == ENTRY_STREAMING)
        return continue_streaming(writer, header, error);
    if (check_linux_stream(writer, header, error) != WCL_OK)
        return WCL_FAILED;
    wcl_stream_row *row = wcl_stream_table_add(&writer->table, header, error);
    if (!row)
        return WCL_FAILED;
    row->position = writer->spool.size;
    if (!(writer->entry.flags & WCL_ENTRY_IN_ORDER))
        return WCL_OK;
    if (writer->table.shape.out_of_order)
        return fail_promise(header, error);
    return is_metadata ? WCL_OK : begin_streaming(writer, header, error);
}

static wcl_status on_data(void *context, const void *data, size_t size, wcl_error *error)
{
    tar_writer *writer = context;

    if (writer->state == ENTRY_COLLECTING)
        return wcl_spool_append(&writer->spool, data, size, error);
    if (writer->is_dropping)
        return WCL_OK;
    return write_bytes(writer, data, size, error);
}

/* ---- The writer's operations ---------------------------------------------------------------- */

static wcl_status check_entry(const wcl_entry *entry, wcl_error *error)
{
    bool is_windows = !entry->has_posix;

    if (check_path(entry->path, is_windows, error) != WCL_OK)
        return WCL_FAILED;
    if (entry->kind == WCL_ENTRY_FILE || entry->kind == WCL_ENTRY_DIRECTORY)
        return WCL_OK;
    if (is_windows)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "an entry of kind %d must have the metadata of a Linux file", entry->kind);
    if (entry->kind == WCL_ENTRY_SYMLINK && (!entry->target || !*entry->target))
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "the symbolic link has no target");
    return WCL_OK;
}

static wcl_status writer_add(wcl_layer_writer *base, const wcl_entry *entry, wcl_error *error)
{
    tar_writer *writer = tar_writer_of(base);

    writer->state = ENTRY_PASSED_OVER;
    if (entry->flags & WCL_ENTRY_IMPLICIT)
        return WCL_OK;
    if (entry->kind == WCL_ENTRY_OPAQUE)
        return write_whiteout(writer, entry->path,
                              strcmp(entry->path, ".") == 0 ? 0 : strlen(entry->path), "",
                              WCL_WHITEOUT_OPAQUE, error);
    if (check_entry(entry, error) != WCL_OK)
        return WCL_FAILED;
    wcl_entry_copy_free(&writer->entry);
    if (wcl_entry_copy(entry, &writer->entry, error) != WCL_OK)
        return WCL_FAILED;
    if (entry->kind == WCL_ENTRY_FILE && remember_file(writer, entry, error) != WCL_OK)
        return WCL_FAILED;
    wcl_stream_table_clear(&writer->table);
    writer->state = ENTRY_COLLECTING;
    return wcl_spool_clear(&writer->spool, error);
}

static wcl_status writer_write(wcl_layer_writer *base, const void *data, size_t size,
                               wcl_error *error)
{
    tar_writer *writer = tar_writer_of(base);

    if (writer->state == ENTRY_PASSED_OVER)
        return WCL_OK;
    return wcl_backup_decoder_write(writer->decoder, data, size, error);
}

static wcl_status writer_end_entry(wcl_layer_writer *base, wcl_error *error)
{
    tar_writer *writer = tar_writer_of(base);
    entry_state state = writer->state;

    writer->state = ENTRY_NONE;
    if (state == ENTRY_PASSED_OVER || state == ENTRY_NONE)
        return WCL_OK;
    if (wcl_backup_decoder_finish(writer->decoder, error) != WCL_OK)
        return WCL_FAILED;
    if (state == ENTRY_STREAMING)
        return write_padding(writer, writer->body_size, error);
    return write_collected(writer, error);
}

static wcl_status writer_finish(wcl_layer_writer *base, wcl_error *error)
{
    tar_writer *writer = tar_writer_of(base);

    if (write_zeros(writer, 2 * WCL_TAR_BLOCK_SIZE, error) != WCL_OK ||
        wcl_output_finish(writer->output, error) != WCL_OK)
        return WCL_FAILED;
    return writer->file ? wcl_new_file_finish(writer->file, error) : WCL_OK;
}

static void writer_free(wcl_layer_writer *base)
{
    tar_writer *writer = tar_writer_of(base);

    wcl_output_free(writer->output);
    wcl_new_file_free(writer->file);
    wcl_map_free(writer->files);
    wcl_entry_copy_free(&writer->entry);
    wcl_backup_decoder_free(writer->decoder);
    wcl_stream_table_free(&writer->table);
    wcl_spool_free(&writer->spool);
    wcl_tar_plan_free(&writer->plan);
    wcl_buffer_free(&writer->headers);
    free(writer);
}

static const wcl_layer_writer_ops writer_ops = {
    .name = "write layer tar",
    .add = writer_add,
    .add_link = writer_add_link,
    .add_link_entry = writer_add_link_entry,
    .remove = writer_remove,
    .write = writer_write,
    .end_entry = writer_end_entry,
    .finish = writer_finish,
    .free = writer_free,
};

/* ---- Opening -------------------------------------------------------------------------------- */

/* Takes over `file`, also when it fails. */
static wcl_status open_writer(wcl_write_fn write, void *context, wcl_new_file *file,
                              const wcl_tar_writer_options *options, wcl_layer_writer **made,
                              wcl_error *error)
{
    static const wcl_backup_events events = { .header = on_header, .data = on_data };
    tar_writer *writer = calloc(1, sizeof(*writer));

    if (!writer) {
        wcl_new_file_free(file);
        return wcl_fail_memory(error);
    }
    writer->base.ops = &writer_ops;
    writer->file = file;
    writer->plain_backuptar = options->plain_backuptar;
    writer->max_size = wcl_tar_limit(options->max_size, WCL_TAR_NO_LIMIT);
    writer->zeros_max = wcl_tar_limit(options->max_size, WCL_TAR_SIZE_MAX);
    wcl_spool_init(&writer->spool, SPOOL_MEMORY);
    if (wcl_map_new(sizeof(file_facts), &writer->files, error) != WCL_OK ||
        wcl_backup_decoder_new(&events, writer, &writer->decoder, error) != WCL_OK ||
        wcl_output_open(write, context, options->compression, options->level, &writer->output,
                        error) != WCL_OK) {
        writer_free(&writer->base);
        return WCL_FAILED;
    }
    *made = &writer->base;
    return WCL_OK;
}

wcl_status wcl_tar_writer_open(wcl_write_fn write, void *context,
                               const wcl_tar_writer_options *options, wcl_layer_writer **writer,
                               wcl_error *error)
{
    wcl_tar_writer_options own = WCL_TAR_WRITER_OPTIONS_INIT;

    *writer = NULL;
    if (WCL_TAKE(wcl_tar_writer_options, &own, options, __func__, error) == WCL_OK &&
        open_writer(write, context, NULL, &own, writer, error) == WCL_OK)
        return WCL_OK;
    return wcl_error_context(error, writer_ops.name, NULL);
}

wcl_status wcl_tar_writer_open_file(const char *name, const wcl_tar_writer_options *options,
                                    wcl_layer_writer **writer, wcl_error *error)
{
    wcl_tar_writer_options own = WCL_TAR_WRITER_OPTIONS_INIT;
    wcl_new_file *file;

    *writer = NULL;
    if (WCL_TAKE(wcl_tar_writer_options, &own, options, __func__, error) == WCL_OK &&
        wcl_new_file_open(name, &file, error) == WCL_OK &&
        open_writer(wcl_write_fd, wcl_new_file_fd(file), file, &own, writer, error) == WCL_OK)
        return WCL_OK;
    return wcl_error_context(error, writer_ops.name, name);
}
