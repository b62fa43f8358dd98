/*
 * What a folder on disk keeps of an entry beside its contents, and its form as extended attributes:
 *
 *     user.wcl.entry     u32 version (2), kind, flags, salt; u64 blob; u8 seen; i64 seconds, u32
 *                        nanoseconds, u64 size that the file had when it was written
 *     user.wcl.basic     FILE_BASIC_INFO, 40 bytes, with the salt in its last four, unused ones
 *     user.wcl.sd .ea .reparse    that stream of the entry, as it is
 *     user.wcl.streams   the table of its streams (see split.h)
 *     user.wcl.name      its name, where the disk has another
 *     user.wcl.target    of a link
 *     user.wcl.posix     what only Linux layers have (see posix.h)
 */
#ifndef WCL_DIR_RECORD_H
#define WCL_DIR_RECORD_H

#include <wcl/layer.h>

#include <sys/stat.h>

#include "base/buffer.h"
#include "layer/entry/entry.h"

enum wcl_file_record_field {
    WCL_FILE_RECORD_SD,
    WCL_FILE_RECORD_EA,
    WCL_FILE_RECORD_REPARSE,
    WCL_FILE_RECORD_STREAMS,
    WCL_FILE_RECORD_NAME,
    WCL_FILE_RECORD_TARGET,
    WCL_FILE_RECORD_POSIX,
    WCL_FILE_RECORD_FIELDS,
};

/* Each field's name, as in "user.wcl.NAME" and in the sidecar. */
extern const char *const wcl_file_record_field_names[WCL_FILE_RECORD_FIELDS];

/* Flags beside WCL_ENTRY_IMPLICIT. */
#define WCL_FILE_RECORD_ON_DISK 0x10000u /* a hard link is one on disk too */
#define WCL_FILE_RECORD_SPILLED 0x20000u /* the table of streams is in the blob folder */

typedef struct wcl_file_record {
    wcl_entry_kind kind;
    uint32_t flags;
    uint32_t salt; /* see wcl_record_set_salt() */
    uint64_t blob; /* number of the file with its further payloads, 0 for none */
    bool seen;     /* whether what follows is known */
    int64_t seen_seconds;
    uint32_t seen_nanoseconds;
    uint64_t seen_size;
    wcl_basic_info info;
    bool has[WCL_FILE_RECORD_FIELDS];
    wcl_buffer fields[WCL_FILE_RECORD_FIELDS];
} wcl_file_record;

#define WCL_FILE_RECORD_INIT                                                                       \
    {                                                                                              \
        .kind = 0                                                                                  \
    }

void wcl_file_record_free(wcl_file_record *record);
#define WCL_CLEANUP_FILE_RECORD __attribute__((cleanup(wcl_file_record_free)))

/* Forgets all and keeps the room. */
void wcl_file_record_clear(wcl_file_record *record);

wcl_status wcl_file_record_set(wcl_file_record *record, enum wcl_file_record_field field,
                               const void *data, size_t size, wcl_error *error);

/*
 * Gives the record a number that hardly any other has. It means nothing: ext4 looks for files with
 * the same attributes by an XOR of their words, which four equal times cancel out, and without the
 * salt it would compare each file with all others.
 */
void wcl_record_set_salt(wcl_file_record *record, const char *path);

/* Remembers what the file looks like now, and whether it still looks so. */
void wcl_file_record_see(wcl_file_record *record, const struct stat *status);
bool wcl_file_record_is_current(const wcl_file_record *record, const struct stat *status);

/* Keeps the record in the extended attributes of `fd`; `*fits` is false, and nothing is kept, where
 * those do not exist or have no room. */
wcl_status wcl_file_record_to_xattrs(const wcl_file_record *record, int fd, bool *fits,
                                     wcl_error *error);

/* Removes what that kept. */
void wcl_file_record_remove_xattrs(int fd);

/* The record of `fd`; `*found` is false where it has none. */
wcl_status wcl_file_record_from_xattrs(int fd, wcl_file_record *record, bool *found,
                                       wcl_error *error);

/* Sets user.wcl.`name`: 1 when it was set, 0 where there is no room for it, -1 with errno. */
int wcl_set_own_xattr(int fd, const char *name, const void *value, size_t size);
/* Its value in place of what is in `value`; `*found` tells whether there is one. */
wcl_status wcl_get_own_xattr(int fd, const char *name, wcl_buffer *value, bool *found,
                             wcl_error *error);

/* The times of a file that has none recorded: both its own, creation and change as the last write.
 */
void wcl_basic_info_from_stat(const struct stat *status, wcl_basic_info *info);

/* Sets a file's own times, as near as its file system can. */
wcl_status wcl_set_file_times(int fd, const wcl_basic_info *info, wcl_error *error);

#endif
