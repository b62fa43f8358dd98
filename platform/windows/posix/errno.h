/* POSIX's <errno.h> on Windows: numbers that the C runtime does not know. */
#ifndef WCL_NT_ERRNO_H
#define WCL_NT_ERRNO_H

#pragma GCC system_header

#include_next <errno.h>

#ifndef EDQUOT
#define EDQUOT 10069
#endif

#endif
