/* POSIX's flock() on Windows. */
#ifndef WCL_NT_SYS_FILE_H
#define WCL_NT_SYS_FILE_H

#pragma GCC system_header

#define LOCK_SH 1
#define LOCK_EX 2
#define LOCK_NB 4
#define LOCK_UN 8

int wcl_nt_flock(int descriptor, int operation);

#define flock wcl_nt_flock

#endif
