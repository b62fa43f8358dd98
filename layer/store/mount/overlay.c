/*
 * Mounting a sandbox by overlayfs, with these of its features:
 *
 * redirect_dir and metacopy are off, so that an upper is complete by itself: whatever was changed
 * is in it, with content, and no name in it depends on another one below. The price is that
 * rename(2) of a folder from below fails with EXDEV, at which mv(1) and others copy it.
 *
 * index is off, because it ties an upper to the inode numbers of one chain index, which may be
 * made anew. Writing to one name of a hard-linked file of a parent so makes it a file of its own.
 */
#include "layer/store/mount/overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "base/list.h"
#include "layer/store/mount/mount.h"
#include "layer/store/mount/storage.h"
#include "platform/linux/mounts.h"

/* ---- What is below -------------------------------------------------------------------------- */

void wcl_overlay_lower_free(wcl_overlay_lower *lower)
{
    for (size_t i = 0; i < lower->count; i++)
        close(lower->fds[i]);
    free(lower->fds);
    wcl_buffer_free(&lower->names);
    *lower = (wcl_overlay_lower)WCL_OVERLAY_LOWER_INIT;
}

/* -1 where the layer is a sandbox that was never written to. */
static wcl_status overlay_open_folder(const wcl_store_layer *layer, int *fd, wcl_error *error)
{
    WCL_CLEANUP_FD int base = -1;
    bool writable = layer->record.kind == WCL_LAYER_SANDBOX;

    if (writable && wcl_storage_open(layer, &base, error) != WCL_OK)
        return WCL_FAILED;
    *fd = openat(writable ? base : layer->fd, writable ? "upper" : "merged",
                 O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (*fd < 0 && !(writable && errno == ENOENT))
        return wcl_fail_errno(error, errno, "cannot open the mount of '%s'", layer->record.id);
    return WCL_OK;
}

/* A folder that stands alone can be named by its path, for people to read in /proc/mounts. */
static wcl_status overlay_add_name(wcl_overlay_lower *lower, const wcl_store *store,
                                   const wcl_store_layer *layer, int fd, wcl_error *error)
{
    char name[WCL_KERNEL_MOUNT_NAME_SIZE];
    bool alone = lower->count == 1 && layer->record.kind != WCL_LAYER_SANDBOX;
    WCL_CLEANUP_FREE char *path = alone ? wcl_store_path(store, layer->record.id, "merged") : NULL;

    wcl_kernel_mount_name(fd, path, name);
    return wcl_buffer_append(&lower->names, name, strlen(name) + 1, error);
}

wcl_status wcl_overlay_lower_add(wcl_overlay_lower *lower, const wcl_store *store,
                                 const wcl_store_layer *layer, wcl_error *error)
{
    int fd;

    if (overlay_open_folder(layer, &fd, error) != WCL_OK)
        return WCL_FAILED;
    if (fd < 0)
        return WCL_OK;
    if (WCL_LIST_RESERVE(lower->fds, lower->count, lower->capacity, error) != WCL_OK) {
        close(fd);
        return WCL_FAILED;
    }
    lower->fds[lower->count++] = fd;
    return overlay_add_name(lower, store, layer, fd, error);
}

/* ---- The upper ------------------------------------------------------------------------------ */

static wcl_status copy_xattr(int from, int to, const char *name, wcl_error *error)
{
    WCL_CLEANUP_FREE void *value = malloc(XATTR_SIZE_MAX);

    if (!value)
        return wcl_fail_memory(error);
    ssize_t size = fgetxattr(from, name, value, XATTR_SIZE_MAX);
    if (size < 0 || fsetxattr(to, name, value, (size_t)size, 0) != 0)
        return wcl_fail_errno(error, errno, "cannot copy the root's attribute '%s'", name);
    return WCL_OK;
}

static wcl_status copy_xattrs(int from, int to, wcl_error *error)
{
    WCL_CLEANUP_FREE char *names = malloc(XATTR_LIST_MAX);
    wcl_status status = WCL_OK;

    if (!names)
        return wcl_fail_memory(error);
    ssize_t size = flistxattr(from, names, XATTR_LIST_MAX);
    if (size < 0 && errno != ENOTSUP)
        return wcl_fail_errno(error, errno, "cannot list the root's attributes");
    for (const char *name = names; status == WCL_OK && name < names + size;
         name += strlen(name) + 1)
        if (strncmp(name, "trusted.overlay.", 16) != 0 && strcmp(name, "security.selinux") != 0)
            status = copy_xattr(from, to, name, error);
    return status;
}

/* The root of the mount is the upper folder itself: it must look like the one below. */
wcl_status wcl_overlay_copy_root(int from, int to, wcl_error *error)
{
    struct stat info;

    if (fstat(from, &info) != 0 || fchown(to, info.st_uid, info.st_gid) != 0 ||
        fchmod(to, info.st_mode & 07777) != 0)
        return wcl_fail_errno(error, errno, "cannot copy the root's owner and mode");
    if (copy_xattrs(from, to, error) != WCL_OK)
        return WCL_FAILED;
    const struct timespec times[2] = { info.st_mtim, info.st_mtim };
    if (futimens(to, times) != 0)
        return wcl_fail_errno(error, errno, "cannot copy the root's time");
    return WCL_OK;
}

static wcl_status make_upper(int base, int lower, wcl_error *error)
{
    if (faccessat(base, "upper", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return WCL_OK;
    if (unlinkat(base, "upper.new", AT_REMOVEDIR) != 0 && errno != ENOENT)
        return wcl_fail_errno(error, errno, "cannot remove a half-made upper folder");
    if (mkdirat(base, "upper.new", 0700) != 0)
        return wcl_fail_errno(error, errno, "cannot create the upper folder");
    WCL_CLEANUP_FD int upper = openat(base, "upper.new", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (upper < 0)
        return wcl_fail_errno(error, errno, "cannot open the upper folder");
    if (wcl_overlay_copy_root(lower, upper, error) != WCL_OK)
        return WCL_FAILED;
    if (renameat(base, "upper.new", base, "upper") != 0)
        return wcl_fail_errno(error, errno, "cannot put the upper folder in place");
    return WCL_OK;
}

/* ---- The source ----------------------------------------------------------------------------- */

wcl_status wcl_overlay_source(const wcl_store_layer *sandbox, char source[WCL_OVERLAY_SOURCE_SIZE],
                              wcl_error *error)
{
    struct stat info;

    if (fstat(sandbox->fd, &info) != 0)
        return wcl_fail_errno(error, errno, "cannot look at the sandbox's folder");
    snprintf(source, WCL_OVERLAY_SOURCE_SIZE, "wcl:%s:%llx:%llx", sandbox->record.id,
             (unsigned long long)info.st_dev, (unsigned long long)info.st_ino);
    return WCL_OK;
}

/* ---- The mount ------------------------------------------------------------------------------ */

/* Opens upper or work and names it for the kernel. */
static wcl_status open_part(const wcl_store *store, const wcl_store_layer *sandbox, int base,
                            const char *part, int *fd, char name[WCL_KERNEL_MOUNT_NAME_SIZE],
                            wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer path = WCL_BUFFER_INIT;

    *fd = openat(base, part, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (*fd < 0)
        return wcl_fail_errno(error, errno, "cannot open the sandbox's '%s' folder", part);
    if (wcl_buffer_printf(&path, error, "%s/%s/%s%s", store->home, sandbox->record.id,
                          sandbox->record.limit ? "storage/" : "", part) != WCL_OK)
        return WCL_FAILED;
    wcl_kernel_mount_name(*fd, wcl_buffer_text(&path), name);
    return WCL_OK;
}

/*
 * Adds the lower folders to the options: in one text, which the kernel takes 256 bytes of, or where
 * they are too many each by itself, which it can since Linux 6.7.
 */
static void add_lower(const wcl_overlay_lower *lower, char joined[WCL_KERNEL_MOUNT_NAME_SIZE],
                      wcl_kernel_mount_option *list, size_t *count)
{
    const char *end = (const char *)lower->names.data + lower->names.size;
    bool together = lower->names.size <= WCL_KERNEL_MOUNT_NAME_SIZE;
    char *at = joined;

    for (const char *name = (const char *)lower->names.data; name < end; name += strlen(name) + 1) {
        if (together)
            at += snprintf(at, (size_t)(joined + WCL_KERNEL_MOUNT_NAME_SIZE - at), "%s%s",
                           at > joined ? ":" : "", name);
        else
            list[(*count)++] = (wcl_kernel_mount_option) { "lowerdir+", name };
    }
    if (together)
        list[(*count)++] = (wcl_kernel_mount_option) { "lowerdir", joined };
}

/* Kernels before 6.7 say that they do not know the option. */
static wcl_status explain_lower(const wcl_overlay_lower *lower, int number, wcl_error *error)
{
    if (lower->names.size <= WCL_KERNEL_MOUNT_NAME_SIZE || number != EINVAL)
        return WCL_FAILED;
    wcl_error why = error ? *error : (wcl_error)WCL_ERROR_INIT;
    return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                    "a sandbox on %zu others needs Linux 6.7 or later: %.400s", lower->count - 1,
                    why.message);
}

static wcl_status create_overlay(const wcl_store *store, const wcl_store_layer *sandbox, int base,
                                 const wcl_overlay_lower *lower, const wcl_overlay_options *options,
                                 int *mount, wcl_error *error)
{
    WCL_CLEANUP_FD int upper = -1, work = -1;
    char upper_name[WCL_KERNEL_MOUNT_NAME_SIZE], work_name[WCL_KERNEL_MOUNT_NAME_SIZE];
    char source[WCL_OVERLAY_SOURCE_SIZE], joined[WCL_KERNEL_MOUNT_NAME_SIZE];
    int number;

    if (wcl_overlay_source(sandbox, source, error) != WCL_OK ||
        open_part(store, sandbox, base, "upper", &upper, upper_name, error) != WCL_OK ||
        open_part(store, sandbox, base, "work", &work, work_name, error) != WCL_OK)
        return WCL_FAILED;
    const wcl_kernel_mount_option usual[] = {
        { "source", source },     { "upperdir", upper_name },
        { "workdir", work_name }, { "redirect_dir", "nofollow" },
        { "metacopy", "off" },    { "index", "off" },
        { "xino", "auto" },
    };
    size_t count = sizeof(usual) / sizeof(usual[0]);
    const unsigned flags = options && options->suid ? WCL_KERNEL_MOUNT_SUID : 0;
    WCL_CLEANUP_FREE wcl_kernel_mount_option *list =
        calloc(count + lower->count + 2, sizeof(*list));
    if (!list)
        return wcl_fail_memory(error);
    memcpy(list, usual, sizeof(usual));
    add_lower(lower, joined, list, &count);
    if (options && options->mount_label && *options->mount_label)
        list[count++] = (wcl_kernel_mount_option) { "context", options->mount_label };
    if (options && options->is_volatile) {
        list[count] = (wcl_kernel_mount_option) { "volatile", NULL };
        if (wcl_kernel_mount_create("overlay", list, count + 1, flags, mount, &number, error) ==
            WCL_OK)
            return WCL_OK;
        /* Linux before 5.10 does not know it. */
        if (number != EINVAL)
            return explain_lower(lower, number, error);
    }
    if (wcl_kernel_mount_create("overlay", list, count, flags, mount, &number, error) == WCL_OK)
        return WCL_OK;
    return explain_lower(lower, number, error);
}

/* The kernel does not mount what was mounted as volatile once, unless it is told that this is
 * meant.
 */
static wcl_status discard_work(int base, wcl_error *error)
{
    if (faccessat(base, "work/work/incompat/volatile", F_OK, AT_SYMLINK_NOFOLLOW) != 0)
        return WCL_OK;
    return wcl_beneath_remove_tree(base, "work", error);
}

/* Puts a mount of the same in which ids are mapped in the place of the only lower. It ends when
 * `mount` is closed; an overlay then has it by itself. */
static wcl_status map_lower(wcl_overlay_lower *lower, int user_namespace, int *mount,
                            wcl_error *error)
{
    char name[WCL_KERNEL_MOUNT_NAME_SIZE];

    if (lower->count != 1)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "ids are mapped of sandboxes on read-only layers alone");
    if (wcl_kernel_mount_clone(lower->fds[0], "", mount, error) != WCL_OK ||
        wcl_kernel_mount_map_ids(*mount, user_namespace, error) != WCL_OK)
        return WCL_FAILED;
    int folder = openat(*mount, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return wcl_fail_errno(error, errno, "cannot open the mount with mapped ids");
    close(lower->fds[0]);
    lower->fds[0] = folder;
    wcl_kernel_mount_name(folder, NULL, name);
    wcl_buffer_clear(&lower->names);
    return wcl_buffer_append(&lower->names, name, strlen(name) + 1, error);
}

wcl_status wcl_overlay_mount(const wcl_store *store, const wcl_store_layer *sandbox,
                             wcl_overlay_lower *lower, const wcl_overlay_options *options,
                             wcl_error *error)
{
    WCL_CLEANUP_FD int base = -1, mount = -1, mapped = -1;

    if (lower->count == 0)
        return wcl_fail(error, WCL_CODE_INVALID_STATE, "the sandbox stands on no layer");
    if (options && options->user_namespace &&
        map_lower(lower, *options->user_namespace, &mapped, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_storage_open(sandbox, &base, error) != WCL_OK || discard_work(base, error) != WCL_OK ||
        wcl_mount_make_folder(base, "work", 0700, error) != WCL_OK ||
        make_upper(base, lower->fds[0], error) != WCL_OK ||
        create_overlay(store, sandbox, base, lower, options, &mount, error) != WCL_OK ||
        wcl_mount_make_folder(sandbox->fd, "merged", 0700, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_mount_attach(sandbox->fd, "merged", mount, error);
}
