/* Rows of tables of streams. */
#include "layer/entry/stream_row.h"

#include "base/error.h"
#include "base/utf16.h"

wcl_status wcl_stream_number_append(wcl_buffer *out, uint64_t value, wcl_error *error)
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

uint64_t wcl_stream_number_take(wcl_cursor *cursor)
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

/* Whether the row says how long the stream is; otherwise the records do. */
static bool has_size(wcl_stream_source source)
{
    return source == WCL_STREAM_INLINE || source >= WCL_STREAM_BODY;
}

wcl_status wcl_stream_row_append(wcl_buffer *out, const wcl_backup_header *header,
                                 wcl_stream_source source, wcl_error *error)
{
    uint64_t kind = (uint64_t)header->id << WCL_STREAM_SOURCE_BITS | source;

    if (wcl_stream_number_append(out, kind, error) != WCL_OK ||
        wcl_stream_number_append(out, header->attributes, error) != WCL_OK ||
        wcl_stream_number_append(out, strlen(header->name), error) != WCL_OK ||
        wcl_buffer_append_text(out, header->name, error) != WCL_OK)
        return WCL_FAILED;
    if (header->id == WCL_BACKUP_SPARSE_BLOCK &&
        wcl_stream_number_append(out, header->offset, error) != WCL_OK)
        return WCL_FAILED;
    return has_size(source) ? wcl_stream_number_append(out, header->size, error) : WCL_OK;
}

wcl_status wcl_stream_row_fail(size_t number, const char *what, wcl_error *error)
{
    return wcl_fail(error, WCL_CODE_CORRUPT, "row %zu of the stream table %s", number, what);
}

/* Checks what a backup stream's header could not say. */
static wcl_status check_row(const wcl_written_stream *stream, uint64_t id, uint64_t attributes,
                            size_t number, wcl_error *error)
{
    const wcl_backup_header *header = &stream->header;

    if (id == 0 || id > UINT32_MAX || attributes > UINT32_MAX)
        return wcl_stream_row_fail(number, "has an impossible kind or attributes", error);
    if (stream->source > WCL_STREAM_NEXT_BODY)
        return wcl_stream_row_fail(number, "names an unknown source", error);
    if (header->size > INT64_MAX || header->offset > (uint64_t)INT64_MAX - header->size)
        return wcl_stream_row_fail(number, "has an impossible size", error);
    if (header->id == WCL_BACKUP_SPARSE_BLOCK && stream->name[0])
        return wcl_stream_row_fail(number, "gives a name to a sparse block", error);
    return WCL_OK;
}

wcl_status wcl_stream_row_take(wcl_cursor *cursor, size_t number, wcl_written_stream *stream,
                               wcl_error *error)
{
    wcl_backup_header *header = &stream->header;
    uint64_t kind = wcl_stream_number_take(cursor);
    uint64_t id = kind >> WCL_STREAM_SOURCE_BITS;
    uint64_t attributes = wcl_stream_number_take(cursor);
    uint64_t name_size = wcl_stream_number_take(cursor);
    const char *name = (const char *)wcl_cursor_take(cursor, name_size);

    if (cursor->failed || name_size > WCL_STREAM_NAME_MAX || memchr(name, '\0', name_size) ||
        !wcl_wtf8_is_valid(name, name_size))
        return wcl_stream_row_fail(number, "is damaged", error);
    memcpy(stream->name, name, name_size);
    stream->name[name_size] = '\0';
    *header = (wcl_backup_header) { .id = (uint32_t)id,
                                    .attributes = (uint32_t)attributes,
                                    .name = stream->name };
    stream->source = (wcl_stream_source)(kind & WCL_STREAM_SOURCE_MASK);
    if (header->id == WCL_BACKUP_SPARSE_BLOCK)
        header->offset = wcl_stream_number_take(cursor);
    if (has_size(stream->source))
        header->size = wcl_stream_number_take(cursor);
    stream->data = NULL;
    if (stream->source == WCL_STREAM_INLINE)
        stream->data = wcl_cursor_take(cursor, header->size);
    if (cursor->failed)
        return wcl_stream_row_fail(number, "is cut short", error);
    return check_row(stream, id, attributes, number, error);
}
