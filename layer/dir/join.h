/*
 * The backup stream of a plain file and its record, put together again (see split.h). Where the
 * file no longer looks as it did when it was written, its contents as they are now take the place
 * of the data stream, and all else stays.
 */
#ifndef WCL_DIR_JOIN_H
#define WCL_DIR_JOIN_H

#include "layer/dir/sidecar.h"

typedef struct wcl_joiner wcl_joiner;

/* `sidecar` stays the caller's. */
wcl_status wcl_joiner_new(wcl_sidecar *sidecar, wcl_joiner **joiner, wcl_error *error);
void wcl_joiner_free(wcl_joiner *joiner);

/*
 * Begins an entry: `fd` is its file, or -1 where no file holds data; `status` is the file's.
 * `record` is NULL where there is none. All stay the caller's, until the entry's end. Sets the
 * size, and the promise of order, of `entry`.
 */
wcl_status wcl_joiner_begin(wcl_joiner *joiner, const wcl_file_record *record, int fd,
                            const struct stat *status, wcl_entry *entry, wcl_error *error);

/* Up to `size` bytes of the backup stream; 0 at its end. */
wcl_status wcl_joiner_read(wcl_joiner *joiner, void *buffer, size_t size, size_t *got,
                           wcl_error *error);

#endif
