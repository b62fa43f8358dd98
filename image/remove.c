/* Removing images: a name, and with the last one all that nothing else uses. */
#include <stdio.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/durable.h"
#include "base/error.h"
#include "image/store.h"

typedef struct removal {
    const wcl_image_store *store;
    const wcl_image_record *record;
    wcl_image_removed_fn removed;
    void *context;
} removal;

static void tell(const removal *removal, wcl_image_removal what, const char *which)
{
    if (removal->removed)
        removal->removed(removal->context, what, which);
}

static wcl_status untag(const removal *removal, const char *name, wcl_error *error)
{
    if (wcl_image_name_remove(removal->store, name, error) != WCL_OK)
        return WCL_FAILED;
    tell(removal, WCL_IMAGE_UNTAGGED, name);
    return WCL_OK;
}

/* Takes away `name`, or with NULL all names. `*left` counts the names that the image keeps. */
static wcl_status remove_names(const removal *removal, const char *name, bool force, size_t *left,
                               wcl_error *error)
{
    WCL_CLEANUP_IMAGE_NAMES wcl_image_names names = { NULL, 0 };
    size_t count = 0;

    if (wcl_image_names_read(removal->store, &names, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i < names.count; i++)
        count += strcmp(names.items[i].digest, removal->record->digest) == 0;
    if (!name && count > 1 && !force)
        return wcl_fail(error, WCL_CODE_SHARING_VIOLATION,
                        "the image has %zu names; remove these, or force it", count);
    *left = 0;
    for (size_t i = 0; i < names.count; i++) {
        if (strcmp(names.items[i].digest, removal->record->digest) != 0)
            continue;
        if (name && strcmp(names.items[i].name, name) != 0)
            ++*left;
        else if (untag(removal, names.items[i].name, error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

static wcl_status remove_record(const removal *removal, wcl_error *error)
{
    char path[96];

    snprintf(path, sizeof(path), "images/%s", wcl_digest_digits(removal->record->digest));
    if (wcl_image_store_put(removal->store, "unclean", "", 0, error) != WCL_OK)
        return WCL_FAILED;
    /* On disk before anything of it goes: a record that came back would have no layers. */
    if (wcl_durable_remove(removal->store->fd, path, error) == WCL_FAILED)
        return wcl_error_context(error, NULL, "record of the image");
    tell(removal, WCL_IMAGE_DELETED, removal->record->digest);
    return wcl_image_collect(removal->store, false, removal->removed, removal->context, error);
}

static wcl_status remove_image(const wcl_driver *driver, const char *image, bool force,
                               wcl_image_removed_fn removed, void *context, wcl_error *error)
{
    WCL_CLEANUP_IMAGE_STORE wcl_image_store store = WCL_IMAGE_STORE_INIT;
    WCL_CLEANUP_IMAGE_RECORD wcl_image_record record = WCL_IMAGE_RECORD_INIT;
    WCL_CLEANUP_FREE char *name = NULL;
    const removal removal = { &store, &record, removed, context };
    size_t left = 0;

    if (wcl_image_store_open(driver, &store, error) != WCL_OK)
        return WCL_FAILED;
    WCL_CLEANUP_FD int lock = wcl_image_store_lock(&store, true, error);
    if (lock < 0 || wcl_image_resolve(&store, image, &record, &name, error) != WCL_OK ||
        remove_names(&removal, name, force, &left, error) != WCL_OK)
        return WCL_FAILED;
    return left ? WCL_OK : remove_record(&removal, error);
}

wcl_status wcl_image_remove(const wcl_driver *driver, const char *image, bool force,
                            wcl_image_removed_fn removed, void *context, wcl_error *error)
{
    wcl_driver own;

    if (wcl_driver_take(&driver, &own, __func__, error) != WCL_OK)
        return WCL_FAILED;
    return remove_image(driver, image, force, removed, context, error) == WCL_OK
               ? WCL_OK
               : wcl_error_context(error, "remove image", image);
}

wcl_status wcl_image_remove_unused(const wcl_driver *driver, wcl_image_removed_fn removed,
                                   void *context, wcl_error *error)
{
    wcl_driver own;
    WCL_CLEANUP_IMAGE_STORE wcl_image_store store = WCL_IMAGE_STORE_INIT;

    if (wcl_driver_take(&driver, &own, __func__, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_image_store_open(driver, &store, error) != WCL_OK)
        return WCL_FAILED;
    WCL_CLEANUP_FD int lock = wcl_image_store_lock(&store, true, error);
    return lock < 0 ? WCL_FAILED : wcl_image_collect(&store, true, removed, context, error);
}
