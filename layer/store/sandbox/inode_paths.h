/* Inodes that were met, and the path each was first met at: how several names become hard links. */
#ifndef WCL_STORE_INODE_PATHS_H
#define WCL_STORE_INODE_PATHS_H

#include "base/buffer.h"
#include "base/map.h"

typedef struct wcl_inode_paths {
    wcl_map *places; /* of inodes' paths in `paths`; NULL while there are none */
    wcl_buffer paths;
} wcl_inode_paths;

#define WCL_INODE_PATHS_INIT                                                                       \
    {                                                                                              \
        NULL, WCL_BUFFER_INIT                                                                      \
    }

/* NULL where it was not met; valid until another is added. */
const char *wcl_inode_paths_find(const wcl_inode_paths *paths, uint64_t inode);
/* Remembers one that was not met. */
wcl_status wcl_inode_paths_add(wcl_inode_paths *paths, uint64_t inode, const char *path,
                               wcl_error *error);
void wcl_inode_paths_free(wcl_inode_paths *paths);

#endif
