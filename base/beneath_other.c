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
