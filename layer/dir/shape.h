/* What the headers of a backup stream say of it as a whole: the file's size, and whether it comes
 * in BackupRead's own order. */
#ifndef WCL_DIR_SHAPE_H
#define WCL_DIR_SHAPE_H

#include <wcl/backupstream.h>

typedef struct wcl_stream_shape {
    uint64_t size;     /* of the unnamed data stream */
    bool out_of_order; /* the promise WCL_ENTRY_IN_ORDER cannot be given */
    bool in_data;      /* sparse blocks that come now are the unnamed data stream's */
    int rank;          /* of the stream before */
} wcl_stream_shape;

/* Takes the next header into account. */
void wcl_stream_shape_add(wcl_stream_shape *shape, const wcl_backup_header *header);

#endif
