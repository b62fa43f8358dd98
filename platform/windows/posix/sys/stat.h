/* POSIX's <sys/stat.h> on Windows: 64-bit file numbers, and times of 100 ns. */
#ifndef WCL_NT_SYS_STAT_H
#define WCL_NT_SYS_STAT_H

#pragma GCC system_header

#include <fcntl.h>
#include <io.h>
#include <stdint.h>
#include_next <sys/stat.h>
#include <time.h>

struct wcl_nt_stat {
    uint64_t st_dev;
    uint64_t st_ino;
    unsigned st_mode;
    unsigned st_nlink;
    unsigned st_uid;
    unsigned st_gid;
    uint64_t st_rdev;
    int64_t st_size;
    int64_t st_blocks;
    struct timespec st_atim;
    struct timespec st_mtim;
    struct timespec st_ctim;
};

#define st_atime st_atim.tv_sec
#define st_mtime st_mtim.tv_sec
#define st_ctime st_ctim.tv_sec

#ifndef S_IFLNK
#define S_IFLNK 0120000
#define S_IFSOCK 0140000
#endif
#ifndef S_ISLNK
#define S_ISLNK(mode) (((mode)&S_IFMT) == S_IFLNK)
#define S_ISSOCK(mode) (((mode)&S_IFMT) == S_IFSOCK)
#endif
#ifndef S_ISUID
#define S_ISUID 04000
#define S_ISGID 02000
#define S_ISVTX 01000
#endif

#undef UTIME_OMIT
#define UTIME_OMIT ((1l << 30) - 2)

int wcl_nt_fstat(int descriptor, struct wcl_nt_stat *status);
int wcl_nt_fstatat(int folder, const char *path, struct wcl_nt_stat *status, int flags);
int wcl_nt_lstat(const char *path, struct wcl_nt_stat *status);
int wcl_nt_mkdirat(int folder, const char *path, unsigned mode);
int wcl_nt_futimens(int descriptor, const struct timespec times[2]);
int wcl_nt_utimensat(int folder, const char *path, const struct timespec times[2], int flags);
int wcl_nt_fchmod(int descriptor, unsigned mode);

static inline int wcl_nt_stat(const char *path, struct wcl_nt_stat *status)
{
    return wcl_nt_fstatat(AT_FDCWD, path, status, 0);
}

static inline int wcl_nt_mkdir(const char *path, unsigned mode)
{
    return wcl_nt_mkdirat(AT_FDCWD, path, mode);
}

#undef stat
#undef fstat
#define stat wcl_nt_stat
#define fstat wcl_nt_fstat
#define fstatat wcl_nt_fstatat
#define lstat wcl_nt_lstat
#define mkdir wcl_nt_mkdir
#define mkdirat wcl_nt_mkdirat
#define futimens wcl_nt_futimens
#define utimensat wcl_nt_utimensat
#define fchmod wcl_nt_fchmod

#endif
