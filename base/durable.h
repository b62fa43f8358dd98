/*
 * Changes to folders that a power cut does not undo: what a function here did is on disk, with the
 * name that leads to it, before it returns WCL_OK. `folder` is open, or AT_FDCWD; paths are
 * relative to it, or absolute.
 */
#ifndef WCL_BASE_DURABLE_H
#define WCL_BASE_DURABLE_H

#include <wcl/base.h>

#include <fcntl.h>
#include <sys/types.h>

/* The name that a file of the same folder has while it is written; one that was left over is
 * replaced by the next. */
#define WCL_DURABLE_UNFINISHED ".new"

/*
 * Makes a file, or replaces it: it is there whole, as it was or not at all. One writer a folder at
 * a time: callers hold a lock.
 */
wcl_status wcl_durable_write(int folder, const char *path, const void *data, size_t size,
                             mode_t mode, wcl_error *error);

/* Renames what is on disk by itself. */
wcl_status wcl_durable_rename(int folder, const char *from, const char *to, wcl_error *error);

/* Removes a name that is not a folder's; WCL_END when there was none. */
wcl_status wcl_durable_remove(int folder, const char *path, wcl_error *error);

/* Makes a folder with `mode`, and those above it with `above`, where they are missing. */
wcl_status wcl_durable_make_folders(int folder, const char *path, mode_t above, mode_t mode,
                                    wcl_error *error);

/* Puts on disk that the path is there, or is not, after a change by other means. */
wcl_status wcl_durable_sync_name(int folder, const char *path, wcl_error *error);

#endif
