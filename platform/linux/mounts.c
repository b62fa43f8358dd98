/* The new mount API, and undoing mounts. */
#include "platform/linux/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef FSOPEN_CLOEXEC
#include <linux/mount.h>
#endif

#include "base/beneath.h"
#include "base/buffer.h"
#include "base/error.h"
#include "platform/linux/mountinfo.h"

#define UNMOUNT_ATTEMPTS 50
#define UNMOUNT_WAIT_NS (10 * 1000 * 1000)

/* The C library has had functions for these only since glibc 2.36. */
static int open_context(const char *type)
{
    return (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
}

static int configure(int context, unsigned command, const char *name, const char *value)
{
    return (int)syscall(SYS_fsconfig, context, command, name, value, 0);
}

static int open_tree_clone(int at, const char *path, unsigned flags)
{
    return (int)syscall(SYS_open_tree, at, path,
                        OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW |
                            flags);
}

static unsigned attributes_of(unsigned flags)
{
    return MOUNT_ATTR_NODEV | (flags & WCL_KERNEL_MOUNT_SUID ? 0u : MOUNT_ATTR_NOSUID) |
           (flags & WCL_KERNEL_MOUNT_READ_ONLY ? MOUNT_ATTR_RDONLY : 0u);
}

/* ---- Creating ------------------------------------------------------------------------------- */

/* What the kernel wrote about the attempt: lines that begin with "e ", "w " or "i ". */
static void read_log(int context, wcl_buffer *text)
{
    char line[512];
    ssize_t got;

    while ((got = read(context, line, sizeof(line))) > 0) {
        while (got > 0 && (line[got - 1] == '\n' || line[got - 1] == '\0'))
            got--;
        if (got > 2 && line[1] == ' ' && (line[0] == 'e' || line[0] == 'w'))
            wcl_buffer_printf(text, NULL, "%s%.*s", text->size ? "; " : ": ", (int)got - 2,
                              line + 2);
    }
}

static wcl_status fail_create(int context, const char *type, int number, int *number_out,
                              wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer log = WCL_BUFFER_INIT;

    if (context >= 0)
        read_log(context, &log);
    if (number_out)
        *number_out = number;
    if (number == EPERM)
        return wcl_fail(error, WCL_CODE_ACCESS_DENIED,
                        "mounting needs root's rights (CAP_SYS_ADMIN)%s", wcl_buffer_text(&log));
    if (number == ENODEV)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED, "this kernel has no %s", type);
    return wcl_fail_errno(error, number, "cannot mount %s%s", type, wcl_buffer_text(&log));
}

wcl_status wcl_kernel_mount_check(wcl_error *error)
{
    WCL_CLEANUP_FD int context = open_context("overlay");

    if (context < 0 && errno == ENOSYS)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "this kernel has no fsopen(), which Linux has from 5.2 on");
    return context >= 0 ? WCL_OK : fail_create(-1, "overlay", errno, NULL, error);
}

wcl_status wcl_kernel_mount_create(const char *type, const wcl_kernel_mount_option *options,
                                   size_t count, unsigned flags, int *mount, int *number,
                                   wcl_error *error)
{
    WCL_CLEANUP_FD int context = open_context(type);

    *mount = -1;
    if (number)
        *number = 0;
    if (context < 0)
        return fail_create(-1, type, errno, number, error);
    for (size_t i = 0; i < count; i++) {
        unsigned command = options[i].value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG;
        if (configure(context, command, options[i].name, options[i].value) != 0)
            return fail_create(context, type, errno, number, error);
    }
    if ((flags & WCL_KERNEL_MOUNT_READ_ONLY &&
         configure(context, FSCONFIG_SET_FLAG, "ro", NULL) != 0) ||
        configure(context, FSCONFIG_CMD_CREATE, NULL, NULL) != 0)
        return fail_create(context, type, errno, number, error);
    *mount = (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, attributes_of(flags));
    return *mount >= 0 ? WCL_OK : fail_create(context, type, errno, number, error);
}

static wcl_status clone_tree(int at, const char *path, unsigned flags, int *mount, wcl_error *error)
{
    *mount = open_tree_clone(at, path, flags);
    if (*mount >= 0)
        return WCL_OK;
    if (errno == EPERM)
        return wcl_fail(error, WCL_CODE_ACCESS_DENIED,
                        "mounting needs root's rights (CAP_SYS_ADMIN)");
    return wcl_fail_errno(error, errno, "cannot take '%s' for a mount", path);
}

wcl_status wcl_kernel_mount_clone(int at, const char *path, int *mount, wcl_error *error)
{
    return clone_tree(at, path, 0, mount, error);
}

