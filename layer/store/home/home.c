/* The home folder. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/error.h"
#include "base/listing.h"
#include "base/folder_lock.h"
#include "base/hooks.h"
#include "base/host_path.h"
#include "layer/driver.h"
#include "layer/store/home/private.h"
#include "layer/store/store.h"

static wcl_status fail_open(const wcl_driver *driver, wcl_error *error)
{
    if (errno == ENOENT || errno == ENOTDIR)
        return wcl_fail(error, WCL_CODE_PATH_NOT_FOUND, "there is no store at '%s'",
                        driver->home_dir);
    return wcl_fail_errno(error, errno, "cannot open the home '%s'", driver->home_dir);
}

/* Where an open folder is, without a look at each folder above it; NULL where that is not told. */
static char *path_of(int fd)
{
    char link[40], path[PATH_MAX];

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof(path));
    return size > 0 && size < (ssize_t)sizeof(path) && path[0] == '/' ? strndup(path, (size_t)size)
                                                                      : NULL;
}

wcl_status wcl_home_open(const wcl_driver *driver, bool make, wcl_store *store, wcl_error *error)
{
    store->hooks = driver->hooks;
    store->home_fd = open(driver->home_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (store->home_fd < 0)
        return fail_open(driver, error);
    store->home = path_of(store->home_fd);
    if (!store->home && !(store->home = realpath(driver->home_dir, NULL)))
        return fail_open(driver, error);
    if (make && mkdirat(store->home_fd, ".staging", 0700) != 0 && errno != EEXIST)
        return fail_open(driver, error);
    /* What makes a folder a store. */
    store->staging_fd =
        openat(store->home_fd, ".staging", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (store->staging_fd < 0)
        return fail_open(driver, error);
    return WCL_OK;
}

void wcl_store_close(wcl_store *store)
{
    if (store->home_fd >= 0)
        close(store->home_fd);
    if (store->staging_fd >= 0)
        close(store->staging_fd);
    free(store->home);
    *store = (wcl_store)WCL_STORE_INIT;
}

char *wcl_store_path(const wcl_store *store, const char *id, const char *name)
{
    char *path = NULL;

    if (asprintf(&path, name ? "%s/%s/%s" : "%s/%s", store->home, id, name) < 0)
        return NULL;
    return path;
}

void wcl_store_log(const wcl_store *store, wcl_log_level level, const char *format, ...)
{
    char message[1024];

    if (!wcl_hooks_can_log(store->hooks))
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    wcl_hooks_log(store->hooks, level, message);
}

/* ---- Layers --------------------------------------------------------------------------------- */

wcl_status wcl_store_find_layer(const wcl_store *store, const char *id, bool *found,
                                wcl_error *error)
{
    struct stat info;
    char path[192];

    snprintf(path, sizeof(path), "%s/layer.json", id);
    *found = fstatat(store->home_fd, path, &info, AT_SYMLINK_NOFOLLOW) == 0;
    if (!*found && errno != ENOENT && errno != ENOTDIR)
        return wcl_fail_errno(error, errno, "cannot look for the layer '%s'", id);
    return WCL_OK;
}

wcl_status wcl_store_find_parent(const wcl_store *store, const char *path, const char **id,
                                 wcl_error *error)
{
    bool found;

    if (wcl_layer_parent_id(path, id, error) != WCL_OK ||
        wcl_store_find_layer(store, *id, &found, error) != WCL_OK)
        return WCL_FAILED;
    if (!found)
        return wcl_fail(error, WCL_CODE_PATH_NOT_FOUND, "the parent layer '%s' does not exist",
                        *id);
    return WCL_OK;
}
