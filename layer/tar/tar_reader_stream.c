/* Going from entry to entry of a tar, and giving their backup streams in constant memory. */
#include "layer/tar/tar_reader.h"

#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "layer/tar/limits.h"
#include "layer/tar/tar_names.h"

#define SKIP_SIZE 4096

/* ---- The tar's entries ----------------------------------------------------------------------- */

wcl_status wcl_tar_reader_advance(wcl_tar_reader *reader, wcl_error *error)
{
    if (reader->is_ahead)
        return WCL_OK;
    if (reader->is_past_end)
        return WCL_END;
    wcl_status status = wcl_tar_scanner_next(reader->scanner, &reader->tar_entry, error);
    reader->is_past_end = status == WCL_END;
    if (status != WCL_OK)
        return status;
    reader->is_ahead = true;
    if (wcl_tar_count_entries(&reader->entries, 1, reader->entries_max, error) != WCL_OK)
        return WCL_FAILED;
    const wcl_tar_entry *entry = reader->tar_entry;
    if (wcl_tar_name_clean(entry->name, entry->name_size, &reader->tar_path, error) != WCL_OK)
        return wcl_error_context(error, NULL, entry->name);
    return WCL_OK;
}

bool wcl_tar_reader_is_stream_ahead(const wcl_tar_reader *reader)
{
    const wcl_buffer *file = &reader->path;
    const wcl_buffer *ahead = &reader->tar_path;

    return reader->is_ahead && reader->tar_entry->type == WCL_TAR_FILE &&
           ahead->size > file->size + 1 && ahead->data[file->size] == ':' &&
           memcmp(ahead->data, wcl_buffer_text(file), file->size) == 0 &&
           !memchr(ahead->data + file->size, '/', ahead->size - file->size);
}

/* ---- Bodies --------------------------------------------------------------------------------- */

static void begin_body(wcl_tar_reader *reader, uint64_t size)
{
    reader->in_body = true;
    reader->is_claimed = false;
    reader->body_size = size;
    reader->body_position = 0;
    reader->piece_size = 0;
    reader->body_ended = false;
}

void wcl_tar_reader_begin_stream(wcl_tar_reader *reader)
{
    const wcl_tar_entry *entry = reader->tar_entry;

    reader->next_row = 0;
    reader->header_size = 0;
    reader->header_given = 0;
    reader->left = 0;
    begin_body(reader, entry->type == WCL_TAR_FILE ? entry->size : 0);
}

/* Makes sure that the piece at hand reaches past the position in the body, or that the body has
 * ended; holes end the piece early. */
static wcl_status fetch_piece(wcl_tar_reader *reader, wcl_error *error)
{
    while (!reader->body_ended &&
           reader->piece_offset + reader->piece_size <= reader->body_position) {
        const void *data;
        wcl_status status = wcl_tar_scanner_read(reader->scanner, &data, &reader->piece_size,
                                                 &reader->piece_offset, error);
        if (status == WCL_FAILED)
            return WCL_FAILED;
        reader->piece = data;
        reader->body_ended = status == WCL_END;
        if (reader->body_ended)
            reader->piece_size = 0;
    }
    return WCL_OK;
}

/* Bytes from the position in the body on that are a hole; 0 where the piece at hand goes on. */
static wcl_status find_hole(wcl_tar_reader *reader, uint64_t *size, wcl_error *error)
{
    uint64_t end = reader->body_size;

    if (reader->piece_size == 0)
        reader->piece_offset = reader->body_position;
    if (fetch_piece(reader, error) != WCL_OK)
        return WCL_FAILED;
    if (!reader->body_ended)
        end = reader->piece_offset < end ? reader->piece_offset : end;
    *size = end > reader->body_position ? end - reader->body_position : 0;
    return WCL_OK;
}

/* Reads at least one and at most `size` bytes at the position in the body. */
static wcl_status read_body(wcl_tar_reader *reader, uint8_t *buffer, size_t size, size_t *got,
                            wcl_error *error)
{
    uint64_t hole;

    if (size > reader->body_size - reader->body_position)
        size = (size_t)(reader->body_size - reader->body_position);
    if (find_hole(reader, &hole, error) != WCL_OK)
        return WCL_FAILED;
    if (hole > 0) {
        size = size < hole ? size : (size_t)hole;
        memset(buffer, 0, size);
        if (wcl_tar_count_zeros(&reader->zeros, size, reader->zeros_max, error) != WCL_OK)
            return WCL_FAILED;
    } else {
        uint64_t skipped = reader->body_position - reader->piece_offset;
        if (size > reader->piece_size - skipped)
            size = (size_t)(reader->piece_size - skipped);
        memcpy(buffer, reader->piece + skipped, size);
    }
    reader->body_position += size;
    *got = size;
    return WCL_OK;
}

/* Passes over the body up to `end`. The table says that these are zeros, so anything else would be
 * lost. Holes are passed over at once, however large they are said to be. */
static wcl_status skip_zeros(wcl_tar_reader *reader, uint64_t end, wcl_error *error)
{
    uint8_t bytes[SKIP_SIZE];

    while (reader->body_position < end) {
        uint64_t wanted = end - reader->body_position, hole;
        size_t got;
        if (find_hole(reader, &hole, error) != WCL_OK)
            return WCL_FAILED;
        if (hole > 0) {
            reader->body_position += hole < wanted ? hole : wanted;
            continue;
        }
        if (read_body(reader, bytes, wanted < SKIP_SIZE ? (size_t)wanted : SKIP_SIZE, &got,
                      error) != WCL_OK)
            return WCL_FAILED;
        for (size_t i = 0; i < got; i++)
            if (bytes[i] != 0)
                return wcl_fail(error, WCL_CODE_CORRUPT,
                                "the file has data at %" PRIu64
                                " where its stream table says that there is none",
                                reader->body_position - got + i);
    }
    return WCL_OK;
}

