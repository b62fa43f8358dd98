/*
 * The sidecar of a folder: the file `.wcl-metadata` in its root, with what has no place in extended
 * attributes, and the folder `.wcl-metadata.d` with large payloads. The file's first line is
 * {"wcl_metadata":2}; each further line is a JSON object, the record of one entry:
 *
 *     path              on disk (for links, deleted and opaque entries: in the layer), or
 *     path_base64       where it is not plain UTF-8
 *     kind              "file", "directory", "link", "deleted", "opaque", "symlink", "character",
 *                       "block" or "fifo"
 *     flags, blob, seen_seconds, seen_nanoseconds, seen_size, attributes, creation_time,
 *     last_access_time, last_write_time, change_time
 *     sd, ea, reparse, streams, name, target, posix    base64, as in the extended attributes
 *
 * In a folder that hcsshim reads as well the sidecar must not be among what it sees. There it is
 * kept in the attribute user.wcl.sidecar of a file that is no entry or, where that has no room, in
 * files whose names end as those do that hcsshim passes over.
 */
#ifndef WCL_DIR_SIDECAR_H
#define WCL_DIR_SIDECAR_H

#include <inttypes.h>
#include <stdio.h>

#include "layer/dir/names.h"
#include "layer/dir/record.h"

#define WCL_SIDECAR_NAME ".wcl-metadata"
#define WCL_BLOB_FOLDER ".wcl-metadata.d"
#define WCL_SIDECAR_XATTR "sidecar" /* user.wcl.sidecar */

/* Whether a record stands for something that is not a file of its own on disk. */
bool wcl_file_record_is_extra(const wcl_file_record *record);

/* Where the blob `number` is in the folder. */
static inline void wcl_sidecar_blob_path(bool is_hidden, uint64_t number, const char *suffix,
                                         char path[96])
{
    const char *end = is_hidden ? WCL_COMPANION_SUFFIX : "";
    snprintf(path, 96, WCL_BLOB_FOLDER "%s/%" PRIu64 "%s%s", end, number, suffix, end);
}

/* ---- Writing -------------------------------------------------------------------------------- */

typedef struct wcl_sidecar_writer {
    int root;
    bool is_hidden;     /* from hcsshim */
    const char *holder; /* the file whose attribute may hold it all, or NULL */
    int fd;             /* of the file, -1 until there is something to say */
    uint64_t size;      /* of what was written to it */
    uint64_t blobs;     /* numbers given out */
    wcl_buffer lines;
} wcl_sidecar_writer;

void wcl_sidecar_writer_init(wcl_sidecar_writer *writer, int root);
void wcl_sidecar_writer_free(wcl_sidecar_writer *writer);

/* Adds the record of `path`. */
wcl_status wcl_sidecar_add(wcl_sidecar_writer *writer, const char *path,
                           const wcl_file_record *record, wcl_error *error);

/* A number for an entry's blobs, from 1. */
uint64_t wcl_sidecar_new_number(wcl_sidecar_writer *writer);

/* Makes the blob `number` (with `suffix`, which may be empty). */
wcl_status wcl_sidecar_make_blob(wcl_sidecar_writer *writer, uint64_t number, const char *suffix,
                                 int *fd, wcl_error *error);

/* Writes out what is still in memory; the holder is there by now. */
wcl_status wcl_sidecar_finish(wcl_sidecar_writer *writer, wcl_error *error);

/* ---- Reading -------------------------------------------------------------------------------- */

typedef struct wcl_sidecar wcl_sidecar;

/* Reads the sidecar of `root`, in which `holder` may have it as an attribute (NULL: there is none);
 * a folder without a sidecar has an empty one. */
wcl_status wcl_sidecar_load(int root, const char *holder, wcl_sidecar **sidecar, wcl_error *error);
void wcl_sidecar_free(wcl_sidecar *sidecar);

/* The record of the file `path` on disk. */
wcl_status wcl_sidecar_find(wcl_sidecar *sidecar, const char *path, wcl_file_record *record,
                            bool *found, wcl_error *error);

/* The extra records, in the order in which they were added; WCL_END behind the last. `*path` is the
 * sidecar's. `*position` starts at 0. */
wcl_status wcl_sidecar_next_extra(wcl_sidecar *sidecar, size_t *position, const char **path,
                                  wcl_file_record *record, wcl_error *error);

wcl_status wcl_sidecar_open_blob(wcl_sidecar *sidecar, uint64_t number, const char *suffix, int *fd,
                                 wcl_error *error);

#endif
