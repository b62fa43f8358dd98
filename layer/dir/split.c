/* Taking backup streams apart. */
#include "layer/dir/split.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"

/* Payloads kept inline, in all of one entry. */
#define INLINE_TOTAL_MAX 4096
/* A table longer than this goes into a file. */
#define TABLE_MAX (32 * 1024)

struct wcl_splitter {
    wcl_sidecar_writer *sidecar;
    wcl_backup_decoder *decoder;
    wcl_file_record *record;
    int file;
    int blob;
    int table_file;
    uint64_t blob_size;
    uint64_t table_written;
    uint64_t file_end;  /* bytes of the file that are spoken for */
    uint64_t file_size; /* bytes that it has already */
    bool has_file_data; /* a data stream went into the file */
    bool owns_blocks;   /* sparse blocks that come now belong to it */
    size_t inline_total;
    wcl_buffer table;
    wcl_stream_source place; /* of the stream at hand */
    uint64_t position;       /* in the file or blob, of its next byte */
};

/* Where a record keeps such a stream; WCL_STREAM_INLINE where it does not. */
static wcl_stream_source record_source(uint32_t id)
{
    switch (id) {
    case WCL_BACKUP_SECURITY_DATA:
        return WCL_STREAM_SECURITY;
    case WCL_BACKUP_EA_DATA:
        return WCL_STREAM_EA;
    case WCL_BACKUP_REPARSE_DATA:
        return WCL_STREAM_REPARSE;
    default:
        return WCL_STREAM_INLINE;
    }
}

/* ---- Files of the sidecar ------------------------------------------------------------------- */

static wcl_status make_blob(wcl_splitter *splitter, const char *suffix, int *fd, wcl_error *error)
{
    if (*fd >= 0)
        return WCL_OK;
    if (splitter->record->blob == 0)
        splitter->record->blob = wcl_sidecar_new_number(splitter->sidecar);
    return wcl_sidecar_make_blob(splitter->sidecar, splitter->record->blob, suffix, fd, error);
}

static wcl_status spill_table(wcl_splitter *splitter, wcl_error *error)
{
    if (make_blob(splitter, WCL_TABLE_SUFFIX, &splitter->table_file, error) != WCL_OK ||
        wcl_pwrite_full(splitter->table_file, splitter->table.data, splitter->table.size,
                        splitter->table_written, error) != WCL_OK)
        return WCL_FAILED;
    splitter->table_written += splitter->table.size;
    wcl_buffer_clear(&splitter->table);
    return WCL_OK;
}

static void close_files(wcl_splitter *splitter)
{
    wcl_cleanup_fd(&splitter->blob);
    wcl_cleanup_fd(&splitter->table_file);
    splitter->blob = splitter->table_file = -1;
}

/* ---- Placing -------------------------------------------------------------------------------- */

/* Whether the data can lie in the file where it belongs, behind all that is in it already. */
static bool belongs_in_file(wcl_splitter *splitter, const wcl_backup_header *header)
{
    uint64_t end;

    if (splitter->file < 0 || header->name[0] ||
        __builtin_add_overflow(header->offset, header->size, &end) || end > INT64_MAX)
        return false;
    if (header->id == WCL_BACKUP_DATA)
        return !splitter->has_file_data;
    return header->id == WCL_BACKUP_SPARSE_BLOCK && splitter->owns_blocks &&
           header->offset >= splitter->file_end;
}

static wcl_status place_stream(wcl_splitter *splitter, const wcl_backup_header *header,
                               wcl_error *error)
{
    wcl_stream_source kept = record_source(header->id);
    enum wcl_file_record_field field = wcl_field_of_source(kept);
    bool in_file = belongs_in_file(splitter, header);

    if (header->id != WCL_BACKUP_SPARSE_BLOCK)
        splitter->owns_blocks = in_file;
    if (in_file) {
        splitter->place = WCL_STREAM_BODY;
        splitter->position = header->id == WCL_BACKUP_DATA ? 0 : header->offset;
        splitter->file_end = splitter->position + header->size;
        splitter->has_file_data = true;
    } else if (kept != WCL_STREAM_INLINE && !splitter->record->has[field] &&
               header->size <= WCL_EA_MAX) {
        splitter->place = kept;
        return wcl_file_record_set(splitter->record, field, "", 0, error);
    } else if (header->size <= WCL_INLINE_MAX &&
               splitter->inline_total + header->size <= INLINE_TOTAL_MAX) {
        splitter->place = WCL_STREAM_INLINE;
        splitter->inline_total += (size_t)header->size;
    } else {
        splitter->place = WCL_STREAM_NEXT_BODY;
        splitter->position = splitter->blob_size;
        return make_blob(splitter, "", &splitter->blob, error);
    }
    return WCL_OK;
}

