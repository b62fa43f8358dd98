/* Running a program of the system. */
#ifndef WCL_PLATFORM_LINUX_RUN_H
#define WCL_PLATFORM_LINUX_RUN_H

#include <wcl/base.h>

/*
 * Runs the program `arguments[0]`, found in the system's own folders, and waits for it. It has no
 * input, and a clean environment. A failure of it fails with the last line that it wrote to its
 * standard error.
 */
wcl_status wcl_run(const char *const *arguments, wcl_error *error);

#endif
