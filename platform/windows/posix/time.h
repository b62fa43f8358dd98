/* What POSIX adds to <time.h>, on Windows. */
#ifndef WCL_NT_TIME_H
#define WCL_NT_TIME_H

#pragma GCC system_header

#include_next <time.h>

struct tm *wcl_nt_gmtime_r(const time_t *time, struct tm *parts);

time_t wcl_nt_timegm(struct tm *parts);
/* The format "%Y-%m-%dT%H:%M:%S" only. */
char *wcl_nt_strptime(const char *text, const char *format, struct tm *parts);

#define timegm wcl_nt_timegm
#define strptime wcl_nt_strptime
#define gmtime_r wcl_nt_gmtime_r

#endif
