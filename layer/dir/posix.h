/*
 * What only Linux layers have, as the `posix` field of a record: u32 mode, uid, gid, device major,
 * device minor; i64 seconds, u32 nanoseconds of the modification time; then for each extended
 * attribute u32 name size, the name, u32 value size, the value.
 */
#ifndef WCL_DIR_POSIX_H
#define WCL_DIR_POSIX_H

#include "layer/dir/record.h"

/* Keeps it, where the entry has it. */
wcl_status wcl_posix_pack(const wcl_entry *entry, wcl_file_record *record, wcl_error *error);

/* Gives it to `entry`; names and values are kept in `storage`, the list in `*xattrs`, which is
 * freed with free() or given again. */
wcl_status wcl_posix_unpack(const wcl_file_record *record, wcl_entry *entry, wcl_buffer *storage,
                            wcl_xattr **xattrs, wcl_error *error);

/* What a file without a record has. */
void wcl_posix_from_stat(const struct stat *status, wcl_entry *entry);

#endif
