/* POSIX's <dirent.h> on Windows. */
#ifndef WCL_NT_DIRENT_H
#define WCL_NT_DIRENT_H

#pragma GCC system_header

#include <stdint.h>

enum {
    DT_UNKNOWN = 0,
    DT_DIR = 4,
    DT_REG = 8,
    DT_LNK = 10,
};

struct dirent {
    uint64_t d_ino;
    unsigned char d_type;
    char d_name[3 * 255 + 1];
};

typedef struct wcl_nt_dir DIR;

DIR *wcl_nt_opendir(const char *path);
DIR *wcl_nt_fdopendir(int descriptor);
struct dirent *wcl_nt_readdir(DIR *listing);
int wcl_nt_closedir(DIR *listing);
int wcl_nt_dirfd(DIR *listing);
void wcl_nt_rewinddir(DIR *listing);

#define opendir wcl_nt_opendir
#define fdopendir wcl_nt_fdopendir
#define readdir wcl_nt_readdir
#define closedir wcl_nt_closedir
#define dirfd wcl_nt_dirfd
#define rewinddir wcl_nt_rewinddir

#endif
