/* Putting backup streams together from a file, a record and blobs. */
#include "layer/dir/join.h"

#include <stdlib.h>
#include <string.h>

#include "base/beneath.h"
#include "base/error.h"
#include "layer/dir/row.h"
#include "layer/entry/stream_shape.h"

struct wcl_joiner {
    wcl_sidecar *sidecar;
    const wcl_file_record *record;
    wcl_row_source source;
    wcl_row row;  /* the stream at hand */
    wcl_row next; /* one read ahead while the file's new contents go before it */
    bool has_next;
    int file;
    int blob;
    uint64_t file_size;
    bool is_changed; /* the file's contents go in place of the rows that lie in it */
    bool gave_file;  /* and have been given */
    bool at_end;
    uint8_t head[WCL_BACKUP_ENCODED_MAX];
    size_t head_size;
    size_t head_at;
    uint64_t payload_at;
};

wcl_status wcl_joiner_new(wcl_sidecar *sidecar, wcl_joiner **joiner, wcl_error *error)
{
    wcl_joiner *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    made->sidecar = sidecar;
    made->file = made->blob = made->source.fd = -1;
    made->at_end = true;
    *joiner = made;
    return WCL_OK;
}

void wcl_joiner_free(wcl_joiner *joiner)
{
    if (!joiner)
        return;
    wcl_cleanup_fd(&joiner->blob);
    wcl_row_source_free(&joiner->source);
    free(joiner);
}

/* ---- Rows ----------------------------------------------------------------------------------- */

/* The file's contents as a stream. */
static void make_file_row(wcl_joiner *joiner, wcl_row *row)
{
    row->stream.name[0] = '\0';
    row->stream.header = (wcl_backup_header) { .id = WCL_BACKUP_DATA,
                                               .size = joiner->file_size,
                                               .name = row->stream.name };
    row->stream.source = WCL_STREAM_BODY;
    joiner->gave_file = true;
}

/* Checks where a row's data lies, and takes its size from there. */
static wcl_status check_row(const wcl_joiner *joiner, wcl_row *row, wcl_error *error)
{
    wcl_backup_header *header = &row->stream.header;
    enum wcl_file_record_field field = wcl_field_of_source(row->stream.source);

    switch (row->stream.source) {
    case WCL_STREAM_INLINE:
    case WCL_STREAM_NEXT_BODY:
        return WCL_OK;
    case WCL_STREAM_BODY:
        if (joiner->file < 0 ||
            (!joiner->is_changed && header->offset + header->size > joiner->file_size))
            return wcl_fail(error, WCL_CODE_INVALID_DATA,
                            "the table of streams goes beyond the file's end");
        return WCL_OK;
    default:
        if (!joiner->record->has[field])
            return wcl_fail(error, WCL_CODE_INVALID_DATA,
                            "the metadata lacks a stream that its table names");
        header->size = joiner->record->fields[field].size;
        return WCL_OK;
    }
}

/* The next row of the table that is still meant. */
static wcl_status next_table_row(wcl_joiner *joiner, wcl_row *row, wcl_error *error)
{
    wcl_status status = wcl_row_source_next(&joiner->source, row, error);

    while (status == WCL_OK) {
        if (check_row(joiner, row, error) != WCL_OK)
            return WCL_FAILED;
        if (row->stream.source != WCL_STREAM_BODY || !joiner->is_changed)
            return WCL_OK;
        if (!joiner->gave_file) {
            make_file_row(joiner, row);
            return WCL_OK;
        }
        status = wcl_row_source_next(&joiner->source, row, error);
    }
    return status;
}

/* The next row; a changed file's contents come at the latest before the alternate streams. */
static wcl_status next_row(wcl_joiner *joiner, wcl_error *error)
{
    if (joiner->has_next) {
        joiner->has_next = false;
        joiner->row = joiner->next;
        joiner->row.stream.header.name = joiner->row.stream.name;
        return WCL_OK;
    }
    wcl_status status = next_table_row(joiner, &joiner->row, error);
    if (status == WCL_FAILED || !joiner->is_changed || joiner->gave_file)
        return status;
    if (status == WCL_OK) {
        if (joiner->row.stream.header.id != WCL_BACKUP_ALTERNATE_DATA)
            return WCL_OK;
        joiner->next = joiner->row;
        joiner->has_next = true;
    }
    make_file_row(joiner, &joiner->row);
    return WCL_OK;
}

static void rewind_rows(wcl_joiner *joiner)
{
    wcl_row_source_rewind(&joiner->source);
    joiner->has_next = joiner->gave_file = joiner->at_end = false;
    joiner->head_size = joiner->head_at = 0;
    joiner->row.stream.header.size = joiner->payload_at = 0;
}

