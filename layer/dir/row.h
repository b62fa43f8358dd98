/* The rows of a table of streams (see split.h), read from a record or from the blob that the table
 * was spilled into. */
#ifndef WCL_DIR_ROW_H
#define WCL_DIR_ROW_H

#include "layer/dir/split.h"

typedef struct wcl_row {
    wcl_written_stream stream;
    uint64_t position; /* of its bytes in the blob */
} wcl_row;

typedef struct wcl_row_source {
    int fd; /* of a spilled table, which it owns; -1 for one in memory */
    const uint8_t *data;
    size_t size;
    size_t at;
    uint64_t position; /* in the file, behind what is in the window */
    wcl_buffer window;
    size_t rows;        /* that were read */
    uint64_t blob_size; /* of what they have in the blob */
} wcl_row_source;

#define WCL_ROW_SOURCE_INIT                                                                        \
    {                                                                                              \
        .fd = -1                                                                                   \
    }

void wcl_row_source_free(wcl_row_source *source);

/* Goes to the start of `record`'s table. */
wcl_status wcl_row_source_open(wcl_row_source *source, const wcl_file_record *record,
                               wcl_sidecar *sidecar, wcl_error *error);
void wcl_row_source_rewind(wcl_row_source *source);

/* WCL_END behind the last row. */
wcl_status wcl_row_source_next(wcl_row_source *source, wcl_row *row, wcl_error *error);

#endif
