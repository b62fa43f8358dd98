/*
 * A backup stream taken apart into a plain file and a record: the unnamed data goes into the file,
 * small payloads into the record, large ones into a blob of the sidecar. A table in the record says
 * what came in which order, so that join.h can give any valid backup stream back bit for bit. Its
 * rows are those of layer/entry/stream_row.h: the file is the body at hand, the blob all others.
 */
#ifndef WCL_DIR_SPLIT_H
#define WCL_DIR_SPLIT_H

#include <wcl/backupstream.h>

#include "layer/dir/sidecar.h"
#include "layer/entry/stream_row.h"

/* The largest payload kept inline. */
#define WCL_INLINE_MAX 1024
/* What a blob with the spilled table is called behind its number. */
#define WCL_TABLE_SUFFIX ".streams"

/* Which field of a record a stream of that source is in. */
static inline enum wcl_file_record_field wcl_field_of_source(wcl_stream_source source)
{
    return (enum wcl_file_record_field)(source - WCL_STREAM_SECURITY + WCL_FILE_RECORD_SD);
}

typedef struct wcl_splitter wcl_splitter;

wcl_status wcl_splitter_new(wcl_sidecar_writer *sidecar, wcl_splitter **splitter, wcl_error *error);
void wcl_splitter_free(wcl_splitter *splitter);

/* Begins an entry. `fd` is its file, or -1 where there is none to hold data. Both stay the
 * caller's, until the end. */
void wcl_splitter_begin(wcl_splitter *splitter, int fd, wcl_file_record *record);
wcl_status wcl_splitter_write(wcl_splitter *splitter, const void *data, size_t size,
                              wcl_error *error);
/* Ends it: the record has its fields, the file its size. */
wcl_status wcl_splitter_end(wcl_splitter *splitter, wcl_error *error);

#endif
