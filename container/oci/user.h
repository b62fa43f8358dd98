/* Users of a container by name or number. */
#ifndef WCL_CONTAINER_OCI_USER_H
#define WCL_CONTAINER_OCI_USER_H

#include <wcl/base.h>

#define WCL_USER_GROUPS 64

typedef struct wcl_user {
    uint32_t uid;
    uint32_t gid;
    uint32_t groups[WCL_USER_GROUPS];
    size_t group_count;
} wcl_user;

/* Finds "name", "uid", "name:group" and so on in the passwd and group files of the container whose
 * root is the folder `root`. NULL and "" are root. */
wcl_status wcl_user_find(const char *root, const char *text, wcl_user *user, wcl_error *error);

#endif
