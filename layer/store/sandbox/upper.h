/* An overlayfs upper: what its files say about the layers below. */
#ifndef WCL_STORE_UPPER_H
#define WCL_STORE_UPPER_H

#include <sys/stat.h>

#include "base/buffer.h"
#include "layer/store/store.h"

/* The upper of a sandbox, whose storage is mounted for the purpose if it is not; -1 where nothing
 * was ever written. */
wcl_status wcl_upper_open(const wcl_store_layer *sandbox, int *upper, wcl_error *error);

typedef struct wcl_upper_file {
    struct stat info;
    bool is_whiteout; /* it hides what has its name below */
    bool is_opaque;   /* a folder that hides all below it */
} wcl_upper_file;

/* Looks at `name` in a folder of an upper; WCL_END where it is gone by now. */
wcl_status wcl_upper_look(int folder, const char *name, wcl_upper_file *file, wcl_error *error);

/* Opens a regular file's data; WCL_END where it is gone by now. */
wcl_status wcl_upper_open_data(int folder, const char *name, int *data, wcl_error *error);

/* Puts the value of an extended attribute in the place of what is in `value`; WCL_END where there
 * is none. "" is the folder itself. */
wcl_status wcl_upper_xattr(int folder, const char *name, const char *xattr, wcl_buffer *value,
                           wcl_error *error);

/* Appends the names of all, each with its NUL. */
wcl_status wcl_upper_xattr_names(int folder, const char *name, wcl_buffer *names, wcl_error *error);

#endif
