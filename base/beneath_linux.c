/* Opening a path beneath a folder in one call of Linux's. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/beneath.h"

int wcl_beneath_open_at_once(int root, const char *path, int flags, mode_t mode)
{
    struct open_how how = {
        .flags = (unsigned)(flags | O_NOFOLLOW | O_CLOEXEC),
        .mode = flags & O_CREAT ? mode : 0,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    long fd = syscall(SYS_openat2, root, path, &how, sizeof(how));

    /* Older kernels do not know the call, and older sandboxes forbid what they do not know. */
    if (fd < 0 && errno == EPERM)
        errno = ENOSYS;
    return (int)fd;
}
