/* Removing the layers and blobs of images that nothing uses any more. */
#include <stdio.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/durable.h"
#include "base/error.h"
#include "image/store.h"
#include "layer/internal.h"

/* ---- What is used --------------------------------------------------------------------------- */

typedef struct reading {
    const wcl_image_store *store;
    wcl_image_uses *uses;
} reading;

static wcl_status read_record(void *context, const char *hex, wcl_error *error)
{
    reading *reading = context;
    WCL_CLEANUP_IMAGE_RECORD wcl_image_record record = WCL_IMAGE_RECORD_INIT;

    /* While one cannot be read, nobody knows what is used. */
    if (wcl_image_record_read(reading->store, hex, &record, error) != WCL_OK ||
        wcl_image_uses_add(reading->uses, record.digest, error) != WCL_OK ||
        wcl_image_uses_add(reading->uses, record.config, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i < record.layer_count; i++)
        if (wcl_image_uses_add(reading->uses, record.layers[i].id, error) != WCL_OK ||
            wcl_image_uses_add(reading->uses, record.layers[i].blob, error) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}

wcl_status wcl_image_uses_read(const wcl_image_store *store, wcl_image_uses *uses, wcl_error *error)
{
    reading reading = { store, uses };

    /* Leases first: a pull writes its record before it ends its lease. */
    if (wcl_lease_read_all(store, uses, error) != WCL_OK ||
        wcl_image_store_each(store, "images", read_record, &reading, error) != WCL_OK)
        return WCL_FAILED;
    wcl_image_uses_sort(uses);
    return WCL_OK;
}

/* ---- Removing ------------------------------------------------------------------------------- */

typedef struct collection {
    const wcl_image_store *store;
    wcl_image_uses uses;
    wcl_image_uses candidates; /* layers that may go */
    wcl_image_removed_fn removed;
    void *context;
} collection;

static void tell(const collection *collection, wcl_image_removal removal, const char *what)
{
    if (collection->removed)
        collection->removed(collection->context, removal, what);
}

static wcl_status gather_layer(void *context, const char *id, wcl_error *error)
{
    collection *collection = context;

    return wcl_image_uses_has(&collection->uses, id)
               ? WCL_OK
               : wcl_image_uses_add(&collection->candidates, id, error);
}

static wcl_status drop_mark(const collection *collection, const char *id, wcl_error *error)
{
    char path[160];

    snprintf(path, sizeof(path), "layers/%s", id);
    if (unlinkat(collection->store->fd, path, 0) != 0 && errno != ENOENT)
        return wcl_fail_errno(error, errno, "cannot remove '%s'", path);
    return WCL_OK;
}

/* Whether the layer went. One that is in use stays. */
static wcl_status collect_remove_layer(const collection *collection, const char *id, bool *gone,
                                       wcl_error *error)
{
    wcl_error inner = WCL_ERROR_INIT;

    bool found;

    *gone = true;
    if (wcl_store_find_layer(&collection->store->layers, id, &found, error) != WCL_OK)
        return WCL_FAILED;
    if (!found)
        return drop_mark(collection, id, error);
    if (wcl_store_destroy_unused(&collection->store->layers, id, &inner) == WCL_OK) {
        tell(collection, WCL_IMAGE_LAYER, id);
        return drop_mark(collection, id, error);
    }
    *gone = false;
    if (inner.code == WCL_CODE_SHARING_VIOLATION || inner.code == WCL_CODE_BUSY ||
        inner.code == WCL_CODE_FILE_NOT_FOUND)
        return WCL_OK;
    return wcl_error_pass(error, &inner);
}

/* Children go before their parents: rounds, until one removes nothing. */
static wcl_status remove_layers(collection *collection, wcl_error *error)
{
    wcl_image_uses *left = &collection->candidates;
    bool progress = true;

    while (progress) {
        size_t kept = 0;
        for (size_t i = 0; i < left->count; i++) {
            bool gone;
            if (collect_remove_layer(collection, left->items[i], &gone, error) != WCL_OK)
                return WCL_FAILED;
            if (!gone)
                memmove(left->items[kept++], left->items[i], sizeof(*left->items));
        }
        progress = kept < left->count;
        left->count = kept;
    }
    return WCL_OK;
}

static wcl_status remove_blob(void *context, const char *hex, wcl_error *error)
{
    const collection *collection = context;
    char path[300], digest[80];

    if (wcl_image_uses_has(&collection->uses, hex))
        return WCL_OK;
    snprintf(path, sizeof(path), "blobs/sha256/%s", hex);
    if (unlinkat(collection->store->fd, path, 0) != 0)
        return wcl_fail_errno(error, errno, "cannot remove '%s'", path);
    snprintf(digest, sizeof(digest), "sha256:%.64s", hex);
    tell(collection, WCL_IMAGE_BLOB, digest);
    return WCL_OK;
}

/* One that is being written stays, and one that may be resumed, unless a layer has it by now. */
static wcl_status remove_partial(void *context, const char *hex, wcl_error *error)
{
    const collection *collection = context;
    char path[300];
    struct stat info;

    (void)error;
    snprintf(path, sizeof(path), "partial/%s", hex);
    WCL_CLEANUP_FD int fd = openat(collection->store->fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) != 0)
        return WCL_OK;
    if (!wcl_image_uses_has(&collection->uses, hex) || (fstat(fd, &info) == 0 && info.st_nlink > 1))
        unlinkat(collection->store->fd, path, 0);
    return WCL_OK;
}

/* Says that nothing is left to be removed, once all that was is gone from the disk too. */
static wcl_status collect_finish(const wcl_image_store *store, wcl_error *error)
{
    static const char *const folders[] = { "layers/", "blobs/sha256/", "partial/", "leases/" };

    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
        if (wcl_durable_sync_name(store->fd, folders[i], error) != WCL_OK)
            return WCL_FAILED;
    return wcl_durable_remove(store->fd, "unclean", error) == WCL_FAILED ? WCL_FAILED : WCL_OK;
}

static wcl_status collect_run(collection *collection, wcl_error *error)
{
    const wcl_image_store *store = collection->store;

    if (wcl_image_uses_read(store, &collection->uses, error) != WCL_OK ||
        wcl_image_store_each(store, "layers", gather_layer, collection, error) != WCL_OK ||
        remove_layers(collection, error) != WCL_OK ||
        wcl_image_store_each(store, "blobs/sha256", remove_blob, collection, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_image_store_each(store, "partial", remove_partial, collection, error);
}

wcl_status wcl_image_collect(const wcl_image_store *store, bool all, wcl_image_removed_fn removed,
                             void *context, wcl_error *error)
{
    collection collection = { .store = store, .removed = removed, .context = context };
    size_t dropped;

    if (wcl_image_store_put(store, "unclean", "", 0, error) != WCL_OK ||
        wcl_lease_drop_dead(store, all, &dropped, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = collect_run(&collection, error);
    wcl_image_uses_free(&collection.uses);
    wcl_image_uses_free(&collection.candidates);
    return status == WCL_OK ? collect_finish(store, error) : status;
}

wcl_status wcl_image_mark_layer(const wcl_image_store *store, const char *id, wcl_error *error)
{
    char path[160];

    snprintf(path, sizeof(path), "layers/%.128s", id);
    WCL_CLEANUP_FD int fd =
        openat(store->fd, path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return wcl_fail_errno(error, errno, "cannot mark the layer '%s'", id);
    return wcl_durable_sync_name(store->fd, path, error);
}
