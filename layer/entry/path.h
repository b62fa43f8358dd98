/* Paths of entries: relative, forward slashes, checked before anything is done with them. */
#ifndef WCL_LAYER_PATH_H
#define WCL_LAYER_PATH_H

#include <wcl/base.h>

/*
 * Whether `path` can be an entry's: not empty, not absolute, no empty, "." or ".." component, no
 * component over 1024 bytes, at most 32767 bytes and 1024 components in all.
 */
wcl_status wcl_path_check(const char *path, wcl_error *error);

/* The last component. */
const char *wcl_path_base(const char *path);

/* Bytes of `path` up to its last slash, 0 where it has none. */
size_t wcl_path_parent_length(const char *path);

#endif
