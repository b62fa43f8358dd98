/* What callers get to know of images. */
#include <stdlib.h>
#include <string.h>

#include "base/beneath.h"
#include "base/error.h"
#include "base/list.h"
#include "image/pack.h"
#include "image/store.h"

/* ---- An image ------------------------------------------------------------------------------- */

static const char *const *pack_names(wcl_packer *packer, const wcl_image_names *names,
                                     const char *digest, size_t *count)
{
    const char **list;

    *count = 0;
    for (size_t i = 0; i < names->count; i++)
        *count += strcmp(names->items[i].digest, digest) == 0;
    list = wcl_pack(packer, *count * sizeof(*list));
    for (size_t i = 0, at = 0; i < names->count; i++) {
        if (strcmp(names->items[i].digest, digest) != 0)
            continue;
        const char *name = wcl_pack_text(packer, names->items[i].name);
        if (list)
            list[at++] = name;
    }
    return list;
}

static const char *const *pack_layers(wcl_packer *packer, const wcl_image_record *record)
{
    const char **list = wcl_pack(packer, record->layer_count * sizeof(*list));

    for (size_t i = 0; i < record->layer_count; i++) {
        const char *id = wcl_pack_text(packer, record->layers[record->layer_count - 1 - i].id);
        if (list)
            list[i] = id;
    }
    return list;
}

static void add_sizes(const wcl_image_store *store, const wcl_image_record *record,
                      wcl_image_info *info)
{
    info->size = record->size;
    for (size_t i = 0; i < record->layer_count; i++) {
        WCL_CLEANUP_STORE_LAYER wcl_store_layer layer = WCL_STORE_LAYER_INIT;
        info->size += record->layers[i].size;
        if (wcl_store_layer_open(&store->layers, record->layers[i].id, WCL_LOCK_NONE, &layer,
                                 NULL) == WCL_OK)
            info->tar_size += layer.record.tar_size;
    }
}

static void pack_info(wcl_packer *packer, const wcl_image_record *record,
                      const wcl_image_names *names, wcl_image_info *info)
{
    info->names = pack_names(packer, names, record->digest, &info->name_count);
    info->digest = wcl_pack_text(packer, record->digest);
    info->media_type = wcl_pack_text(packer, record->media_type);
    info->config_digest = wcl_pack_text(packer, record->config);
    info->platform.os = wcl_pack_text(packer, record->platform.os);
    info->platform.architecture = wcl_pack_text(packer, record->platform.architecture);
    info->platform.variant = wcl_pack_text(packer, record->platform.variant);
    info->platform.os_version = wcl_pack_text(packer, record->platform.os_version);
    info->layers = pack_layers(packer, record);
    info->layer_count = record->layer_count;
    info->created = record->created;
    info->added = record->added;
}

/* ---- Several images ------------------------------------------------------------------------- */

/* One block: with `as_list` pointers to the images, then the images. */
static wcl_status pack_all(const wcl_image_store *store, const wcl_image_record *records,
                           size_t count, const wcl_image_names *names, bool as_list, void *block,
                           wcl_error *error)
{
    wcl_image_info counted = { .names = NULL };
    size_t head = as_list ? count * sizeof(wcl_image_info *) : 0;
    wcl_packer packer = { NULL, head + count * sizeof(wcl_image_info) + 16 };

    for (size_t i = 0; i < count; i++)
        pack_info(&packer, &records[i], names, &counted);
    packer.memory = calloc(1, packer.used);
    if (!packer.memory)
        return wcl_fail_memory(error);
    packer.used = 0;
    wcl_image_info **list = wcl_pack(&packer, head);
    wcl_image_info *made = wcl_pack(&packer, count * sizeof(*made));
    for (size_t i = 0; i < count; i++) {
        pack_info(&packer, &records[i], names, &made[i]);
        add_sizes(store, &records[i], &made[i]);
        if (as_list)
            list[i] = &made[i];
    }
    memcpy(block, &packer.memory, sizeof(packer.memory));
    return WCL_OK;
}

wcl_status wcl_image_info_make(const wcl_image_store *store, const wcl_image_record *record,
                               wcl_image_info **info, wcl_error *error)
{
    WCL_CLEANUP_IMAGE_NAMES wcl_image_names names = { NULL, 0 };

    if (wcl_image_names_read(store, &names, error) != WCL_OK)
        return WCL_FAILED;
    return pack_all(store, record, 1, &names, false, info, error);
}

