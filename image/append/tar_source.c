/* The entries of a tar as they are appended to an image. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "base/hooks.h"
#include "base/spool.h"
#include "image/append/source.h"
#include "image/append/tar_table.h"
#include "compress/compress.h"
#include "layer/internal.h"

#define SPOOL_MEMORY (1024u * 1024)

typedef struct tar_source {
    wcl_append_source base;
    wcl_append_tar from;
    wcl_progress progress;
    bool is_spooled; /* the plain tar is in the spool, not in the file itself */
    wcl_spool spool;
    uint64_t position; /* while it is read from its beginning to its end */
    wcl_tar_table table;
    size_t next;
    uint64_t zeros; /* for holes, which the layer has in full */
    wcl_xattr *xattrs;
    const wcl_tar_row *row; /* at hand */
    uint64_t given;         /* of its data */
    size_t segment;
} tar_source;

static tar_source *tar_source_of(wcl_append_source *base)
{
    return (tar_source *)base;
}

/* ---- The plain tar -------------------------------------------------------------------------- */

/* Whether whoever appends wants to go on. */
static wcl_status append_tar_source_report(tar_source *source, wcl_error *error)
{
    return wcl_hooks_report(source->from.hooks, &source->progress, error);
}

static wcl_status read_input(void *context, void *buffer, size_t size, size_t *got,
                             wcl_error *error)
{
    const tar_source *source = context;
    ssize_t result;

    if (source->from.fd < 0)
        return source->from.read(source->from.context, buffer, size, got, error);
    do
        result = read(source->from.fd, buffer, size);
    while (result < 0 && errno == EINTR);
    if (result < 0)
        return wcl_fail_errno(error, errno, "cannot read it");
    *got = (size_t)result;
    return WCL_OK;
}

static wcl_status fill_spool(tar_source *source, wcl_input *input, wcl_error *error)
{
    wcl_block *block;
    wcl_status status;

    while ((status = wcl_input_next(input, &block, error)) == WCL_OK) {
        status = wcl_spool_append(&source->spool, block->data, block->size, error);
        wcl_block_unref(block);
        source->progress.done = source->spool.size;
        if (status != WCL_OK || append_tar_source_report(source, error) != WCL_OK)
            return WCL_FAILED;
    }
    return status == WCL_END ? WCL_OK : status;
}

/* Makes the tar one that can be read at any place. */
static wcl_status make_plain(tar_source *source, wcl_error *error)
{
    struct stat file;
    wcl_input *input;
    int fd = source->from.fd;
    bool can_seek = fd >= 0 && fstat(fd, &file) == 0 && S_ISREG(file.st_mode);

    const wcl_input_options options = {
        .max_size = wcl_tar_limit(source->from.max_size, WCL_TAR_SIZE_MAX),
        .max_ratio = wcl_tar_limit(source->from.max_ratio, WCL_TAR_RATIO_MAX),
    };

    if (wcl_input_open(read_input, source, &options, &input, error) != WCL_OK)
        return WCL_FAILED;
    source->is_spooled = !can_seek || wcl_input_compression(input) != WCL_COMPRESSION_NONE;
    wcl_status status = source->is_spooled ? fill_spool(source, input, error) : WCL_OK;
    wcl_input_free(input);
    return status;
}

static wcl_status read_at(const tar_source *source, uint64_t offset, void *buffer, size_t size,
                          size_t *got, wcl_error *error)
{
    if (!source->is_spooled)
        return wcl_pread_full(source->from.fd, buffer, size, offset, got, error);
    uint64_t left = offset < source->spool.size ? source->spool.size - offset : 0;
    *got = left < size ? (size_t)left : size;
    return *got ? wcl_spool_read(&source->spool, offset, buffer, *got, error) : WCL_OK;
}

static wcl_status read_plain(void *context, void *buffer, size_t size, size_t *got,
                             wcl_error *error)
{
    tar_source *source = context;

    if (read_at(source, source->position, buffer, size, got, error) != WCL_OK)
        return WCL_FAILED;
    source->position += *got;
    return WCL_OK;
}

/* ---- Collecting ----------------------------------------------------------------------------- */

static wcl_status refuse_windows(const wcl_tar_entry *entry, wcl_error *error)
{
    for (size_t i = 0; i < entry->records->count; i++)
        if (wcl_pax_has_prefix(&entry->records->items[i], "MSWINDOWS."))
            return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                            "it has Windows' own metadata already: the tar is a layer, and not "
                            "files to make one of");
    return WCL_OK;
}

static wcl_status collect_entry(tar_source *source, const wcl_tar_reader *tar,
                                const wcl_entry *entry, wcl_error *error)
{
    const wcl_tar_entry *raw = tar->tar_entry;
    wcl_tar_segment whole = { .size = entry->size, .position = raw->data_offset };
    bool is_file = entry->kind == WCL_ENTRY_FILE;
    uint64_t holes = is_file && raw->is_sparse ? entry->size : 0;

    for (size_t i = 0; holes > 0 && i < raw->segment_count; i++)
        holes -= raw->segments[i].size;
    if (wcl_tar_count_zeros(&source->zeros, holes,
                            wcl_tar_limit(source->from.max_size, WCL_TAR_SIZE_MAX),
                            error) != WCL_OK)
        return wcl_error_context(error, NULL, entry->path);
    if (entry->flags & WCL_ENTRY_IMPLICIT)
        return wcl_tar_table_add(&source->table, entry, NULL, 0, error);
    if (refuse_windows(raw, error) != WCL_OK)
        return wcl_error_context(error, NULL, entry->path);
    if (entry->kind == WCL_ENTRY_OPAQUE)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "'%s' says that a folder is opaque; name what is to be deleted instead",
                        raw->name);
    if (is_file && raw->is_sparse)
        return wcl_tar_table_add(&source->table, entry, raw->segments, raw->segment_count, error);
    return wcl_tar_table_add(&source->table, entry, &whole, is_file, error);
}

