/* Functions of DLLs that a Windows may not have: each is looked up when it is first used. */
#ifndef WCL_PLATFORM_WINDOWS_LATE_H
#define WCL_PLATFORM_WINDOWS_LATE_H

#include <wcl/base.h>

/* Any function; cast to the right type to be called. */
typedef void (*wcl_procedure)(void);

typedef struct wcl_late {
    const char *library; /* "vmcompute.dll" */
    const char *name;
    wcl_procedure address; /* NULL until it was found; written once, with one value */
} wcl_late;

/*
 * The function; NULL when the library cannot be loaded (the loader's code) or does not have it
 * (WCL_CODE_PROC_NOT_FOUND). Any number of threads may ask at once. A library is looked for beside
 * the program and in the system's folder, and nowhere else; one of the same name that the program
 * has loaded itself is taken instead.
 */
wcl_procedure wcl_late_find(wcl_late *late, wcl_error *error);

#endif
