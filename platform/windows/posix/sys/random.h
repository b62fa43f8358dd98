/* getrandom() on Windows. */
#ifndef WCL_NT_SYS_RANDOM_H
#define WCL_NT_SYS_RANDOM_H

#pragma GCC system_header

#include <sys/types.h>

ssize_t wcl_nt_getrandom(void *buffer, size_t size, unsigned flags);

#define getrandom wcl_nt_getrandom

#endif
