/* What Windows says went wrong, as a wcl_error. */
#ifndef WCL_PLATFORM_WINDOWS_WIN32_ERROR_H
#define WCL_PLATFORM_WINDOWS_WIN32_ERROR_H

#include <wcl/base.h>

/* An HRESULT's code as hcsshim gives it: 0x8007xxxx is the Win32 error xxxx, others stand as they
 * are. */
uint32_t wcl_code_of_hresult(int32_t hresult);

/* WCL_OK for an HRESULT that is no failure; else the error, which says that `function` failed. */
wcl_status wcl_check_hresult(int32_t hresult, const char *function, wcl_error *error);

/* wcl_fail() with a Win32 error code (GetLastError's), whose text is added to the message. */
wcl_status wcl_fail_win32(wcl_error *error, uint32_t code, const char *format, ...)
    WCL_PRINTF(3, 4);

#endif
