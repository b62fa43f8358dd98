/* What the headers of a backup stream say of it as a whole: the file's size, and whether it comes
 * in BackupRead's own order. */
#ifndef WCL_ENTRY_STREAM_SHAPE_H
#define WCL_ENTRY_STREAM_SHAPE_H

#include <wcl/backupstream.h>

typedef struct wcl_stream_shape {
    uint64_t size;     /* of the unnamed data stream */
    bool out_of_order; /* the promise WCL_ENTRY_IN_ORDER cannot be given */
    bool in_data;      /* sparse blocks that come now are the unnamed data stream's */
    int rank;          /* of the stream before */
} wcl_stream_shape;

/* Takes the next header into account. */
void wcl_stream_shape_add(wcl_stream_shape *shape, const wcl_backup_header *header);

/* What the names of alternate streams end in. */
#define WCL_STREAM_SUFFIX ":$DATA"

/* Whether that name is as names of alternate streams are, and a tar can show it. */
bool wcl_stream_is_plain_name(const char *stream);

#endif