wcl_status wcl_joiner_begin(wcl_joiner *joiner, const wcl_file_record *record, int fd,
                            const struct stat *status, wcl_entry *entry, wcl_error *error)
{
    wcl_stream_shape shape = { 0 };
    wcl_status result;

    wcl_cleanup_fd(&joiner->blob);
    joiner->blob = -1;
    joiner->record = record;
    joiner->file = fd;
    joiner->file_size = (uint64_t)status->st_size;
    joiner->is_changed = fd >= 0 && !(record && wcl_file_record_is_current(record, status));
    if (wcl_row_source_open(&joiner->source, record, joiner->sidecar, error) != WCL_OK)
        return WCL_FAILED;
    rewind_rows(joiner);
    while ((result = next_row(joiner, error)) == WCL_OK)
        wcl_stream_shape_add(&shape, &joiner->row.stream.header);
    if (result == WCL_FAILED)
        return WCL_FAILED;
    rewind_rows(joiner);
    entry->size = shape.size;
    if (!shape.out_of_order)
        entry->flags |= WCL_ENTRY_IN_ORDER;
    return WCL_OK;
}

/* ---- Bytes ---------------------------------------------------------------------------------- */

/* `size` bytes from within the payload at hand. */
static wcl_status read_payload(wcl_joiner *joiner, uint8_t *buffer, size_t size, wcl_error *error)
{
    const wcl_row *row = &joiner->row;
    size_t got;

    switch (row->stream.source) {
    case WCL_STREAM_INLINE:
        memcpy(buffer, row->stream.data + joiner->payload_at, size);
        return WCL_OK;
    case WCL_STREAM_NEXT_BODY:
        if (joiner->blob < 0 && wcl_sidecar_open_blob(joiner->sidecar, joiner->record->blob, "",
                                                      &joiner->blob, error) != WCL_OK)
            return WCL_FAILED;
        break;
    case WCL_STREAM_BODY:
        break;
    default:
        memcpy(buffer,
               joiner->record->fields[wcl_field_of_source(row->stream.source)].data +
                   joiner->payload_at,
               size);
        return WCL_OK;
    }
    bool in_file = row->stream.source == WCL_STREAM_BODY;
    uint64_t start = in_file ? row->stream.header.offset : row->position;
    if (start > INT64_MAX || joiner->payload_at > INT64_MAX - start)
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "the table of streams is damaged");
    if (wcl_pread_full(in_file ? joiner->file : joiner->blob, buffer, size,
                       start + joiner->payload_at, &got, error) != WCL_OK)
        return WCL_FAILED;
    return got == size ? WCL_OK
                       : wcl_fail(error, WCL_CODE_TRUNCATED,
                                  in_file ? "the file became shorter while it was read"
                                          : "the entry's file in " WCL_BLOB_FOLDER " is too short");
}

/* Goes on to the next stream and makes its header. */
static wcl_status start_stream(wcl_joiner *joiner, wcl_error *error)
{
    wcl_status status = next_row(joiner, error);

    joiner->at_end = status == WCL_END;
    joiner->payload_at = joiner->head_at = joiner->head_size = 0;
    if (status != WCL_OK)
        return status;
    return wcl_backup_header_encode(&joiner->row.stream.header, joiner->head, &joiner->head_size,
                                    error);
}

/* One run of bytes, up to `size`; 0 at the end. */
static wcl_status read_run(wcl_joiner *joiner, uint8_t *buffer, size_t size, size_t *got,
                           wcl_error *error)
{
    *got = 0;
    while (!joiner->at_end) {
        size_t head_left = joiner->head_size - joiner->head_at;
        uint64_t left = joiner->row.stream.header.size - joiner->payload_at;
        if (head_left > 0) {
            *got = size < head_left ? size : head_left;
            memcpy(buffer, joiner->head + joiner->head_at, *got);
            joiner->head_at += *got;
            return WCL_OK;
        }
        if (left > 0) {
            *got = size < left ? size : (size_t)left;
            if (read_payload(joiner, buffer, *got, error) != WCL_OK)
                return WCL_FAILED;
            joiner->payload_at += *got;
            return WCL_OK;
        }
        if (start_stream(joiner, error) == WCL_FAILED)
            return WCL_FAILED;
    }
    return WCL_OK;
}

wcl_status wcl_joiner_read(wcl_joiner *joiner, void *buffer, size_t size, size_t *got,
                           wcl_error *error)
{
    size_t run;

    *got = 0;
    do {
        if (read_run(joiner, (uint8_t *)buffer + *got, size - *got, &run, error) != WCL_OK)
            return WCL_FAILED;
        *got += run;
    } while (run > 0 && *got < size);
    return WCL_OK;
}
