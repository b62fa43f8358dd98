/* Paths of the host as callers write them. */
#ifndef WCL_BASE_HOST_PATH_H
#define WCL_BASE_HOST_PATH_H

#include <stdbool.h>
#include <stddef.h>

/* A copy in which slashes alone separate folders, whatever the system also allows. NULL when out of
 * memory; free(). */
char *wcl_host_path(const char *path);

/* Whether symbolic links can be made by anybody. */
bool wcl_host_makes_links(void);

/* Whether a file can have that name of `length` bytes. */
bool wcl_host_holds_name(const char *name, size_t length);

#endif
