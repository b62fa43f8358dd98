/* Tables of streams, in memory and in writing. */
#include "layer/tar/stream_table.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/list.h"

#define TABLE_VERSION 1
#define FLAG_OPEN 1u
/* In place of a source: many sparse blocks that continue the body at hand. */
#define BLOCKS_OF_BODY 6u

void wcl_stream_table_clear(wcl_stream_table *table)
{
    table->count = 0;
    table->is_open = false;
    table->shape = (wcl_stream_shape) { 0 };
    wcl_buffer_clear(&table->names);
    wcl_buffer_clear(&table->data);
}

void wcl_stream_table_free(wcl_stream_table *table)
{
    free(table->rows);
    wcl_buffer_free(&table->names);
    wcl_buffer_free(&table->data);
    *table = (wcl_stream_table) { 0 };
}

static wcl_status stream_table_add_name(wcl_stream_table *table, const char *name, size_t *position,
                                        wcl_error *error)
{
    size_t size = name ? strlen(name) : 0;

    if (table->names.size == 0 && wcl_buffer_append_byte(&table->names, '\0', error) != WCL_OK)
        return WCL_FAILED;
    *position = 0;
    if (size == 0)
        return WCL_OK;
    *position = table->names.size;
    if (wcl_buffer_append(&table->names, name, size, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_buffer_append_byte(&table->names, '\0', error);
}

wcl_stream_row *wcl_stream_table_add(wcl_stream_table *table, const wcl_backup_header *header,
                                     wcl_error *error)
{
    if (WCL_LIST_RESERVE(table->rows, table->count, table->capacity, error) != WCL_OK)
        return NULL;
    wcl_stream_row *row = &table->rows[table->count];
    *row = (wcl_stream_row) { .id = header->id,
                              .attributes = header->attributes,
                              .size = header->size,
                              .offset = header->offset };
    if (stream_table_add_name(table, header->name, &row->name, error) != WCL_OK)
        return NULL;
    wcl_stream_shape_add(&table->shape, header);
    table->count++;
    return row;
}

wcl_backup_header wcl_stream_header(const wcl_stream_table *table, const wcl_stream_row *row)
{
    return (wcl_backup_header) { .id = row->id,
                                 .attributes = row->attributes,
                                 .size = row->size,
                                 .offset = row->offset,
                                 .name = wcl_stream_name(table, row) };
}

const char *wcl_stream_short_name(const char *stream, wcl_buffer *buffer, wcl_error *error)
{
    size_t size = strlen(stream);
    size_t suffix = strlen(WCL_STREAM_SUFFIX);

    if (size > suffix && strcmp(stream + size - suffix, WCL_STREAM_SUFFIX) == 0)
        size -= suffix;
    if (size < 2 || stream[0] != ':' || memchr(stream, '/', size) || memchr(stream, '\\', size))
        return NULL;
    wcl_buffer_clear(buffer);
    if (wcl_buffer_append(buffer, stream + 1, size - 1, error) != WCL_OK)
        return NULL;
    return wcl_buffer_text(buffer);
}

/* ---- In writing ----------------------------------------------------------------------------- */

static wcl_status encode_row(const wcl_stream_table *table, const wcl_stream_row *row,
                             wcl_buffer *out, wcl_error *error)
{
    const wcl_backup_header header = wcl_stream_header(table, row);

    if (wcl_stream_row_append(out, &header, row->source, error) != WCL_OK)
        return WCL_FAILED;
    if (row->source != WCL_STREAM_INLINE || row->size == 0)
        return WCL_OK;
    return wcl_buffer_append(out, table->data.data + row->position, (size_t)row->size, error);
}

/* How many sparse blocks from row `first` on continue a body and have the same attributes. */
static size_t count_blocks(const wcl_stream_table *table, size_t first)
{
    uint64_t end = 0;
    size_t count = 0;

    for (size_t i = first; i < table->count; i++, count++) {
        const wcl_stream_row *row = &table->rows[i];
        if (row->source != WCL_STREAM_BODY || !wcl_stream_is_next_block(row, end) ||
            row->attributes != table->rows[first].attributes)
            break;
        end = row->offset + row->size;
    }
    return count;
}

static wcl_status encode_blocks(const wcl_stream_table *table, size_t first, size_t count,
                                wcl_buffer *out, wcl_error *error)
{
    uint64_t kind = (uint64_t)WCL_BACKUP_SPARSE_BLOCK << WCL_STREAM_SOURCE_BITS | BLOCKS_OF_BODY;
    uint64_t end = 0;

    if (wcl_stream_number_append(out, kind, error) != WCL_OK ||
        wcl_stream_number_append(out, table->rows[first].attributes, error) != WCL_OK ||
        wcl_stream_number_append(out, count, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = first; i < first + count; i++) {
        const wcl_stream_row *row = &table->rows[i];
        if (wcl_stream_number_append(out, row->offset - end, error) != WCL_OK ||
            wcl_stream_number_append(out, row->size, error) != WCL_OK)
            return WCL_FAILED;
        end = row->offset + row->size;
    }
    return WCL_OK;
}

wcl_status wcl_stream_table_encode(const wcl_stream_table *table, wcl_buffer *out, wcl_error *error)
{
    if (wcl_stream_number_append(out, TABLE_VERSION, error) != WCL_OK ||
        wcl_stream_number_append(out, table->is_open ? FLAG_OPEN : 0, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i < table->count;) {
        size_t blocks = count_blocks(table, i);
        wcl_status status = blocks > 0 ? encode_blocks(table, i, blocks, out, error)
                                       : encode_row(table, &table->rows[i], out, error);
        if (status != WCL_OK)
            return WCL_FAILED;
        i += blocks > 0 ? blocks : 1;
    }
    return WCL_OK;
}

static wcl_status decode_blocks(wcl_stream_table *table, wcl_cursor *cursor, uint64_t kind,
                                wcl_error *error)
{
    wcl_backup_header header = { .id = WCL_BACKUP_SPARSE_BLOCK };
    uint64_t attributes = wcl_stream_number_take(cursor);
    uint64_t count = wcl_stream_number_take(cursor);
    uint64_t end = 0;

    header.attributes = (uint32_t)attributes;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t gap = wcl_stream_number_take(cursor);
        header.size = wcl_stream_number_take(cursor);
        if (cursor->failed || kind >> WCL_STREAM_SOURCE_BITS != WCL_BACKUP_SPARSE_BLOCK ||
            attributes > UINT32_MAX || gap > INT64_MAX - end || header.size > INT64_MAX - end - gap)
            return wcl_stream_row_fail(table->count, "is not a valid list of sparse blocks", error);
        header.offset = end + gap;
        end = header.offset + header.size;
        wcl_stream_row *row = wcl_stream_table_add(table, &header, error);
        if (!row)
            return WCL_FAILED;
        row->source = WCL_STREAM_BODY;
    }
    return cursor->failed ? wcl_stream_row_fail(table->count, "is cut short", error) : WCL_OK;
}

static wcl_status decode_stream(wcl_stream_table *table, wcl_cursor *cursor, wcl_error *error)
{
    wcl_written_stream stream;

    if (wcl_stream_row_take(cursor, table->count, &stream, error) != WCL_OK)
        return WCL_FAILED;
    wcl_stream_row *row = wcl_stream_table_add(table, &stream.header, error);
    if (!row)
        return WCL_FAILED;
    row->source = stream.source;
    row->position = table->data.size;
    return stream.data ? wcl_buffer_append(&table->data, stream.data, (size_t)row->size, error)
                       : WCL_OK;
}

static wcl_status decode_row(wcl_stream_table *table, wcl_cursor *cursor, wcl_error *error)
{
    wcl_cursor ahead = *cursor;
    uint64_t kind = wcl_stream_number_take(&ahead);

    if ((kind & WCL_STREAM_SOURCE_MASK) != BLOCKS_OF_BODY)
        return decode_stream(table, cursor, error);
    *cursor = ahead;
    return decode_blocks(table, cursor, kind, error);
}

wcl_status wcl_stream_table_decode(wcl_stream_table *table, const void *data, size_t size,
                                   wcl_error *error)
{
    wcl_cursor cursor = wcl_cursor_over(data, size);
    uint64_t version = wcl_stream_number_take(&cursor);
    uint64_t flags = wcl_stream_number_take(&cursor);

    wcl_stream_table_clear(table);
    if (cursor.failed || version != TABLE_VERSION || flags > FLAG_OPEN)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "the stream table is of version %u, which this wcl does not know",
                        (unsigned)version);
    table->is_open = (flags & FLAG_OPEN) != 0;
    while (wcl_cursor_left(&cursor) > 0)
        if (decode_row(table, &cursor, error) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}
