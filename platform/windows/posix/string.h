/* What POSIX and GNU add to <string.h>, on Windows. */
#ifndef WCL_NT_STRING_H
#define WCL_NT_STRING_H

#pragma GCC system_header

#include_next <string.h>

char *wcl_nt_strndup(const char *text, size_t size);
char *wcl_nt_stpcpy(char *to, const char *from);
void *wcl_nt_memrchr(const void *data, int byte, size_t size);
void *wcl_nt_memmem(const void *data, size_t size, const void *part, size_t part_size);

void wcl_nt_explicit_bzero(void *data, size_t size);
char *wcl_nt_strsep(char **text, const char *ends);

#define explicit_bzero wcl_nt_explicit_bzero
#define strsep wcl_nt_strsep
#define strndup wcl_nt_strndup
#define stpcpy wcl_nt_stpcpy
#define memrchr wcl_nt_memrchr
#define memmem wcl_nt_memmem

#endif
