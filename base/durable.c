/* Changes to folders that a power cut does not undo. */
#include "base/durable.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"

static int folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (int)(slash + 1 - path) : 0;
}

/* Some file systems have nothing to do for a folder, and say so. */
static bool sync_folder(int fd)
{
    return fsync(fd) == 0 || errno == EINVAL || errno == EOPNOTSUPP;
}

wcl_status wcl_durable_sync_name(int folder, const char *path, wcl_error *error)
{
    int length = folder_length(path);
    char *above;

    if (asprintf(&above, "%.*s", length ? length : 1, length ? path : ".") < 0)
        return wcl_fail_memory(error);
    WCL_CLEANUP_FD int fd = openat(folder, above, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(above);
    if (fd < 0 || !sync_folder(fd))
        return wcl_fail_errno(error, errno, "cannot write the folder of '%s' to disk", path);
    return WCL_OK;
}

wcl_status wcl_durable_rename(int folder, const char *from, const char *to, wcl_error *error)
{
    int length = folder_length(to);

    if (renameat(folder, from, folder, to) != 0)
        return wcl_fail_errno(error, errno, "cannot put '%s' in place", to);
    if (wcl_durable_sync_name(folder, to, error) != WCL_OK)
        return WCL_FAILED;
    if (folder_length(from) == length && memcmp(from, to, (size_t)length) == 0)
        return WCL_OK;
    return wcl_durable_sync_name(folder, from, error);
}

/* ---- Files ---------------------------------------------------------------------------------- */

static wcl_status write_contents(int folder, const char *unfinished, const void *data, size_t size,
                                 mode_t mode, wcl_error *error)
{
    const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW;
    WCL_CLEANUP_FD int fd = openat(folder, unfinished, flags, mode);

    if (fd < 0)
        return wcl_fail_errno(error, errno, "cannot make it");
    if (wcl_pwrite_full(fd, data, size, 0, error) != WCL_OK)
        return WCL_FAILED;
    return fsync(fd) == 0 ? WCL_OK : wcl_fail_errno(error, errno, "cannot write it to disk");
}

wcl_status wcl_durable_write(int folder, const char *path, const void *data, size_t size,
                             mode_t mode, wcl_error *error)
{
    char *unfinished;

    if (asprintf(&unfinished, "%.*s" WCL_DURABLE_UNFINISHED, folder_length(path), path) < 0)
        return wcl_fail_memory(error);
    wcl_status status = write_contents(folder, unfinished, data, size, mode, error);
    if (status == WCL_OK)
        status = wcl_durable_rename(folder, unfinished, path, error);
    if (status != WCL_OK)
        unlinkat(folder, unfinished, 0);
    free(unfinished);
    return status == WCL_OK ? WCL_OK : wcl_error_context(error, "write file", path);
}

wcl_status wcl_durable_remove(int folder, const char *path, wcl_error *error)
{
    if (unlinkat(folder, path, 0) != 0)
        return errno == ENOENT ? WCL_END : wcl_fail_errno(error, errno, "cannot remove '%s'", path);
    return wcl_durable_sync_name(folder, path, error);
}

/* ---- Folders -------------------------------------------------------------------------------- */

/* WCL_END where one above it is missing. */
static wcl_status durable_make_folder(int folder, const char *path, mode_t mode, wcl_error *error)
{
    if (mkdirat(folder, path, mode) == 0)
        return wcl_durable_sync_name(folder, path, error);
    if (errno == EEXIST)
        return WCL_OK;
    if (errno == ENOENT)
        return WCL_END;
    return wcl_fail_errno(error, errno, "cannot make the folder '%s'", path);
}

static wcl_status make_above(int folder, char *path, mode_t mode, wcl_error *error)
{
    wcl_status status = WCL_OK;

    for (char *at = strchr(path + 1, '/'); at && status != WCL_FAILED; at = strchr(at + 1, '/')) {
        *at = '\0';
        status = durable_make_folder(folder, path, mode, error);
        *at = '/';
    }
    return status;
}

wcl_status wcl_durable_make_folders(int folder, const char *path, mode_t above, mode_t mode,
                                    wcl_error *error)
{
    size_t length = strlen(path);
    char *copy;

    while (length > 1 && path[length - 1] == '/')
        length--;
    copy = strndup(path, length);
    if (!copy)
        return wcl_fail_memory(error);
    wcl_status status = durable_make_folder(folder, copy, mode, error);
    if (status == WCL_END && *copy)
        status = make_above(folder, copy, above, error);
    if (status != WCL_FAILED)
        status = durable_make_folder(folder, copy, mode, error);
    if (status == WCL_END)
        status = wcl_fail_errno(error, ENOENT, "cannot make the folder '%s'", copy);
    free(copy);
    return status;
}
