/*
 * A backup stream taken apart into a plain file and a record: the unnamed data goes into the file,
 * small payloads into the record, large ones into a blob of the sidecar. A table in the record says
 * what came in which order, so that join.h can give any valid backup stream back bit for bit.
 *
 * A row of the table: u32 id, u32 attributes, u64 size, u64 offset (of a sparse block), u16 name
 * size, the name (WTF-8), u8 place, and then
 *     WCL_PLACE_FILE     nothing: the data is in the file, at `offset`
 *     WCL_PLACE_FIELD    nothing: the data is the record's sd, ea or reparse
 *     WCL_PLACE_INLINE   the data
 *     WCL_PLACE_BLOB     u64 where in the blob it begins
 */
#ifndef WCL_DIR_SPLIT_H
#define WCL_DIR_SPLIT_H

#include <wcl/backupstream.h>

#include "layer/dir/sidecar.h"

enum wcl_stream_home {
    WCL_PLACE_FILE = 0,
    WCL_PLACE_FIELD = 1,
    WCL_PLACE_INLINE = 2,
    WCL_PLACE_BLOB = 3,
};

/* Bytes of a row without name and data. */
#define WCL_ROW_SIZE 27
#define WCL_ROW_NAME_MAX (WCL_BACKUP_NAME_MAX / 2 * 3)
/* The largest payload kept inline. */
#define WCL_INLINE_MAX 1024
/* What a blob with the spilled table is called behind its number. */
#define WCL_TABLE_SUFFIX ".streams"

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

/* Appends the row of a stream of that kind whose data is in the record's field. */
wcl_status wcl_table_append_field(wcl_buffer *table, uint32_t id, wcl_error *error);

/* The field of a record that holds such a stream, or -1. */
int wcl_field_of_stream(uint32_t id);

#endif
