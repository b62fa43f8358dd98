/*
 * Mounts by the kernel's new mount API (5.2 and later): a file system is configured and mounted
 * nowhere at first, as a descriptor, and then attached. What was not attached is gone with its
 * descriptor, so a process that dies on the way leaves nothing.
 */
#ifndef WCL_PLATFORM_LINUX_MOUNTS_H
#define WCL_PLATFORM_LINUX_MOUNTS_H

#include <wcl/base.h>

typedef struct wcl_kernel_mount_option {
    const char *name;
    const char *value; /* NULL for a flag */
} wcl_kernel_mount_option;

/*
 * What a mount allows beyond the least. What is in a layer is not this host's: its device nodes can
 * never be opened through a mount made here, and its set-uid files and file capabilities count for
 * nothing unless WCL_KERNEL_MOUNT_SUID says so.
 */
typedef enum wcl_kernel_mount_flags {
    WCL_KERNEL_MOUNT_READ_ONLY = 1,
    WCL_KERNEL_MOUNT_SUID = 2,
} wcl_kernel_mount_flags;

/*
 * Mounts a file system as a descriptor. Errors carry what the kernel says in its log of the
 * attempt.
 * `*number` is the errno of a failure (0 if it was none of the kernel's); it may be NULL.
 */
wcl_status wcl_kernel_mount_create(const char *type, const wcl_kernel_mount_option *options,
                                   size_t count, unsigned flags, int *mount, int *number,
                                   wcl_error *error);

/* Fails with ACCESS_DENIED where this process may not mount, and NOT_SUPPORTED where the kernel is
 * too old. */
wcl_status wcl_kernel_mount_check(wcl_error *error);

/* The folder `path` in `at` as a mount of its own, as a descriptor (what a bind mount shows), which
 * allows what the mount that it is in allows. */
wcl_status wcl_kernel_mount_clone(int at, const char *path, int *mount, wcl_error *error);

/* Maps the ids of a mount that is nowhere attached yet, as the user namespace says. NOT_SUPPORTED
 * where the kernel or the file system cannot. */
wcl_status wcl_kernel_mount_map_ids(int mount, int user_namespace, wcl_error *error);

/* Makes a mount allow exactly what `flags` say; needs Linux 5.12. */
wcl_status wcl_kernel_mount_restrict(int mount, unsigned flags, wcl_error *error);

/*
 * The folder `path`, with all that is mounted in it, as a mount of its own for a container: its
 * device nodes cannot be opened. With `suid` set-uid files count there even if they do not in
 * `path`; without, it stays as it is. Needs Linux 5.12.
 */
wcl_status wcl_kernel_mount_clone_root(const char *path, bool suid, int *mount, wcl_error *error);

/* Attaches a mount to a folder that is open. */
wcl_status wcl_kernel_mount_attach(int mount, int folder, wcl_error *error);

/*
 * Undoes the topmost mount at `path`. One in use is tried again for half a second, and then fails
 * with BUSY, naming processes that use it if they can be found. `lazily` takes it out of sight
 * instead.
 */
wcl_status wcl_kernel_mount_unmount(const char *path, bool lazily, wcl_error *error);

/* Takes the topmost mount at `path` out of sight at once, whoever uses it. */
wcl_status wcl_kernel_mount_detach(const char *path, wcl_error *error);

/* Whether something is mounted at `path` in `at`, without following a link. */
bool wcl_kernel_mount_is_mounted(int at, const char *path);

/*
 * Room for the text that names an open file to the kernel where only a text will do: its path while
 * this is short and plain, else its place in /proc.
 */
#define WCL_KERNEL_MOUNT_NAME_SIZE 256
void wcl_kernel_mount_name(int fd, const char *path, char name[WCL_KERNEL_MOUNT_NAME_SIZE]);
/* Whether it is the path; then the file need not be open. */
bool wcl_kernel_mount_can_name(const char *path);

#endif
