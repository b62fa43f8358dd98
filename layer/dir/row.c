/* Reading tables of streams. */
#include "layer/dir/row.h"

#include <string.h>

#include "base/beneath.h"
#include "base/error.h"

/* More than any row has. */
#define ROW_MAX (WCL_STREAM_ROW_MAX + WCL_INLINE_MAX)
#define WINDOW_SIZE (64 * 1024)

void wcl_row_source_free(wcl_row_source *source)
{
    wcl_cleanup_fd(&source->fd);
    source->fd = -1;
    wcl_buffer_free(&source->window);
}

void wcl_row_source_rewind(wcl_row_source *source)
{
    source->at = source->rows = 0;
    source->blob_size = 0;
    if (source->fd >= 0)
        source->position = source->size = 0;
}

wcl_status wcl_row_source_open(wcl_row_source *source, const wcl_file_record *record,
                               wcl_sidecar *sidecar, wcl_error *error)
{
    wcl_cleanup_fd(&source->fd);
    source->fd = -1;
    source->data = NULL;
    source->size = 0;
    if (record && record->flags & WCL_FILE_RECORD_SPILLED) {
        if (wcl_sidecar_open_blob(sidecar, record->blob, WCL_TABLE_SUFFIX, &source->fd, error) !=
            WCL_OK)
            return WCL_FAILED;
    } else if (record) {
        source->data = record->fields[WCL_FILE_RECORD_STREAMS].data;
        source->size = record->fields[WCL_FILE_RECORD_STREAMS].size;
    }
    wcl_row_source_rewind(source);
    return WCL_OK;
}

/* Makes sure that a whole row is in the window, where the file has one. */
static wcl_status row_fill(wcl_row_source *source, wcl_error *error)
{
    size_t left = source->size - source->at, got;

    if (source->fd < 0 || left >= ROW_MAX)
        return WCL_OK;
    wcl_buffer *window = &source->window;
    if (wcl_buffer_reserve(window, WINDOW_SIZE, error) != WCL_OK)
        return WCL_FAILED;
    memmove(window->data, window->data + source->at, left);
    if (wcl_pread_full(source->fd, window->data + left, WINDOW_SIZE - left, source->position, &got,
                       error) != WCL_OK)
        return WCL_FAILED;
    source->position += got;
    source->data = window->data;
    source->size = left + got;
    source->at = 0;
    return WCL_OK;
}

wcl_status wcl_row_source_next(wcl_row_source *source, wcl_row *row, wcl_error *error)
{
    if (row_fill(source, error) != WCL_OK)
        return WCL_FAILED;
    if (source->at == source->size)
        return WCL_END;
    wcl_cursor cursor = wcl_cursor_over(source->data + source->at, source->size - source->at);
    wcl_written_stream *stream = &row->stream;
    if (wcl_stream_row_take(&cursor, source->rows++, stream, error) != WCL_OK)
        return WCL_FAILED;
    row->position = source->blob_size;
    if (stream->source == WCL_STREAM_NEXT_BODY &&
        __builtin_add_overflow(source->blob_size, stream->header.size, &source->blob_size))
        return wcl_stream_row_fail(source->rows - 1, "has an impossible size", error);
    source->at += cursor.position;
    return WCL_OK;
}
