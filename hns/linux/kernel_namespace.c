/* Network namespaces that live at a path: a file that the namespace is mounted on. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "hns/linux/kernel_linux.h"

/* Runs in a thread of its own, for it gives the thread a new namespace. */
static int unshare_and_mount(void *argument)
{
    const char *path = argument;

    if (unshare(CLONE_NEWNET) != 0)
        return errno;
    return mount("/proc/thread-self/ns/net", path, NULL, MS_BIND, NULL) == 0 ? 0 : errno;
}

wcl_status wcl_linux_namespace_create(wcl_kernel *base, const char *path, wcl_error *error)
{
    int file = open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
    struct statfs system;

    if (file < 0 || fstatfs(file, &system) != 0)
        return wcl_fail_errno(error, errno, "cannot create %s", path);
    close(file);
    if (system.f_type == NSFS_MAGIC)
        return wcl_fail(error, WCL_CODE_ALREADY_EXISTS, "there is a network namespace at %s", path);
    int result = wcl_in_namespace(((wcl_linux_kernel *)base)->home_fd, unshare_and_mount,
                                  (void *)(uintptr_t)path);
    if (result == 0)
        return WCL_OK;
    unlink(path);
    return wcl_fail_errno(error, result, "cannot make a network namespace at %s", path);
}

wcl_status wcl_linux_namespace_remove(wcl_kernel *base, const char *path, wcl_error *error)
{
    (void)base;
    if (umount2(path, MNT_DETACH) != 0 && errno != EINVAL && errno != ENOENT)
        return wcl_fail_errno(error, errno, "cannot unmount the network namespace at %s", path);
    if (unlink(path) != 0 && errno != ENOENT)
        return wcl_fail_errno(error, errno, "cannot remove %s", path);
    return WCL_OK;
}

wcl_status wcl_linux_namespace_enter(wcl_kernel *base, const char *path, wcl_error *error)
{
    int descriptor =
        path ? open(path, O_RDONLY | O_CLOEXEC) : dup(((wcl_linux_kernel *)base)->home_fd);

    if (descriptor < 0 && errno == ENOENT)
        return wcl_fail(error, WCL_CODE_ELEMENT_NOT_FOUND, "there is no such compartment");
    if (descriptor < 0)
        return wcl_fail_errno(error, errno, "cannot open %s", path ? path : "the namespace");
    int result = setns(descriptor, CLONE_NEWNET) == 0 ? 0 : errno;
    close(descriptor);
    return result ? wcl_fail_errno(error, result, "cannot enter the network namespace") : WCL_OK;
}
