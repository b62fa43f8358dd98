/*
 * The table of an entry's streams: which streams its backup stream consists of, in order, and where
 * the bytes of each are. The record WCL.streams is such a table in writing.
 */
#ifndef WCL_TAR_STREAM_TABLE_H
#define WCL_TAR_STREAM_TABLE_H

#include "layer/entry/stream_row.h"
#include "layer/entry/stream_shape.h"

typedef struct wcl_stream_row {
    uint32_t id;
    uint32_t attributes;
    uint64_t size;
    uint64_t offset; /* of a sparse block */
    size_t name;     /* where in the table's names; 0 where the stream has none */
    wcl_stream_source source;
    uint64_t position; /* inline: where in `data`; of a writer: where its bytes were kept aside */
} wcl_stream_row;

typedef struct wcl_stream_table {
    wcl_stream_row *rows;
    size_t count;
    size_t capacity;
    wcl_stream_shape shape;
    bool is_open;     /* alternate streams behind the rows are in the entries that follow */
    wcl_buffer names; /* each with a NUL behind it; the first is empty */
    wcl_buffer data;  /* inline bytes */
} wcl_stream_table;

/* Bytes of all inline streams of a table, and of the largest one of a kind that is not metadata. */
#define WCL_STREAM_INLINE_TOTAL_MAX (128u * 1024)
#define WCL_STREAM_INLINE_MAX (4u * 1024)

void wcl_stream_table_clear(wcl_stream_table *table);
void wcl_stream_table_free(wcl_stream_table *table);

/* Adds a row; the caller completes source and position. NULL when out of memory. */
wcl_stream_row *wcl_stream_table_add(wcl_stream_table *table, const wcl_backup_header *header,
                                     wcl_error *error);

static inline const char *wcl_stream_name(const wcl_stream_table *table, const wcl_stream_row *row)
{
    return (const char *)table->names.data + row->name;
}

/* The header of a row's stream. */
wcl_backup_header wcl_stream_header(const wcl_stream_table *table, const wcl_stream_row *row);

/* Whether a sparse block continues the body that reached up to `end` in the file. */
static inline bool wcl_stream_is_next_block(const wcl_stream_row *row, uint64_t end)
{
    return row->id == WCL_BACKUP_SPARSE_BLOCK && row->offset >= end;
}

/* The name that an alternate stream has in a tar, behind its file's and a colon; NULL where the
 * stream's name is none that a tar could show. `buffer` holds it. */
const char *wcl_stream_short_name(const char *stream, wcl_buffer *buffer, wcl_error *error);

/* Appends the table in writing, before base64. */
wcl_status wcl_stream_table_encode(const wcl_stream_table *table, wcl_buffer *out,
                                   wcl_error *error);

/* Reads one, in place of what `table` held. */
wcl_status wcl_stream_table_decode(wcl_stream_table *table, const void *data, size_t size,
                                   wcl_error *error);

#endif
