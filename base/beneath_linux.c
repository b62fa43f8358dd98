/* Opening a path beneath a folder in one call of Linux's, and what is open already once more. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
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

int wcl_beneath_find_in_root(int root, const char *path)
{
    struct open_how how = {
        .flags = O_PATH | O_CLOEXEC,
        .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
    };
    return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

int wcl_beneath_open_found(int root, const char *path, int found, int flags)
{
    char name[64];

    snprintf(name, sizeof(name), "/proc/self/fd/%d", found);
    int fd = open(name, flags | O_CLOEXEC);
    /* Without /proc the path has to do; the caller looks at what it got. */
    return fd < 0 && errno == ENOENT ? wcl_beneath_open(root, path, flags, 0) : fd;
}
