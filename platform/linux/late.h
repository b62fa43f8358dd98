/* Libraries that few commands need: each is loaded when it is first used, so that the others do not
 * pay for it and for all that it brings along. */
#ifndef WCL_PLATFORM_LINUX_LATE_H
#define WCL_PLATFORM_LINUX_LATE_H

#include <wcl/base.h>

typedef struct wcl_late_symbol {
    const char *name;
    void **address; /* of the function pointer that is to be set */
} wcl_late_symbol;

#define WCL_LATE_SYMBOL(library, function)                                                         \
    {                                                                                              \
#function, (void **)&(library)->function                                                   \
    }

/*
 * Sets all the function pointers. The library, named by its soname, stays loaded. Fails with
 * WCL_CODE_MOD_NOT_FOUND where there is none, or with WCL_CODE_PROC_NOT_FOUND, naming the
 * function that it does not have.
 */
wcl_status wcl_late_load(const char *soname, const wcl_late_symbol *symbols, size_t count,
                         wcl_error *error);

#endif
