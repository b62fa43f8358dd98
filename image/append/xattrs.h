/* Extended attributes of a file on disk, as a layer keeps them. */
#ifndef WCL_IMAGE_APPEND_XATTRS_H
#define WCL_IMAGE_APPEND_XATTRS_H

#include <wcl/layer.h>

#include "base/buffer.h"

typedef struct wcl_file_xattrs {
    wcl_buffer names;
    wcl_buffer values;
    wcl_xattr *list; /* by name */
    size_t count;
    size_t capacity;
} wcl_file_xattrs;

/* Reads those of the file `name` in `folder`, not following a link. Left out are those that say
 * something about this machine and not about the file: labels and hashes of its security modules,
 * and what overlayfs and wcl itself keep. */
wcl_status wcl_file_xattrs_read(wcl_file_xattrs *xattrs, int folder, const char *name,
                                wcl_error *error);
void wcl_file_xattrs_free(wcl_file_xattrs *xattrs);

#endif
