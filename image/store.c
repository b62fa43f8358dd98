/* The folder of images: opening it, and clearing up what was left behind there. */
#include "image/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"

static const char *const folders[] = { "blobs",  "blobs/sha256", "images", "names",
                                       "layers", "partial",      "leases" };

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