static wcl_status on_header(void *context, const wcl_backup_header *header, wcl_error *error)
{
    wcl_splitter *splitter = context;

    if (splitter->table.size > TABLE_MAX && spill_table(splitter, error) != WCL_OK)
        return WCL_FAILED;
    if (place_stream(splitter, header, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_stream_row_append(&splitter->table, header, splitter->place, error);
}

static wcl_status on_data(void *context, const void *data, size_t size, wcl_error *error)
{
    wcl_splitter *splitter = context;
    uint64_t position = splitter->position;

    switch (splitter->place) {
    case WCL_STREAM_INLINE:
        return wcl_buffer_append(&splitter->table, data, size, error);
    case WCL_STREAM_NEXT_BODY:
        splitter->blob_size += size;
        break;
    case WCL_STREAM_BODY:
        splitter->file_size = position + size;
        break;
    default:
        return wcl_buffer_append(&splitter->record->fields[wcl_field_of_source(splitter->place)],
                                 data, size, error);
    }
    splitter->position += size;
    return wcl_pwrite_full(splitter->place == WCL_STREAM_BODY ? splitter->file : splitter->blob,
                           data, size, position, error);
}

/* ---- Entries -------------------------------------------------------------------------------- */

wcl_status wcl_splitter_new(wcl_sidecar_writer *sidecar, wcl_splitter **splitter, wcl_error *error)
{
    static const wcl_backup_events events = { on_header, on_data };
    wcl_splitter *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    made->sidecar = sidecar;
    made->file = made->blob = made->table_file = -1;
    if (wcl_backup_decoder_new(&events, made, &made->decoder, error) != WCL_OK) {
        free(made);
        return WCL_FAILED;
    }
    *splitter = made;
    return WCL_OK;
}

void wcl_splitter_free(wcl_splitter *splitter)
{
    if (!splitter)
        return;
    close_files(splitter);
    wcl_backup_decoder_free(splitter->decoder);
    wcl_buffer_free(&splitter->table);
    free(splitter);
}

void wcl_splitter_begin(wcl_splitter *splitter, int fd, wcl_file_record *record)
{
    close_files(splitter);
    wcl_buffer_clear(&splitter->table);
    splitter->record = record;
    splitter->file = fd;
    splitter->blob_size = splitter->table_written = 0;
    splitter->file_end = splitter->file_size = 0;
    splitter->has_file_data = splitter->owns_blocks = false;
    splitter->inline_total = 0;
}

wcl_status wcl_splitter_write(wcl_splitter *splitter, const void *data, size_t size,
                              wcl_error *error)
{
    return wcl_backup_decoder_write(splitter->decoder, data, size, error);
}

wcl_status wcl_splitter_end(wcl_splitter *splitter, wcl_error *error)
{
    if (wcl_backup_decoder_finish(splitter->decoder, error) != WCL_OK)
        return WCL_FAILED;
    /* Truncating to the size that a file has is dear on some file systems. */
    if (splitter->file_end > splitter->file_size &&
        ftruncate(splitter->file, (off_t)splitter->file_end) < 0)
        return wcl_fail_errno(error, errno, "cannot give the file its size");
    if (splitter->table_written > 0) {
        splitter->record->flags |= WCL_FILE_RECORD_SPILLED;
        if (spill_table(splitter, error) != WCL_OK)
            return WCL_FAILED;
    } else if (wcl_file_record_set(splitter->record, WCL_FILE_RECORD_STREAMS,
                                   splitter->table.data ? splitter->table.data : (uint8_t *)"",
                                   splitter->table.size, error) != WCL_OK) {
        return WCL_FAILED;
    }
    close_files(splitter);
    return WCL_OK;
}
