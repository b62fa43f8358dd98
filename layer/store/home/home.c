/* The home folder: opening it, clearing up what was left behind, finding and locking layers. */
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
#include "base/host_path.h"
#include "layer/store/home/private.h"
#include "layer/store/store.h"

#define ID_LENGTH_MAX 128

wcl_status wcl_layer_id_check(const char *id, wcl_error *error)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t length = id ? strlen(id) : 0;

    if (length == 0)
        return wcl_fail(error, WCL_CODE_INVALID_NAME, "the layer's id is empty");
    if (length > ID_LENGTH_MAX)
        return wcl_fail(error, WCL_CODE_NAME_TOO_LONG,
                        "the id '%.40s...' is longer than %d characters", id, ID_LENGTH_MAX);
    if (strspn(id, allowed) != length || strchr("._-", id[0]))
        return wcl_fail(error, WCL_CODE_INVALID_NAME,
                        "'%s' is no layer id: letters, digits and . _ - make one, beginning with a "
                        "letter or digit",
                        id);
    return WCL_OK;
}

wcl_status wcl_store_parent_id(const char *path, const char **id, wcl_error *error)
{
    const char *base = strrchr(path, '/');

    *id = base ? base + 1 : path;
    return wcl_layer_id_check(*id, error);
}

/* ---- Opening -------------------------------------------------------------------------------- */

/* The home is its owner's alone (docs/security.md): whatever of a layer is mounted or unpacked is
 * below it. Those above it are as others are. */
static wcl_status make_folders(const char *path, wcl_error *error)
{
    WCL_CLEANUP_FREE char *copy = wcl_host_path(path);

    return copy ? wcl_durable_make_folders(AT_FDCWD, copy, 0755, 0700, error)
                : wcl_fail_memory(error);
}

static wcl_status check_driver(const wcl_driver *driver, wcl_error *error)
{
    if (driver->struct_size != sizeof(*driver))
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "the wcl_driver does not say its size in struct_size");
    if (driver->flavour != WCL_FLAVOUR_FILTER)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "driver flavour %d is not supported; only the filter driver (1) is",
                        (int)driver->flavour);
    if (!driver->home_dir || !*driver->home_dir)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "the driver names no home folder");
    return WCL_OK;
}

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

static wcl_status open_home(const wcl_driver *driver, bool make, wcl_store *store, wcl_error *error)
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
    wcl_store_make_private(store);
    wcl_store_clean(store);
    return WCL_OK;
}

wcl_status wcl_store_open(const wcl_driver *driver, wcl_store *store, wcl_error *error)
{
    *store = (wcl_store)WCL_STORE_INIT;
    if (check_driver(driver, error) != WCL_OK)
        return WCL_FAILED;
    if (open_home(driver, false, store, error) == WCL_OK)
        return WCL_OK;
    wcl_store_close(store);
    return WCL_FAILED;
}

wcl_status wcl_store_make(const wcl_driver *driver, wcl_store *store, wcl_error *error)
{
    *store = (wcl_store)WCL_STORE_INIT;
    if (check_driver(driver, error) != WCL_OK)
        return WCL_FAILED;
    if (open_home(driver, false, store, NULL) == WCL_OK)
        return WCL_OK;
    wcl_store_close(store);
    if (make_folders(driver->home_dir, error) == WCL_OK &&
        open_home(driver, true, store, error) == WCL_OK)
        return WCL_OK;
    wcl_store_close(store);
    return WCL_FAILED;
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

    if (!store->hooks || !store->hooks->log)
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    store->hooks->log(store->hooks->context, level, message);
}

/* ---- Layers --------------------------------------------------------------------------------- */