wcl_status wcl_image_get_info(const wcl_driver *driver, const char *image, wcl_image_info **info,
                              wcl_error *error)
{
    wcl_driver own;
    WCL_CLEANUP_IMAGE_STORE wcl_image_store store = WCL_IMAGE_STORE_INIT;
    WCL_CLEANUP_IMAGE_RECORD wcl_image_record record = WCL_IMAGE_RECORD_INIT;

    *info = NULL;
    if (wcl_driver_take(&driver, &own, __func__, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_image_store_open(driver, &store, error) != WCL_OK ||
        wcl_image_resolve(&store, image, &record, NULL, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_image_info_make(&store, &record, info, error);
}

typedef struct listing {
    const wcl_image_store *store;
    wcl_image_record *records;
    size_t count;
    size_t capacity;
} listing;

static wcl_status gather(void *context, const char *hex, wcl_error *error)
{
    listing *listing = context;
    wcl_error inner = WCL_ERROR_INIT;

    if (WCL_LIST_RESERVE(listing->records, listing->count, listing->capacity, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_image_record_read(listing->store, hex, &listing->records[listing->count], &inner) ==
        WCL_OK)
        listing->count++;
    else if (inner.code != WCL_CODE_FILE_NOT_FOUND)
        wcl_store_log(&listing->store->layers, WCL_LOG_WARNING,
                      "cannot read the record of the image %s: %s", hex, inner.message);
    return WCL_OK;
}

static const char *first_name(const wcl_image_info *image)
{
    return image->name_count ? image->names[0] : "~";
}

static int compare_images(const void *a, const void *b)
{
    const wcl_image_info *one = *(wcl_image_info *const *)a, *other = *(wcl_image_info *const *)b;
    int order = strcmp(first_name(one), first_name(other));

    return order ? order : strcmp(one->digest, other->digest);
}

wcl_status wcl_image_list(const wcl_driver *driver, wcl_image_info ***images, size_t *count,
                          wcl_error *error)
{
    wcl_driver own;
    WCL_CLEANUP_IMAGE_STORE wcl_image_store store = WCL_IMAGE_STORE_INIT;
    WCL_CLEANUP_IMAGE_NAMES wcl_image_names names = { NULL, 0 };
    listing listing = { .store = &store };

    *images = NULL;
    *count = 0;
    if (wcl_driver_take(&driver, &own, __func__, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_image_store_open(driver, &store, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = wcl_image_names_read(&store, &names, error);
    if (status == WCL_OK)
        status = wcl_image_store_each(&store, "images", gather, &listing, error);
    if (status == WCL_OK)
        status = pack_all(&store, listing.records, listing.count, &names, true, images, error);
    if (status == WCL_OK && listing.count)
        qsort(*images, listing.count, sizeof(**images), compare_images);
    *count = status == WCL_OK ? listing.count : 0;
    for (size_t i = 0; i < listing.count; i++)
        wcl_image_record_free(&listing.records[i]);
    free(listing.records);
    return status;
}

/* ---- Documents ------------------------------------------------------------------------------ */

static wcl_status get_document(const wcl_driver *driver, const char *image, bool config,
                               char **json, size_t *size, wcl_error *error)
{
    WCL_CLEANUP_IMAGE_STORE wcl_image_store store = WCL_IMAGE_STORE_INIT;
    WCL_CLEANUP_IMAGE_RECORD wcl_image_record record = WCL_IMAGE_RECORD_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;

    if (wcl_image_store_open(driver, &store, error) != WCL_OK ||
        wcl_image_resolve(&store, image, &record, NULL, error) != WCL_OK ||
        wcl_image_blob_read(&store, config ? record.config : record.digest,
                            config ? WCL_CONFIG_SIZE_MAX : WCL_MANIFEST_SIZE_MAX, &text,
                            error) != WCL_OK)
        return WCL_FAILED;
    *json = wcl_buffer_detach(&text, size, error);
    return *json ? WCL_OK : WCL_FAILED;
}

wcl_status wcl_image_manifest(const wcl_driver *driver, const char *image, char **json,
                              size_t *size, wcl_error *error)
{
    wcl_driver own;

    *json = NULL;
    *size = 0;
    if (wcl_driver_take(&driver, &own, __func__, error) != WCL_OK)
        return WCL_FAILED;
    return get_document(driver, image, false, json, size, error);
}

wcl_status wcl_image_config(const wcl_driver *driver, const char *image, char **json, size_t *size,
                            wcl_error *error)
{
    wcl_driver own;

    *json = NULL;
    *size = 0;
    if (wcl_driver_take(&driver, &own, __func__, error) != WCL_OK)
        return WCL_FAILED;
    return get_document(driver, image, true, json, size, error);
}

wcl_status wcl_image_tag(const wcl_driver *driver, const char *image, const char *name,
                         wcl_error *error)
{
    wcl_driver own;
    WCL_CLEANUP_IMAGE_STORE wcl_image_store store = WCL_IMAGE_STORE_INIT;
    WCL_CLEANUP_IMAGE_RECORD wcl_image_record record = WCL_IMAGE_RECORD_INIT;
    WCL_CLEANUP_FREE wcl_reference *reference = NULL;

    if (wcl_driver_take(&driver, &own, __func__, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_reference_parse(name, &reference, error) != WCL_OK ||
        wcl_image_store_open(driver, &store, error) != WCL_OK)
        return WCL_FAILED;
    WCL_CLEANUP_FD int lock = wcl_image_store_lock(&store, true, error);
    if (lock < 0 || wcl_image_resolve(&store, image, &record, NULL, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_image_name_set(&store, reference->name, record.digest, NULL, error);
}
