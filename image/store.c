/* The folder of images: opening it, its lock, and its small files. */
#include "image/store.h"

#include <dirent.h>
#include <stdio.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/durable.h"
#include "base/error.h"
#include "base/listing.h"
#include "layer/internal.h"

static const char *const folders[] = { "blobs",  "blobs/sha256", "images", "names",
                                       "layers", "partial",      "leases" };

/* ---- The lock ------------------------------------------------------------------------------- */

int wcl_image_store_lock(const wcl_image_store *store, bool wait, wcl_error *error)
{
    return wcl_store_lock_images(store->fd, wait, error);
}

/* ---- Small files ---------------------------------------------------------------------------- */

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
    int fd = openat(store->fd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = fd >= 0 ? fdopendir(fd) : NULL;
    wcl_status status = WCL_OK, more = WCL_OK;
    const struct dirent *item;

    if (!listing) {
        wcl_fail_errno(error, errno, "cannot list '%s'", folder);
        if (fd >= 0)
            close(fd);
        return WCL_FAILED;
    }
    while (status == WCL_OK && (more = wcl_listing_next(listing, &item, error)) == WCL_OK)
        if (item->d_name[0] != '.')
            status = visit(context, item->d_name, error);
    closedir(listing);
    return more == WCL_FAILED ? WCL_FAILED : status;
}

/* ---- Opening -------------------------------------------------------------------------------- */

/* Clears up after those who died; who cannot have the lock leaves it to the next. */
static void clear_up(const wcl_image_store *store)
{
    WCL_CLEANUP_FD int lock = wcl_image_store_lock(store, false, NULL);
    wcl_error error = WCL_ERROR_INIT;
    size_t dropped = 0;

    if (lock < 0)
        return;
    wcl_status status = wcl_lease_drop_dead(store, false, &dropped, &error);
    if (status == WCL_OK && (dropped || wcl_image_store_has(store, "unclean")))
        status = wcl_image_collect(store, false, NULL, NULL, &error);
    if (status != WCL_OK)
        wcl_store_log(&store->layers, WCL_LOG_WARNING, "cannot clear up the images: %s",
                      error.message);
}

static wcl_status check_provider(const wcl_driver *driver, wcl_error *error)
{
    const wcl_layer_provider *provider;

    if (wcl_layer_provider_find(driver->provider, &provider, error) != WCL_OK)
        return WCL_FAILED;
    if (provider != &wcl_store_provider)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "images are kept by the provider 'store' only");
    return WCL_OK;
}

static wcl_status open_images(const wcl_driver *driver, wcl_image_store *store, wcl_error *error)
{
    store->driver = driver;
    if (mkdirat(store->layers.home_fd, ".images", 0700) == 0 || errno == EEXIST)
        store->fd = openat(store->layers.home_fd, ".images",
                           O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    bool made = store->fd >= 0;
    for (size_t i = 0; made && i < sizeof(folders) / sizeof(folders[0]); i++)
        made = mkdirat(store->fd, folders[i], 0700) == 0 || errno == EEXIST;
    if (!made) {
        wcl_fail_errno(error, errno, "cannot make the folder of images in '%s'",
                       store->layers.home);
        wcl_image_store_close(store);
        return WCL_FAILED;
    }
    clear_up(store);
    return WCL_OK;
}

wcl_status wcl_image_store_open(const wcl_driver *driver, wcl_image_store *store, wcl_error *error)
{
    *store = (wcl_image_store)WCL_IMAGE_STORE_INIT;
    if (check_provider(driver, error) != WCL_OK ||
        wcl_store_open(driver, &store->layers, error) != WCL_OK)
        return WCL_FAILED;
    return open_images(driver, store, error);
}

wcl_status wcl_image_store_make(const wcl_driver *driver, wcl_image_store *store, wcl_error *error)
{
    *store = (wcl_image_store)WCL_IMAGE_STORE_INIT;
    if (check_provider(driver, error) != WCL_OK ||
        wcl_store_make(driver, &store->layers, error) != WCL_OK)
        return WCL_FAILED;
    return open_images(driver, store, error);
}

void wcl_image_store_close(wcl_image_store *store)
{
    if (store->fd >= 0)
        close(store->fd);
    store->fd = -1;
    wcl_store_close(&store->layers);
}