bool wcl_store_layer_exists(const wcl_store *store, const char *id)
{
    struct stat info;
    char path[ID_LENGTH_MAX + 16];

    snprintf(path, sizeof(path), "%s/layer.json", id);
    return fstatat(store->home_fd, path, &info, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Whether the folder is still where it was opened: it may have gone while its lock was awaited. */
static bool is_in_place(const wcl_store *store, const char *id, int fd)
{
    struct stat opened, there;

    return fstat(fd, &opened) == 0 &&
           fstatat(store->home_fd, id, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
           opened.st_ino == there.st_ino && opened.st_dev == there.st_dev;
}

static wcl_status lock_layer(wcl_store_layer *layer, wcl_lock lock, wcl_error *error)
{
    if (lock == WCL_LOCK_NONE)
        return WCL_OK;
    while (wcl_folder_lock(layer->fd, lock == WCL_LOCK_SHARED ? LOCK_SH : LOCK_EX, &layer->lock) !=
           0)
        if (errno != EINTR)
            return wcl_fail_errno(error, errno, "cannot lock the layer");
    return WCL_OK;
}

wcl_status wcl_store_layer_open(const wcl_store *store, const char *id, wcl_lock lock,
                                wcl_store_layer *layer, wcl_error *error)
{
    *layer = (wcl_store_layer)WCL_STORE_LAYER_INIT;
    if (wcl_layer_id_check(id, error) != WCL_OK)
        return WCL_FAILED;
    do {
        wcl_store_layer_close(layer);
        layer->fd = openat(store->home_fd, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (layer->fd < 0 && errno == ENOENT)
            return wcl_fail(error, WCL_CODE_FILE_NOT_FOUND, "there is no layer '%s'", id);
        if (layer->fd < 0)
            return wcl_fail_errno(error, errno, "cannot open the layer '%s'", id);
        if (lock_layer(layer, lock, error) != WCL_OK) {
            wcl_store_layer_close(layer);
            return WCL_FAILED;
        }
    } while (!is_in_place(store, id, layer->fd));
    if (wcl_layer_record_read(layer->fd, &layer->record, error) == WCL_OK)
        return WCL_OK;
    wcl_store_layer_close(layer);
    return wcl_error_context(error, NULL, id);
}

void wcl_store_layer_close(wcl_store_layer *layer)
{
    if (layer->fd >= 0)
        close(layer->fd);
    if (layer->lock >= 0)
        close(layer->lock);
    wcl_layer_record_free(&layer->record);
    layer->fd = layer->lock = -1;
}

wcl_status wcl_store_chain_open(const wcl_store *store, const wcl_layer_record *record,
                                wcl_store_chain *chain, wcl_error *error)
{
    chain->count = 0;
    chain->layers = calloc(record->parent_count + 1, sizeof(*chain->layers));
    if (!chain->layers)
        return wcl_fail_memory(error);
    for (size_t i = 0; i < record->parent_count; i++) {
        if (wcl_store_layer_open(store, record->parents[i], WCL_LOCK_SHARED, &chain->layers[i],
                                 error) != WCL_OK) {
            wcl_store_chain_close(chain);
            return WCL_FAILED;
        }
        chain->count++;
    }
    return WCL_OK;
}

void wcl_store_chain_close(wcl_store_chain *chain)
{
    for (size_t i = 0; i < chain->count; i++)
        wcl_store_layer_close(&chain->layers[i]);
    free(chain->layers);
    *chain = (wcl_store_chain) { NULL, 0 };
}

wcl_status wcl_store_each(const wcl_store *store,
                          wcl_status (*visit)(void *context, const char *id, wcl_error *error),
                          void *context, wcl_error *error)
{
    WCL_CLEANUP_LISTING DIR *folder = NULL;
    wcl_status status = wcl_listing_open(store->home_fd, ".", &folder, error);
    const struct dirent *item;

    while (status == WCL_OK && (status = wcl_listing_next(folder, &item, error)) == WCL_OK)
        if (wcl_layer_id_check(item->d_name, NULL) == WCL_OK &&
            wcl_store_layer_exists(store, item->d_name))
            status = visit(context, item->d_name, error);
    return status == WCL_FAILED ? WCL_FAILED : WCL_OK;
}