static wcl_status collect(tar_source *source, wcl_error *error)
{
    const wcl_tar_reader_options options = { .struct_size = sizeof(options),
                                             .os = WCL_OS_LINUX,
                                             .max_size = source->from.max_size,
                                             .max_entries = source->from.max_entries };
    wcl_entry entry = WCL_ENTRY_INIT;
    wcl_layer_reader *reader;
    wcl_status status;

    if (wcl_tar_reader_open(read_plain, source, &options, &reader, error) != WCL_OK)
        return WCL_FAILED;
    while ((status = wcl_layer_reader_next(reader, &entry, error)) == WCL_OK)
        if (collect_entry(source, (const wcl_tar_reader *)reader, &entry, error) != WCL_OK ||
            append_tar_source_report(source, error) != WCL_OK)
            break;
    wcl_status closed = wcl_layer_reader_close(reader, status == WCL_END ? error : NULL);
    if (status != WCL_END || closed != WCL_OK)
        return WCL_FAILED;
    return wcl_tar_table_settle(&source->table, error);
}

/* ---- Giving --------------------------------------------------------------------------------- */

static wcl_status source_next(wcl_append_source *base, wcl_entry *entry, wcl_error *error)
{
    tar_source *source = tar_source_of(base);

    if (source->next == source->table.count)
        return WCL_END;
    source->row = &source->table.rows[source->next++];
    source->given = 0;
    source->segment = 0;
    return wcl_tar_table_entry(&source->table, source->row, entry, &source->xattrs, error);
}

/* The segment that the next byte is in, or the next one behind it; NULL behind the last. */
static const wcl_tar_segment *segment_at_hand(tar_source *source)
{
    const wcl_tar_segment *list = (const void *)source->table.segments.data;

    for (; source->segment < source->row->segment_count; source->segment++) {
        const wcl_tar_segment *segment = &list[source->row->segments + source->segment];
        if (source->given < segment->offset + segment->size)
            return segment;
    }
    return NULL;
}

static wcl_status source_read(wcl_append_source *base, void *buffer, size_t size, size_t *got,
                              wcl_error *error)
{
    tar_source *source = tar_source_of(base);
    uint64_t left = source->row->kind == WCL_ENTRY_FILE ? source->row->size - source->given : 0;
    const wcl_tar_segment *segment = left ? segment_at_hand(source) : NULL;
    bool in_segment = segment && source->given >= segment->offset;

    if (in_segment && segment->offset + segment->size - source->given < left)
        left = segment->offset + segment->size - source->given;
    else if (segment && !in_segment && segment->offset - source->given < left)
        left = segment->offset - source->given;
    *got = left < size ? (size_t)left : size;
    if (*got == 0)
        return WCL_OK;
    if (!in_segment) {
        memset(buffer, 0, *got);
    } else {
        size_t wanted = *got;
        uint64_t offset = segment->position + (source->given - segment->offset);
        if (read_at(source, offset, buffer, wanted, got, error) != WCL_OK)
            return WCL_FAILED;
        if (*got < wanted)
            return wcl_fail(error, WCL_CODE_SHARING_VIOLATION,
                            "another program made the tar shorter while it was read");
    }
    source->given += *got;
    return WCL_OK;
}

static wcl_status source_look_up(wcl_append_source *base, const char *path, wcl_entry_kind *kind,
                                 wcl_buffer *target, wcl_error *error)
{
    const wcl_tar_table *table = &tar_source_of(base)->table;
    const wcl_tar_row *row = *path ? wcl_tar_table_find(table, path) : NULL;

    *kind = *path ? 0 : WCL_ENTRY_DIRECTORY;
    if (!row)
        return WCL_OK;
    if (row->kind == WCL_ENTRY_HARD_LINK)
        row = &table->rows[row->first_name];
    *kind = row->kind;
    if (row->kind != WCL_ENTRY_SYMLINK)
        return WCL_OK;
    wcl_buffer_clear(target);
    return wcl_buffer_append_text(target, wcl_tar_table_text(table, row->target), error);
}

static void source_free(wcl_append_source *base)
{
    tar_source *source = tar_source_of(base);

    wcl_cleanup_fd(&source->from.fd);
    wcl_spool_free(&source->spool);
    wcl_tar_table_free(&source->table);
    free(source->xattrs);
    free(source);
}

static const wcl_append_source_ops source_ops = {
    .next = source_next, .read = source_read, .look_up = source_look_up, .free = source_free
};

wcl_status wcl_append_tar_open(const wcl_append_tar *tar, wcl_append_source **source,
                               wcl_error *error)
{
    tar_source *made = calloc(1, sizeof(*made));
    int fd = tar->fd;

    if (!made) {
        wcl_cleanup_fd(&fd);
        return wcl_fail_memory(error);
    }
    made->base.ops = &source_ops;
    made->from = *tar;
    made->progress.operation = "append";
    wcl_spool_init(&made->spool, SPOOL_MEMORY);
    if (make_plain(made, error) == WCL_OK && collect(made, error) == WCL_OK) {
        *source = &made->base;
        return WCL_OK;
    }
    source_free(&made->base);
    return wcl_error_context(error, "append", tar->name);
}
