/* What POSIX and GNU add to <stdlib.h>, on Windows. */
#ifndef WCL_NT_STDLIB_H
#define WCL_NT_STDLIB_H

#pragma GCC system_header

#include_next <stdlib.h>

int wcl_nt_mkostemp(char *path, int flags);
char *wcl_nt_mkdtemp(char *path);
/* `resolved` is NULL: the result is the caller's. */
char *wcl_nt_realpath(const char *path, char *resolved);
char *wcl_nt_getenv(const char *name);
int wcl_nt_setenv(const char *name, const char *value, int overwrite);
int wcl_nt_unsetenv(const char *name);
void wcl_nt_qsort_r(void *items, size_t count, size_t size,
                    int (*compare)(const void *, const void *, void *), void *context);
void *wcl_nt_reallocarray(void *memory, size_t count, size_t size);

#define mkostemp wcl_nt_mkostemp
#define mkdtemp wcl_nt_mkdtemp
#define realpath wcl_nt_realpath
#define getenv wcl_nt_getenv
#define setenv wcl_nt_setenv
#define unsetenv wcl_nt_unsetenv
#define qsort_r wcl_nt_qsort_r
#define reallocarray wcl_nt_reallocarray

#endif
