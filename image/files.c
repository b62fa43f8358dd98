/* The small files beneath .images, and the lock for the moment that they change. */
#include "image/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/durable.h"
#include "base/error.h"
#include "base/listing.h"

int wcl_image_store_lock(const wcl_image_store *store, bool wait, wcl_error *error)
{
    return wcl_store_lock_images(store->fd, wait, error);
}

wcl_status wcl_image_store_put(const wcl_image_store *store, const char *path, const void *data,
                               size_t size, wcl_error *error)
{
    return wcl_durable_write(store->fd, path, data, size, 0600, error);
}

wcl_status wcl_image_store_get(const wcl_image_store *store, const char *path, size_t limit,
                               wcl_buffer *data, wcl_error *error)
{
    WCL_CLEANUP_FD int fd = openat(store->fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat info;
    size_t got;

    if (fd < 0)
        return wcl_fail_errno(error, errno, "cannot open '%s'", path);
    if (fstat(fd, &info) != 0)
        return wcl_fail_errno(error, errno, "cannot read '%s'", path);
    if ((uint64_t)info.st_size > limit)
        return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE, "'%s' has %lld bytes, more than %zu", path,
                        (long long)info.st_size, limit);
    if (wcl_buffer_reserve(data, (size_t)info.st_size, error) != WCL_OK ||
        wcl_pread_full(fd, data->data + data->size, (size_t)info.st_size, 0, &got, error) != WCL_OK)
        return wcl_error_context(error, NULL, path);
    data->size += got;
    data->data[data->size] = '\0';
    return WCL_OK;
}

bool wcl_image_store_has(const wcl_image_store *store, const char *path)
{
    return faccessat(store->fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

bool wcl_image_store_is_in_place(const wcl_image_store *store, const char *path, int fd)
{
    struct stat opened, there;

    return fstat(fd, &opened) == 0 && fstatat(store->fd, path, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
           opened.st_ino == there.st_ino && opened.st_dev == there.st_dev;
}

wcl_status wcl_image_store_each(const wcl_image_store *store, const char *folder,
                                wcl_status (*visit)(void *context, const char *name,
                                                    wcl_error *error),
                                void *context, wcl_error *error)
{
    WCL_CLEANUP_LISTING DIR *listing = NULL;
    wcl_status status = wcl_listing_open(store->fd, folder, &listing, error), more = WCL_OK;
    const struct dirent *item;

    /* Opening the store makes its folders: one that is missing is not one without anything in it.
     */
    if (status != WCL_OK)
        return status == WCL_END ? wcl_fail_errno(error, ENOENT, "cannot list '%s'", folder)
                                 : WCL_FAILED;
    while (status == WCL_OK && (more = wcl_listing_next(listing, &item, error)) == WCL_OK)
        if (item->d_name[0] != '.')
            status = visit(context, item->d_name, error);
    return more == WCL_FAILED ? WCL_FAILED : status;
}
