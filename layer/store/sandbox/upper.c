/* Reading overlayfs uppers. */
#include "layer/store/sandbox/upper.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "base/regular.h"
#include "layer/store/mount/storage.h"

wcl_status wcl_upper_open(const wcl_store_layer *sandbox, int *upper, wcl_error *error)
{
    WCL_CLEANUP_FD int base = -1;

    *upper = -1;
    wcl_status status = wcl_storage_is_attached(sandbox) ? wcl_storage_open(sandbox, &base, error)
                                                         : wcl_storage_mount(sandbox, &base, error);
    if (status != WCL_OK)
        return WCL_FAILED;
    *upper = openat(base, "upper", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (*upper < 0 && errno != ENOENT)
        return wcl_fail_errno(error, errno, "cannot open the sandbox's upper folder");
    return WCL_OK;
}

/* A path for the calls that take no folder's descriptor. */
typedef struct place {
    char path[NAME_MAX + 64];
} place;

static place upper_place_of(int folder, const char *name)
{
    place made;

    snprintf(made.path, sizeof(made.path), "/proc/self/fd/%d/%s", folder, *name ? name : ".");
    return made;
}

static bool starts_with(int folder, const char *name, const char *xattr, char first)
{
    char value[8];

    return lgetxattr(upper_place_of(folder, name).path, xattr, value, sizeof(value)) > 0 &&
           value[0] == first;
}

/* Whiteouts are devices 0,0, and since Linux 6.7 empty files with an attribute too, in folders that
 * say that they have such. */
wcl_status wcl_upper_look(int folder, const char *name, wcl_upper_file *file, wcl_error *error)
{
    char none[1];

    *file = (wcl_upper_file) { .is_whiteout = false };
    if (fstatat(folder, name, &file->info, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? WCL_END
                               : wcl_fail_errno(error, errno, "cannot look at '%s'", name);
    if (S_ISCHR(file->info.st_mode))
        file->is_whiteout = file->info.st_rdev == 0;
    else if (S_ISDIR(file->info.st_mode))
        file->is_opaque = starts_with(folder, name, "trusted.overlay.opaque", 'y');
    else if (S_ISREG(file->info.st_mode) && file->info.st_size == 0)
        file->is_whiteout = lgetxattr(upper_place_of(folder, name).path, "trusted.overlay.whiteout",
                                      none, 0) >= 0 &&
                            starts_with(folder, "", "trusted.overlay.opaque", 'x');
    return WCL_OK;
}

wcl_status wcl_upper_xattr(int folder, const char *name, const char *xattr, wcl_buffer *value,
                           wcl_error *error)
{
    wcl_buffer_clear(value);
    if (wcl_buffer_reserve(value, 256, error) != WCL_OK)
        return WCL_FAILED;
    ssize_t size = lgetxattr(upper_place_of(folder, name).path, xattr, value->data, 256);
    if (size < 0 && errno == ERANGE) {
        if (wcl_buffer_reserve(value, XATTR_SIZE_MAX, error) != WCL_OK)
            return WCL_FAILED;
        size = lgetxattr(upper_place_of(folder, name).path, xattr, value->data, XATTR_SIZE_MAX);
    }
    if (size < 0 && (errno == ENODATA || errno == ENOTSUP || errno == ENOENT))
        return WCL_END;
    if (size < 0)
        return wcl_fail_errno(error, errno, "cannot read its attribute '%s'", xattr);
    value->size = (size_t)size;
    value->data[size] = 0;
    return WCL_OK;
}

wcl_status wcl_upper_xattr_names(int folder, const char *name, wcl_buffer *names, wcl_error *error)
{
    if (wcl_buffer_reserve(names, XATTR_LIST_MAX, error) != WCL_OK)
        return WCL_FAILED;
    ssize_t size = llistxattr(upper_place_of(folder, name).path, (char *)names->data + names->size,
                              XATTR_LIST_MAX);
    if (size < 0 && errno != ENOTSUP && errno != ENOENT)
        return wcl_fail_errno(error, errno, "cannot list its attributes");
    names->size += size > 0 ? (size_t)size : 0;
    return WCL_OK;
}

wcl_status wcl_upper_open_data(int folder, const char *name, int *data, wcl_error *error)
{
    wcl_error own = WCL_ERROR_INIT;

    if (wcl_regular_open(folder, name, WCL_LINKS_REFUSED, O_NOATIME, data, NULL, &own) == WCL_OK)
        return WCL_OK;
    return own.code == WCL_CODE_FILE_NOT_FOUND ? WCL_END : wcl_error_pass(error, &own);
}
