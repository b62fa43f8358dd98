/* Reads entries from plain files, their records, or, where those are missing, from what the files
 * themselves tell. */
#ifndef WCL_DIR_PLAIN_READER_H
#define WCL_DIR_PLAIN_READER_H

#include "layer/dir/walk.h"

typedef struct wcl_plain_reader wcl_plain_reader;

/* `is_linux`: what files without a record are taken for. `sidecar` stays the caller's. */
wcl_status wcl_plain_reader_new(wcl_sidecar *sidecar, bool is_linux, bool allow_links,
                                wcl_plain_reader **reader, wcl_error *error);
void wcl_plain_reader_free(wcl_plain_reader *reader);

/* Begins the entry that a walk's item is. What `entry` points to is valid until the next one. */
wcl_status wcl_plain_reader_begin(wcl_plain_reader *reader, const wcl_walk_item *item,
                                  wcl_entry *entry, wcl_error *error);

/* Whether the entry at hand has a record; without one its times are the file's own. */
bool wcl_plain_reader_has_record(const wcl_plain_reader *reader);

/* Bytes of its backup stream. */
wcl_status wcl_plain_reader_read(wcl_plain_reader *reader, void *buffer, size_t size, size_t *got,
                                 wcl_error *error);

/* Opens a regular file or folder of a walk for reading; anything else is refused. */
wcl_status wcl_open_item(const wcl_walk_item *item, int *fd, wcl_error *error);

#endif
