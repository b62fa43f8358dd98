/*
 * A row of a table of streams in writing: what the header of a stream in a backup stream says, and
 * where the bytes are. Tars have such tables in WCL.streams, folders in their records;
 * docs/formats.md says how a row looks.
 */
#ifndef WCL_ENTRY_STREAM_ROW_H
#define WCL_ENTRY_STREAM_ROW_H

#include <wcl/backupstream.h>

#include "base/buffer.h"
#include "base/cursor.h"

/* Where a stream's bytes are. */
typedef enum wcl_stream_source {
    WCL_STREAM_INLINE = 0,    /* in the table */
    WCL_STREAM_SECURITY = 1,  /* the security descriptor of the entry's records */
    WCL_STREAM_EA = 2,        /* the extended attributes of the entry's records */
    WCL_STREAM_REPARSE = 3,   /* the reparse point of the entry's records */
    WCL_STREAM_BODY = 4,      /* in the body at hand: the entry's own, until another was begun */
    WCL_STREAM_NEXT_BODY = 5, /* in a tar: in the body of the next entry "FILE:NAME", which begins
                                 here; in a folder: in the blob, behind the one before */
} wcl_stream_source;

/* A row's first number is the stream's kind above the bits of its source. */
#define WCL_STREAM_SOURCE_BITS 3
#define WCL_STREAM_SOURCE_MASK 7u

#define WCL_STREAM_NAME_MAX (WCL_BACKUP_NAME_MAX / 2 * 3)
/* Bytes of the longest row, without inline data. */
#define WCL_STREAM_ROW_MAX (5 * 10 + WCL_STREAM_NAME_MAX)

typedef struct wcl_written_stream {
    wcl_backup_header header; /* its name is in `name`; its size is 0 where the records have it */
    wcl_stream_source source;
    const uint8_t *data; /* of an inline stream: in the table */
    char name[WCL_STREAM_NAME_MAX + 1];
} wcl_written_stream;

/* Numbers of seven bits a byte, the low ones first; the top bit says that more follow. */
wcl_status wcl_stream_number_append(wcl_buffer *out, uint64_t value, wcl_error *error);
uint64_t wcl_stream_number_take(wcl_cursor *cursor);

/* Appends a row; inline data is to follow it. */
wcl_status wcl_stream_row_append(wcl_buffer *out, const wcl_backup_header *header,
                                 wcl_stream_source source, wcl_error *error);

/* Reads a row, whose number is for the message. */
wcl_status wcl_stream_row_take(wcl_cursor *cursor, size_t number, wcl_written_stream *stream,
                               wcl_error *error);

wcl_status wcl_stream_row_fail(size_t number, const char *what, wcl_error *error);

#endif