static wcl_status set_attributes(int mount, unsigned flags, unsigned set, unsigned clear,
                                 wcl_error *error)
{
    struct mount_attr attributes = { .attr_set = set, .attr_clr = clear };

    if (syscall(SYS_mount_setattr, mount, "", AT_EMPTY_PATH | flags, &attributes,
                sizeof(attributes)) == 0)
        return WCL_OK;
    if (errno == ENOSYS)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "this kernel has no mount_setattr(), which Linux has from 5.12 on");
    return wcl_fail_errno(error, errno, "cannot restrict the mount");
}

wcl_status wcl_kernel_mount_map_ids(int mount, int user_namespace, wcl_error *error)
{
    struct mount_attr attributes = { .attr_set = MOUNT_ATTR_IDMAP,
                                     .userns_fd = (uint64_t)user_namespace };

    if (syscall(SYS_mount_setattr, mount, "", AT_EMPTY_PATH, &attributes, sizeof(attributes)) == 0)
        return WCL_OK;
    return errno == ENOSYS || errno == EINVAL
               ? wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                          "this kernel cannot map the ids of the mount's file system")
               : wcl_fail_errno(error, errno, "cannot map the ids of the mount");
}

wcl_status wcl_kernel_mount_restrict(int mount, unsigned flags, wcl_error *error)
{
    const unsigned all = MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID | MOUNT_ATTR_RDONLY;
    unsigned set = attributes_of(flags);

    return set_attributes(mount, 0, set, all & ~set, error);
}

wcl_status wcl_kernel_mount_clone_root(const char *path, bool suid, int *mount, wcl_error *error)
{
    if (clone_tree(AT_FDCWD, path, AT_RECURSIVE, mount, error) != WCL_OK)
        return WCL_FAILED;
    if (set_attributes(*mount, AT_RECURSIVE, MOUNT_ATTR_NODEV, 0, error) == WCL_OK &&
        (!suid || set_attributes(*mount, 0, 0, MOUNT_ATTR_NOSUID, error) == WCL_OK))
        return WCL_OK;
    close(*mount);
    *mount = -1;
    return WCL_FAILED;
}

wcl_status wcl_kernel_mount_attach(int mount, int folder, wcl_error *error)
{
    if (syscall(SYS_move_mount, mount, "", folder, "",
                MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) == 0)
        return WCL_OK;
    return wcl_fail_errno(error, errno, "cannot attach the mount");
}

/* ---- Undoing -------------------------------------------------------------------------------- */

wcl_status wcl_kernel_mount_unmount(const char *path, bool lazily, wcl_error *error)
{
    const struct timespec wait = { 0, UNMOUNT_WAIT_NS };

    for (int attempt = 0; attempt < UNMOUNT_ATTEMPTS; attempt++) {
        if (umount2(path, UMOUNT_NOFOLLOW | (lazily && attempt > 0 ? MNT_DETACH : 0)) == 0)
            return WCL_OK;
        if (errno == EPERM)
            return wcl_fail(error, WCL_CODE_ACCESS_DENIED,
                            "unmounting '%s' needs root's rights (CAP_SYS_ADMIN)", path);
        if (errno != EBUSY)
            return wcl_fail_errno(error, errno, "cannot unmount '%s'", path);
        nanosleep(&wait, NULL);
    }
    char users[128];
    wcl_mountinfo_users(path, users, sizeof(users));
    return wcl_fail(error, WCL_CODE_BUSY, "the mount at '%s' is in use%s%s", path,
                    *users ? " by " : "", users);
}

wcl_status wcl_kernel_mount_detach(const char *path, wcl_error *error)
{
    return umount2(path, UMOUNT_NOFOLLOW | MNT_DETACH) == 0
               ? WCL_OK
               : wcl_fail_errno(error, errno, "cannot unmount '%s'", path);
}

/* ---- Asking --------------------------------------------------------------------------------- */

bool wcl_kernel_mount_is_mounted(int at, const char *path)
{
    struct statx info;

    if (statx(at, path, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, 0, &info) != 0)
        return false;
    if (info.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT)
        return (info.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
    WCL_CLEANUP_FD int fd = openat(at, path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    return fd >= 0 && wcl_mountinfo_is_mounted(fd);
}

/* Some letters are more than that to overlayfs and others. */
bool wcl_kernel_mount_can_name(const char *path)
{
    return strlen(path) < WCL_KERNEL_MOUNT_NAME_SIZE && strpbrk(path, ":,\\\n\"") == NULL;
}

void wcl_kernel_mount_name(int fd, const char *path, char name[WCL_KERNEL_MOUNT_NAME_SIZE])
{
    if (path && wcl_kernel_mount_can_name(path))
        snprintf(name, WCL_KERNEL_MOUNT_NAME_SIZE, "%s", path);
    else
        snprintf(name, WCL_KERNEL_MOUNT_NAME_SIZE, "/proc/self/fd/%d", fd);
}
