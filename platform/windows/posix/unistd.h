/* POSIX's <unistd.h> on Windows. */
#ifndef WCL_NT_UNISTD_H
#define WCL_NT_UNISTD_H

#pragma GCC system_header

#include <fcntl.h>
#include <io.h>
#include <process.h>
#include <stdio.h>
#include <sys/types.h>

#define STDIN_FILENO 0
#define STDOUT_FILENO 1
#define STDERR_FILENO 2
#ifndef F_OK
#define F_OK 0
#define X_OK 1
#define W_OK 2
#define R_OK 4
#endif

int wcl_nt_usleep(unsigned microseconds);
ssize_t wcl_nt_pread(int descriptor, void *buffer, size_t size, off_t offset);
ssize_t wcl_nt_pwrite(int descriptor, const void *data, size_t size, off_t offset);
off_t wcl_nt_lseek(int descriptor, off_t offset, int whence);
int wcl_nt_ftruncate(int descriptor, off_t size);
int wcl_nt_fsync(int descriptor);
int wcl_nt_unlink(const char *path);
int wcl_nt_unlinkat(int folder, const char *path, int flags);
int wcl_nt_linkat(int from_folder, const char *from, int to_folder, const char *to, int flags);
int wcl_nt_faccessat(int folder, const char *path, int mode, int flags);
int wcl_nt_renameat(int from_folder, const char *from, int to_folder, const char *to);
int wcl_nt_renameat2(int from_folder, const char *from, int to_folder, const char *to,
                     unsigned flags);
int wcl_nt_rename(const char *from, const char *to);
int wcl_nt_symlinkat(const char *target, int folder, const char *path);
ssize_t wcl_nt_readlinkat(int folder, const char *path, char *target, size_t size);
ssize_t wcl_nt_copy_file_range(int from, off_t *from_offset, int to, off_t *to_offset, size_t size,
                               unsigned flags);

#undef usleep
#define usleep wcl_nt_usleep
#undef pread
#define pread wcl_nt_pread
#undef pwrite
#define pwrite wcl_nt_pwrite
#undef lseek
#define lseek wcl_nt_lseek
#undef ftruncate
#define ftruncate wcl_nt_ftruncate
#undef fsync
#define fsync wcl_nt_fsync
#undef fdatasync
#define fdatasync wcl_nt_fsync
#undef unlink
#define unlink wcl_nt_unlink
#undef unlinkat
#define unlinkat wcl_nt_unlinkat
#undef linkat
#define linkat wcl_nt_linkat
#undef faccessat
#define faccessat wcl_nt_faccessat
#undef renameat
#define renameat wcl_nt_renameat
#undef renameat2
#define renameat2 wcl_nt_renameat2
#undef rename
#define rename wcl_nt_rename
#undef symlinkat
#define symlinkat wcl_nt_symlinkat
#undef readlinkat
#define readlinkat wcl_nt_readlinkat
#define readlink(path, target, size) wcl_nt_readlinkat(-100, path, target, size)
#undef copy_file_range
#define copy_file_range wcl_nt_copy_file_range

#endif
