/* Layers of a home: finding and locking them, one by one, in chains, and all. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/folder_lock.h"
#include "base/listing.h"
#include "layer/store/store.h"

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

static wcl_status visit_layer(const wcl_store *store, const char *name,
                              wcl_status (*visit)(void *context, const char *id, wcl_error *error),
                              void *context, wcl_error *error)
{
    bool found;

    if (wcl_layer_id_check(name, NULL) != WCL_OK)
        return WCL_OK;
    if (wcl_store_find_layer(store, name, &found, error) != WCL_OK)
        return WCL_FAILED;
    return found ? visit(context, name, error) : WCL_OK;
}

wcl_status wcl_store_each(const wcl_store *store,
                          wcl_status (*visit)(void *context, const char *id, wcl_error *error),
                          void *context, wcl_error *error)
{
    WCL_CLEANUP_LISTING DIR *folder = NULL;
    wcl_status status = wcl_listing_open(store->home_fd, ".", &folder, error);
    const struct dirent *item;

    while (status == WCL_OK && (status = wcl_listing_next(folder, &item, error)) == WCL_OK)
        status = visit_layer(store, item->d_name, visit, context, error);
    return status == WCL_FAILED ? WCL_FAILED : WCL_OK;
}
