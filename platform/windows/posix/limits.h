/* POSIX's <limits.h> on Windows: what names and paths are in UTF-8 at most. */
#ifndef WCL_NT_LIMITS_H
#define WCL_NT_LIMITS_H

#pragma GCC system_header

#include_next <limits.h>

#undef NAME_MAX
#undef PATH_MAX
#define NAME_MAX (3 * 255)
#define PATH_MAX 32767

#endif
