/* What POSIX adds to <time.h>, on Windows. */
#ifndef WCL_NT_TIME_H
#define WCL_NT_TIME_H

#pragma GCC system_header

#include_next <time.h>

struct tm *wcl_nt_gmtime_r(const time_t *time, struct tm *parts);

#define gmtime_r wcl_nt_gmtime_r

#endif
