/* Text for Windows' own functions, which take UTF-16 with a NUL behind it. WTF-8 on this side, so
 * that names that are not valid UTF-16 survive both ways. */
#ifndef WCL_PLATFORM_WINDOWS_WIDE_H
#define WCL_PLATFORM_WINDOWS_WIDE_H

#include <wchar.h>

#include <wcl/base.h>

/* The UTF-16 of `text`, freed with wcl_free(); NULL when it is not valid WTF-8 or out of memory. */
wchar_t *wcl_wide_of(const char *text, wcl_error *error);

/* The WTF-8 of `text`, freed with wcl_free(); NULL when out of memory. */
char *wcl_text_of_wide(const wchar_t *text, wcl_error *error);

#endif
