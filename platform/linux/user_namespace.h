/* User namespaces that say how ids are mapped, in which nothing runs. */
#ifndef WCL_PLATFORM_LINUX_USER_NAMESPACE_H
#define WCL_PLATFORM_LINUX_USER_NAMESPACE_H

#include <wcl/base.h>

/* One as a descriptor. The maps are lines as /proc/PID/uid_map has them: inside, outside, count. */
wcl_status wcl_user_namespace_make(const char *uid_map, const char *gid_map, int *fd,
                                   wcl_error *error);

#endif
