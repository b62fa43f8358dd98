/*
 * Regular files of folders that others fill: a container's root, a layer's folder, an image's.
 * What is found there may be anything, so nothing but a regular file is opened, no link leads out
 * of the folder, and no more is read than the reader said.
 */
#ifndef WCL_BASE_REGULAR_H
#define WCL_BASE_REGULAR_H

#include "base/buffer.h"

typedef enum wcl_links {
    WCL_LINKS_REFUSED, /* no component of the path may be a link */
    WCL_LINKS_IN_ROOT, /* followed as by a process whose root folder it is; Linux 5.6 */
} wcl_links;

/*
 * Opens the regular file `path` beneath `root` for reading, and tells its size (unless NULL).
 * What is not one
 * fails with WCL_CODE_INVALID_DATA and is not opened at all: opening a device or a FIFO has effects
 * of its own. `flags` goes along with O_RDONLY.
 */
wcl_status wcl_regular_open(int root, const char *path, wcl_links links, int flags, int *fd,
                            uint64_t *size, wcl_error *error);

/* Appends all of it to `text`; fails with WCL_CODE_FILE_TOO_LARGE when it has more than `limit`
 * bytes, whatever size it says it has. */
wcl_status wcl_regular_read(int root, const char *path, wcl_links links, size_t limit,
                            wcl_buffer *text, wcl_error *error);

#endif
