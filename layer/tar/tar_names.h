/* Names of tar entries: made into paths of a layer, and told from whiteouts and alternate streams.
 */
#ifndef WCL_TAR_TAR_NAMES_H
#define WCL_TAR_TAR_NAMES_H

#include <wcl/tar.h>

#include "base/buffer.h"

#define WCL_WHITEOUT_PREFIX ".wh."
/* What in a folder says that the folder is opaque. */
#define WCL_WHITEOUT_OPAQUE ".wh..wh..opq"
/* Names that aufs keeps for itself. */
#define WCL_WHITEOUT_META_PREFIX ".wh..wh."

/*
 * Makes a path of a name: without leading slashes, "." and empty components; "" for the root. A
 * NUL or a ".." component is refused.
 */
wcl_status wcl_tar_name_clean(const char *name, size_t size, wcl_buffer *path, wcl_error *error);

/* Whether the path can be one of a layer of that system; the error says why not. */
wcl_status wcl_tar_path_check(const char *path, wcl_os os, wcl_error *error);

/* Which system's layer an entry of that path belongs to, going by its first component alone. */
bool wcl_tar_path_is_windows(const char *path);

/* Where the name of an alternate stream begins in a path, behind the colon; NULL where the path
 * has none. */
const char *wcl_tar_path_stream(const char *path);

#endif
