/* Inodes that were met, and the path each was first met at: how several names become hard links. */
#ifndef WCL_STORE_INODE_PATHS_H
#define WCL_STORE_INODE_PATHS_H

#include <wcl/base.h>

typedef struct wcl_inode_path {
    uint64_t inode;
    char *path; /* NULL: the slot is free */
} wcl_inode_path;

typedef struct wcl_inode_paths {
    wcl_inode_path *slots; /* open addressing */
    size_t size;           /* a power of two, or 0 */
    size_t count;
} wcl_inode_paths;

#define WCL_INODE_PATHS_INIT                                                                       \
    {                                                                                              \
        NULL, 0, 0                                                                                 \
    }

/* NULL where it was not met. */
const char *wcl_inode_paths_find(const wcl_inode_paths *paths, uint64_t inode);
/* Remembers one that was not met. */
wcl_status wcl_inode_paths_add(wcl_inode_paths *paths, uint64_t inode, const char *path,
                               wcl_error *error);
void wcl_inode_paths_free(wcl_inode_paths *paths);

#endif
