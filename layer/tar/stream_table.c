/* Tables of streams, in memory and in writing. */
#include "layer/tar/stream_table.h"

#include <stdlib.h>

#include "base/cursor.h"
#include "base/error.h"
#include "base/list.h"
#include "base/utf16.h"

#define STREAM_SUFFIX ":$DATA"
#define TABLE_VERSION 1
#define FLAG_OPEN 1u
/* A row's first number is the stream's kind above the bits of its source. */
#define SOURCE_BITS 3
#define SOURCE_MASK 7u
/* In place of a source: many sparse blocks that continue the body at hand. */
#define BLOCKS_OF_BODY 6u

void wcl_stream_table_clear(wcl_stream_table *table)
{
    table->count = 0;
    table->is_open = false;
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

static wcl_status stream_table_add_name(wcl_stream_table *table, const char *name, size_t size,
                                        size_t *position, wcl_error *error)
{
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
    size_t name_size = header->name ? strlen(header->name) : 0;
    if (stream_table_add_name(table, header->name, name_size, &row->name, error) != WCL_OK)
        return NULL;
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
    size_t suffix = strlen(STREAM_SUFFIX);

    if (size > suffix && strcmp(stream + size - suffix, STREAM_SUFFIX) == 0)
        size -= suffix;
    if (size < 2 || stream[0] != ':' || memchr(stream, '/', size) || memchr(stream, '\\', size))
        return NULL;
    wcl_buffer_clear(buffer);
    if (wcl_buffer_append(buffer, stream + 1, size - 1, error) != WCL_OK)
        return NULL;
    return wcl_buffer_text(buffer);
}

bool wcl_stream_is_plain_name(const char *stream)
{
    size_t size = strlen(stream);
    size_t suffix = strlen(STREAM_SUFFIX);

    return stream[0] == ':' && size > 1 + suffix && !strpbrk(stream, "/\\") &&
           strcmp(stream + size - suffix, STREAM_SUFFIX) == 0;
}

/* Where in BackupRead's own order a stream stands; 0 for one that has no place in it. */
static int stage_of(const wcl_stream_table *table, const wcl_stream_row *row)
{
    bool is_plain = row->attributes == 0 && wcl_stream_is_plain_name(wcl_stream_name(table, row));

    switch (row->id) {
    case WCL_BACKUP_SECURITY_DATA:
        return 1;
    case WCL_BACKUP_EA_DATA:
        return 2;
    case WCL_BACKUP_REPARSE_DATA:
        return 3;
    case WCL_BACKUP_DATA:
        return 4;
    case WCL_BACKUP_ALTERNATE_DATA:
        return is_plain ? 5 : 0;
    default:
        return 0;
    }
}

bool wcl_stream_table_is_in_order(const wcl_stream_table *table)
{
    int reached = 0;

    for (size_t i = 0; i < table->count; i++) {
        int stage = stage_of(table, &table->rows[i]);
        bool has_odd_name = stage != 5 && table->rows[i].name != 0;
        if (stage < reached || stage == 0 || (stage == reached && stage != 5) || has_odd_name)
            return false;
        reached = stage;
    }
    return true;
}

/* ---- In writing ----------------------------------------------------------------------------- */

/* Seven bits a byte, the low ones first; the top bit says that more follow. */
static wcl_status append_number(wcl_buffer *out, uint64_t value, wcl_error *error)
{
    uint8_t bytes[10];
    size_t size = 0;

    do {
        bytes[size] = (uint8_t)(value & 0x7f);
        value >>= 7;
        if (value)
            bytes[size] |= 0x80;
        size++;
    } while (value);
    return wcl_buffer_append(out, bytes, size, error);
}

static uint64_t take_number(wcl_cursor *cursor)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte = wcl_cursor_u8(cursor);
        if (shift == 63 && byte > 1)
            break;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return value;
    }
    cursor->failed = true;
    return 0;
}

