/* Windows' metadata in pax records: MSWINDOWS.* as go-winio's backuptar has them, and WCL.* for
 * what those cannot hold. */
#ifndef WCL_TAR_WIN_RECORDS_H
#define WCL_TAR_WIN_RECORDS_H

#include "layer/tar/pax_records.h"

#define WCL_PAX_ATTRIBUTES "MSWINDOWS.fileattr"
#define WCL_PAX_CREATION_TIME "LIBARCHIVE.creationtime"
#define WCL_PAX_SECURITY "MSWINDOWS.rawsd"
#define WCL_PAX_SDDL "MSWINDOWS.sd"
#define WCL_PAX_MOUNT_POINT "MSWINDOWS.mountpoint"
#define WCL_PAX_EA_PREFIX "MSWINDOWS.xattr."
#define WCL_PAX_EA "WCL.ea"
#define WCL_PAX_REPARSE "WCL.reparse"
#define WCL_PAX_STREAMS "WCL.streams"

/* The streams that an entry's records stand for; empty where it has none of a kind. */
typedef struct wcl_win_metadata {
    wcl_buffer security;
    wcl_buffer ea;
    wcl_buffer reparse;
} wcl_win_metadata;

void wcl_win_metadata_clear(wcl_win_metadata *metadata);
void wcl_win_metadata_free(wcl_win_metadata *metadata);

/* Appends the EA list that the records stand for: without flags, the last record first. */
wcl_status wcl_win_ea_from_records(const wcl_pax_records *records, wcl_buffer *ea,
                                   wcl_error *error);

/*
 * Takes the metadata out of an entry's records. `link` is the target of a symbolic link or mount
 * point, NULL for other entries. Errors name the record.
 */
wcl_status wcl_win_metadata_read(wcl_win_metadata *metadata, const wcl_pax_records *records,
                                 const char *link, wcl_error *error);

/* Records with texts of their own, for a writer. */
typedef struct wcl_pax_set {
    wcl_pax_records records;
    char **texts;
    size_t text_count;
    size_t text_capacity;
} wcl_pax_set;

void wcl_pax_set_clear(wcl_pax_set *set);
void wcl_pax_set_free(wcl_pax_set *set);
/* Adds a record, whose key is `prefix` and `key` one behind the other. */
wcl_status wcl_pax_set_add(wcl_pax_set *set, const char *prefix, const char *key, const void *value,
                           size_t value_size, wcl_error *error);
/* The same with the base64 of `size` bytes as the value. */
wcl_status wcl_pax_set_add_base64(wcl_pax_set *set, const char *prefix, const char *key,
                                  const void *data, size_t size, wcl_error *error);

/*
 * Adds the records of an EA list. `with_own` allows WCL.ea, which is added only where the others
 * would not bring the same bytes back.
 */
wcl_status wcl_win_add_ea(wcl_pax_set *set, const wcl_buffer *ea, bool with_own, wcl_error *error);

/*
 * Adds the records of a reparse point, and gives the target of the link that others will see, which
 * is freed with wcl_free(), or NULL where it is no link or `as_link` forbids it.
 */
wcl_status wcl_win_add_reparse(wcl_pax_set *set, const wcl_buffer *reparse, bool as_link,
                               bool with_own, char **link, wcl_error *error);

#endif
