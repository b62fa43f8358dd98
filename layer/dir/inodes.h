/* Which files with several names were met, and under which name first. */
#ifndef WCL_DIR_INODES_H
#define WCL_DIR_INODES_H

#include <wcl/base.h>

#include <sys/stat.h>

typedef struct wcl_inode {
    dev_t device;
    ino_t number;
    char *path; /* NULL: a free slot */
} wcl_inode;

typedef struct wcl_inodes {
    wcl_inode *slots;
    size_t capacity; /* a power of two */
    size_t count;
} wcl_inodes;

void wcl_inodes_free(wcl_inodes *inodes);

/* The name under which the file was met before; else NULL in `*first`, and `path` is remembered. */
wcl_status wcl_inodes_meet(wcl_inodes *inodes, const struct stat *status, const char *path,
                           const char **first, wcl_error *error);

#endif
