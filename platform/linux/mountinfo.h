/* What /proc tells about mounts: where they are and who uses them. */
#ifndef WCL_PLATFORM_LINUX_MOUNTINFO_H
#define WCL_PLATFORM_LINUX_MOUNTINFO_H

#include <wcl/base.h>

/* Whether the open file is the root of a mount. */
bool wcl_mountinfo_is_mounted(int fd);

/* Processes with a file or folder beneath `path` open, as "NAME (PID), ..."; "" if none is found.
 */
void wcl_mountinfo_users(const char *path, char *text, size_t size);

#endif
