/* Listing folders. */
#include "base/listing.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

static wcl_status fail_to_list(const char *path, wcl_error *error)
{
    return strcmp(path, ".") == 0
               ? wcl_fail_errno(error, errno, "cannot list the folder")
               : wcl_fail_errno(error, errno, "cannot list the folder '%s'", path);
}

wcl_status wcl_listing_open(int folder, const char *path, DIR **listing, wcl_error *error)
{
    int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | (folder == AT_FDCWD ? 0 : O_NOFOLLOW);
    int fd = openat(folder, path, flags);

    *listing = fd >= 0 ? fdopendir(fd) : NULL;
    if (*listing)
        return WCL_OK;
    if (fd < 0 && errno == ENOENT)
        return WCL_END;
    wcl_status status = fail_to_list(path, error);
    if (fd >= 0)
        close(fd);
    return status;
}

wcl_status wcl_listing_next(DIR *listing, const struct dirent **item, wcl_error *error)
{
    if (!listing)
        return WCL_END;
    do {
        errno = 0;
        *item = readdir(listing);
    } while (*item && (strcmp((*item)->d_name, ".") == 0 || strcmp((*item)->d_name, "..") == 0));
    if (*item)
        return WCL_OK;
    return errno ? wcl_fail_errno(error, errno, "cannot list the folder") : WCL_END;
}

wcl_status wcl_listing_each(int folder, const char *path,
                            wcl_status (*visit)(void *context, int folder, const char *name,
                                                wcl_error *error),
                            void *context, wcl_error *error)
{
    WCL_CLEANUP_LISTING DIR *listing = NULL;
    wcl_status status = wcl_listing_open(folder, path, &listing, error);
    const struct dirent *item;

    while (status == WCL_OK && (status = wcl_listing_next(listing, &item, error)) == WCL_OK)
        status = visit(context, dirfd(listing), item->d_name, error);
    return status == WCL_FAILED ? WCL_FAILED : WCL_OK;
}
