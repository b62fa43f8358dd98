/* Which files with several names were met, and under which name first. */
#ifndef WCL_DIR_INODES_H
#define WCL_DIR_INODES_H

#include <sys/stat.h>

#include "base/buffer.h"
#include "base/map.h"

typedef struct wcl_inodes {
    wcl_map *places; /* of files' paths in `paths`; NULL while there are none */
    wcl_buffer paths;
} wcl_inodes;

void wcl_inodes_free(wcl_inodes *inodes);

/* The name under which the file was met before, valid until the next call; else NULL in `*first`,
 * and `path` is remembered. */
wcl_status wcl_inodes_meet(wcl_inodes *inodes, const struct stat *status, const char *path,
                           const char **first, wcl_error *error);

#endif
