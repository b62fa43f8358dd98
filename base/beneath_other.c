/* Systems that open a path beneath a folder one component at a time only. */
#include <errno.h>

#include "base/beneath.h"

int wcl_beneath_open_at_once(int root, const char *path, int flags, mode_t mode)
{
    (void)root;
    (void)path;
    (void)flags;
    (void)mode;
    errno = ENOSYS;
    return -1;
}

int wcl_beneath_find_in_root(int root, const char *path)
{
    (void)root;
    (void)path;
    errno = ENOSYS;
    return -1;
}

/* Folders of Windows hold nothing whose opening has an effect, and no file changes its kind. */
int wcl_beneath_open_found(int root, const char *path, int found, int flags)
{
    (void)found;
    return wcl_beneath_open(root, path, flags, 0);
}
