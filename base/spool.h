/* A spool: bytes kept aside until they are wanted, in memory while they are few and in an unnamed
 * temporary file (in $TMPDIR, else /tmp) from then on. */
#ifndef WCL_BASE_SPOOL_H
#define WCL_BASE_SPOOL_H

#include "base/buffer.h"

typedef struct wcl_spool {
    size_t memory_limit; /* bytes kept in memory at most */
    uint64_t size;       /* bytes in it */
    wcl_buffer memory;   /* all of them, unless they are in the file */
    int file;            /* -1 until one is needed */
    bool in_file;
} wcl_spool;

void wcl_spool_init(wcl_spool *spool, size_t memory_limit);
wcl_status wcl_spool_append(wcl_spool *spool, const void *data, size_t size, wcl_error *error);
/* Reads exactly `size` bytes at `offset`, which must be there. */
wcl_status wcl_spool_read(const wcl_spool *spool, uint64_t offset, void *buffer, size_t size,
                          wcl_error *error);
/* Forgets the contents. */
wcl_status wcl_spool_clear(wcl_spool *spool, wcl_error *error);
void wcl_spool_free(wcl_spool *spool);

#endif
