/*
 * Names on disk. Nearly always an entry's own; one that the disk cannot hold (too many bytes), or
 * that means something else in a layer's folder, is kept as a short name that ends in a digest of
 * the true one, which is then kept with the entry's metadata.
 */
#ifndef WCL_DIR_NAMES_H
#define WCL_DIR_NAMES_H

#include "base/buffer.h"

/* The file beside a folder of a transport folder that holds the folder's metadata. */
#define WCL_COMPANION_SUFFIX ".$wcidirs$"

/* The longest names kept as they are: what Linux allows, and the same less WCL_COMPANION_SUFFIX. */
#define WCL_DISK_NAME_MAX 255
#define WCL_DISK_NAME_MAX_TRANSPORT (WCL_DISK_NAME_MAX - 10)

/* Appends the name that the component of `length` bytes has on disk. `at_root`: in the layer's
 * root, where some names are taken. */
wcl_status wcl_disk_name(const char *name, size_t length, bool at_root, size_t max, wcl_buffer *out,
                         wcl_error *error);

/* Replaces `out` by `path` with each component as it is on disk. */
wcl_status wcl_disk_path(const char *path, size_t max, wcl_buffer *out, wcl_error *error);

/* Whether the name may stand for another one. */
bool wcl_disk_name_is_short(const char *name);

/* Whether `name` is taken in the root of a layer's folder. */
bool wcl_disk_name_is_reserved(const char *name, size_t length);

bool wcl_has_suffix(const char *name, size_t length, const char *suffix);

#endif