/* Leaves the body at hand. */
static wcl_status end_body(wcl_tar_reader *reader, wcl_error *error)
{
    if (!reader->in_body)
        return WCL_OK;
    if (reader->is_claimed && skip_zeros(reader, reader->body_size, error) != WCL_OK)
        return WCL_FAILED;
    reader->in_body = false;
    return WCL_OK;
}

/* Goes on to the entry of the next alternate stream. */
static wcl_status next_body(wcl_tar_reader *reader, wcl_error *error)
{
    if (end_body(reader, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = wcl_tar_reader_advance(reader, error);
    if (status == WCL_FAILED)
        return WCL_FAILED;
    if (status == WCL_END || !wcl_tar_reader_is_stream_ahead(reader))
        return wcl_fail(error, WCL_CODE_CORRUPT,
                        "the stream table names more alternate streams than follow in the tar");
    reader->is_ahead = false;
    begin_body(reader, reader->tar_entry->size);
    return WCL_OK;
}

/* ---- Streams -------------------------------------------------------------------------------- */

static wcl_status begin_stream(wcl_tar_reader *reader, const wcl_backup_header *header,
                               wcl_error *error)
{
    reader->left = header->size;
    reader->header_given = 0;
    return wcl_backup_header_encode(header, reader->header, &reader->header_size, error);
}

/* Puts the body where the row's stream begins. */
static wcl_status find_in_body(wcl_tar_reader *reader, const wcl_stream_row *row, wcl_error *error)
{
    uint64_t start = row->id == WCL_BACKUP_SPARSE_BLOCK ? row->offset : 0;

    if (row->source == WCL_STREAM_NEXT_BODY && next_body(reader, error) != WCL_OK)
        return WCL_FAILED;
    /* A block that is stored on its own has a body of its own. */
    if (row->source == WCL_STREAM_NEXT_BODY)
        start = 0;
    if (!reader->in_body || start < reader->body_position || start > reader->body_size ||
        row->size > reader->body_size - start)
        return wcl_fail(error, WCL_CODE_CORRUPT,
                        "row %zu of the stream table is not within the data in the tar",
                        reader->next_row);
    reader->is_claimed = true;
    return skip_zeros(reader, start, error);
}

static wcl_status begin_row(wcl_tar_reader *reader, wcl_error *error)
{
    const wcl_stream_row *row = &reader->table.rows[reader->next_row];
    wcl_backup_header header = wcl_stream_header(&reader->table, row);

    if (row->source >= WCL_STREAM_BODY && find_in_body(reader, row, error) != WCL_OK)
        return WCL_FAILED;
    reader->source = row->source;
    reader->position = row->position;
    reader->next_row++;
    return begin_stream(reader, &header, error);
}

/* Begins the alternate stream that is ahead. */
static wcl_status begin_alternate(wcl_tar_reader *reader, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer name = WCL_BUFFER_INIT;
    const char *stream = wcl_tar_path_stream(wcl_buffer_text(&reader->tar_path));

    if (wcl_buffer_printf(&name, error, ":%s:$DATA", stream) != WCL_OK)
        return WCL_FAILED;
    wcl_backup_header header = { .id = WCL_BACKUP_ALTERNATE_DATA,
                                 .size = reader->tar_entry->size,
                                 .name = wcl_buffer_text(&name) };
    reader->is_ahead = false;
    begin_body(reader, header.size);
    reader->source = WCL_STREAM_BODY;
    return begin_stream(reader, &header, error);
}

/* Goes to the next stream of the entry; WCL_END behind the last. */
static wcl_status next_stream(wcl_tar_reader *reader, wcl_error *error)
{
    if (reader->next_row < reader->table.count)
        return begin_row(reader, error);
    if (end_body(reader, error) != WCL_OK)
        return WCL_FAILED;
    if (!reader->is_taking)
        return WCL_END;
    wcl_status status = wcl_tar_reader_advance(reader, error);
    if (status != WCL_OK)
        return status;
    if (!wcl_tar_reader_is_stream_ahead(reader))
        return WCL_END;
    return begin_alternate(reader, error);
}

/* Gives some bytes of the stream at hand. */
static wcl_status read_data(wcl_tar_reader *reader, uint8_t *buffer, size_t size, size_t *got,
                            wcl_error *error)
{
    if (size > reader->left)
        size = (size_t)reader->left;
    if (reader->source == WCL_STREAM_INLINE) {
        memcpy(buffer, reader->table.data.data + reader->position, size);
        reader->position += size;
        *got = size;
    } else if (read_body(reader, buffer, size, got, error) != WCL_OK) {
        return WCL_FAILED;
    }
    reader->left -= *got;
    return WCL_OK;
}

wcl_status wcl_tar_reader_read_stream(wcl_tar_reader *reader, uint8_t *buffer, size_t size,
                                      size_t *got, wcl_error *error)
{
    size_t filled = 0;

    while (filled < size) {
        size_t some = reader->header_size - reader->header_given;
        if (some > 0) {
            if (some > size - filled)
                some = size - filled;
            memcpy(buffer + filled, reader->header + reader->header_given, some);
            reader->header_given += some;
        } else if (reader->left > 0) {
            if (read_data(reader, buffer + filled, size - filled, &some, error) != WCL_OK)
                return WCL_FAILED;
        } else {
            wcl_status status = next_stream(reader, error);
            if (status == WCL_FAILED)
                return WCL_FAILED;
            if (status == WCL_END)
                break;
        }
        filled += some;
    }
    *got = filled;
    return WCL_OK;
}
