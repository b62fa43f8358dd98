/* POSIX's <fcntl.h> on Windows: the descriptors of the C runtime, on handles that share everything.
 */
#ifndef WCL_NT_FCNTL_H
#define WCL_NT_FCNTL_H

#pragma GCC system_header

#include_next <fcntl.h>
#include <sys/types.h>

/* Bits that the C runtime does not use. */
#define O_CLOEXEC _O_NOINHERIT
#define O_DIRECTORY 0x01000000
#define O_NOFOLLOW 0x02000000
#define O_PATH 0x04000000
#define O_TMPFILE 0x08000000

#define AT_FDCWD (-100)
#define AT_SYMLINK_NOFOLLOW 0x100
#define AT_REMOVEDIR 0x200
#define AT_EACCESS 0x200
#define AT_EMPTY_PATH 0x1000
#define RENAME_NOREPLACE 1
#define RENAME_EXCHANGE 2

#define F_GETFL 3
#define F_SETFL 4
#define F_DUPFD_CLOEXEC 1030

/* No descriptor waits, and reading does not count as access unless the system is told so. */
#define O_NONBLOCK 0
#define O_NOATIME 0
/* Refused by fcntl(), which is where it would be asked for. */
#define O_DIRECT 0

#define SYNC_FILE_RANGE_WRITE 2

#define POSIX_FADV_SEQUENTIAL 2

int wcl_nt_open(const char *path, int flags, ...);
int wcl_nt_openat(int folder, const char *path, int flags, ...);
/* F_DUPFD_CLOEXEC only. */
int wcl_nt_fcntl(int descriptor, int command, ...);
int wcl_nt_sync_file_range(int descriptor, off_t offset, off_t size, unsigned flags);
int wcl_nt_fadvise(int descriptor, off_t offset, off_t length, int advice);

#define open wcl_nt_open
#define openat wcl_nt_openat
#define fcntl wcl_nt_fcntl
#define sync_file_range wcl_nt_sync_file_range
#define posix_fadvise wcl_nt_fadvise

#endif