static wcl_status encode_row(const wcl_stream_table *table, const wcl_stream_row *row,
                             wcl_buffer *out, wcl_error *error)
{
    const char *name = wcl_stream_name(table, row);
    bool has_size = row->source == WCL_STREAM_INLINE || row->source >= WCL_STREAM_BODY;

    if (append_number(out, (uint64_t)row->id << SOURCE_BITS | row->source, error) != WCL_OK ||
        append_number(out, row->attributes, error) != WCL_OK ||
        append_number(out, strlen(name), error) != WCL_OK ||
        wcl_buffer_append_text(out, name, error) != WCL_OK)
        return WCL_FAILED;
    if (row->id == WCL_BACKUP_SPARSE_BLOCK && append_number(out, row->offset, error) != WCL_OK)
        return WCL_FAILED;
    if (has_size && append_number(out, row->size, error) != WCL_OK)
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
    uint64_t kind = (uint64_t)WCL_BACKUP_SPARSE_BLOCK << SOURCE_BITS | BLOCKS_OF_BODY;
    uint64_t end = 0;

    if (append_number(out, kind, error) != WCL_OK ||
        append_number(out, table->rows[first].attributes, error) != WCL_OK ||
        append_number(out, count, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = first; i < first + count; i++) {
        const wcl_stream_row *row = &table->rows[i];
        if (append_number(out, row->offset - end, error) != WCL_OK ||
            append_number(out, row->size, error) != WCL_OK)
            return WCL_FAILED;
        end = row->offset + row->size;
    }
    return WCL_OK;
}

wcl_status wcl_stream_table_encode(const wcl_stream_table *table, wcl_buffer *out, wcl_error *error)
{
    if (append_number(out, TABLE_VERSION, error) != WCL_OK ||
        append_number(out, table->is_open ? FLAG_OPEN : 0, error) != WCL_OK)
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

static wcl_status fail_row(size_t index, const char *what, wcl_error *error)
{
    return wcl_fail(error, WCL_CODE_CORRUPT, "row %zu of the stream table %s", index, what);
}

/* Checks what a backup stream's header could not say. */
static wcl_status check_row(const wcl_stream_row *row, uint64_t kind, uint64_t attributes,
                            size_t index, wcl_error *error)
{
    if (kind >> SOURCE_BITS == 0 || kind >> SOURCE_BITS > UINT32_MAX || attributes > UINT32_MAX)
        return fail_row(index, "has an impossible kind or attributes", error);
    if (row->source > WCL_STREAM_NEXT_BODY)
        return fail_row(index, "names an unknown source", error);
    if (row->size > INT64_MAX || row->offset > (uint64_t)INT64_MAX - row->size)
        return fail_row(index, "has an impossible size", error);
    if (row->id == WCL_BACKUP_SPARSE_BLOCK && row->name)
        return fail_row(index, "gives a name to a sparse block", error);
    return WCL_OK;
}

static wcl_status decode_blocks(wcl_stream_table *table, wcl_cursor *cursor, uint64_t kind,
                                wcl_error *error)
{
    wcl_backup_header header = { .id = WCL_BACKUP_SPARSE_BLOCK };
    uint64_t attributes = take_number(cursor);
    uint64_t count = take_number(cursor);
    uint64_t end = 0;

    header.attributes = (uint32_t)attributes;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t gap = take_number(cursor);
        header.size = take_number(cursor);
        if (cursor->failed || kind >> SOURCE_BITS != WCL_BACKUP_SPARSE_BLOCK ||
            attributes > UINT32_MAX || gap > INT64_MAX - end || header.size > INT64_MAX - end - gap)
            return fail_row(table->count, "is not a valid list of sparse blocks", error);
        header.offset = end + gap;
        end = header.offset + header.size;
        wcl_stream_row *row = wcl_stream_table_add(table, &header, error);
        if (!row)
            return WCL_FAILED;
        row->source = WCL_STREAM_BODY;
    }
    return cursor->failed ? fail_row(table->count, "is cut short", error) : WCL_OK;
}

static wcl_status decode_stream(wcl_stream_table *table, wcl_cursor *cursor, uint64_t kind,
                                wcl_error *error)
{
    wcl_backup_header empty = { 0 };
    size_t index = table->count;
    uint64_t attributes = take_number(cursor);
    uint64_t name_size = take_number(cursor);
    const char *name = (const char *)wcl_cursor_take(cursor, name_size);

    if (cursor->failed || memchr(name, '\0', (size_t)name_size) ||
        name_size > WCL_BACKUP_NAME_MAX * 3 / 2 || !wcl_wtf8_is_valid(name, (size_t)name_size))
        return fail_row(index, "is damaged", error);
    wcl_stream_row *row = wcl_stream_table_add(table, &empty, error);
    if (!row || stream_table_add_name(table, name, (size_t)name_size, &row->name, error) != WCL_OK)
        return WCL_FAILED;
    row->id = (uint32_t)(kind >> SOURCE_BITS);
    row->attributes = (uint32_t)attributes;
    row->source = (wcl_stream_source)(kind & SOURCE_MASK);
    row->offset = row->id == WCL_BACKUP_SPARSE_BLOCK ? take_number(cursor) : 0;
    if (row->source == WCL_STREAM_INLINE || row->source >= WCL_STREAM_BODY)
        row->size = take_number(cursor);
    if (row->source == WCL_STREAM_INLINE) {
        const uint8_t *bytes = wcl_cursor_take(cursor, row->size);
        row->position = table->data.size;
        if (bytes && wcl_buffer_append(&table->data, bytes, (size_t)row->size, error) != WCL_OK)
            return WCL_FAILED;
    }
    if (cursor->failed)
        return fail_row(index, "is cut short", error);
    return check_row(row, kind, attributes, index, error);
}

static wcl_status decode_row(wcl_stream_table *table, wcl_cursor *cursor, wcl_error *error)
{
    uint64_t kind = take_number(cursor);

    if ((kind & SOURCE_MASK) == BLOCKS_OF_BODY)
        return decode_blocks(table, cursor, kind, error);
    return decode_stream(table, cursor, kind, error);
}

wcl_status wcl_stream_table_decode(wcl_stream_table *table, const void *data, size_t size,
                                   wcl_error *error)
{
    wcl_cursor cursor = wcl_cursor_over(data, size);
    uint64_t version = take_number(&cursor);
    uint64_t flags = take_number(&cursor);

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
