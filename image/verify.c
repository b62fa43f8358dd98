/* Checking images: that what their manifests name is there and has the digest that it is named by.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/beneath.h"
#include "base/error.h"
#include "base/hooks.h"
#include "image/store.h"

#define READ_SIZE (1024 * 1024)

typedef struct verification {
    const wcl_image_store *store;
    void (*found)(void *context, const char *what, const char *sentence);
    void *context;
    size_t faults;
    wcl_image_uses uses;   /* while leftovers are looked for */
    wcl_image_uses hashed; /* blobs that were checked */
    uint8_t *buffer;
    wcl_progress progress;
} verification;

WCL_PRINTF(3, 4)
static void image_verify_report(verification *check, const char *what, const char *format, ...)
{
    char sentence[1200];

    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof(sentence), format, arguments);
    va_end(arguments);
    check->faults++;
    if (check->found)
        check->found(check->context, what, sentence);
}

static wcl_status go_on(verification *check, size_t bytes, wcl_error *error)
{
    check->progress.done += bytes;
    return wcl_hooks_report(check->store->driver->hooks, &check->progress, error);
}

/* ---- Blobs ---------------------------------------------------------------------------------- */

static wcl_status hash_file(verification *check, int fd, char digest[WCL_DIGEST_TEXT_SIZE],
                            uint64_t *size, wcl_error *error)
{
    uint8_t sum[WCL_SHA256_SIZE];
    wcl_sha256 *sha256 = NULL;
    size_t got = 1;

    *size = 0;
    wcl_status status = wcl_sha256_new(&sha256, error);
    while (status == WCL_OK && got) {
        status = wcl_pread_full(fd, check->buffer, READ_SIZE, *size, &got, error);
        if (status == WCL_OK)
            status = wcl_sha256_update(sha256, check->buffer, got, error);
        if (status == WCL_OK)
            status = go_on(check, got, error);
        *size += got;
    }
    if (status == WCL_OK)
        status = wcl_sha256_finish(sha256, sum, error);
    if (status == WCL_OK)
        wcl_digest_format(sum, digest);
    wcl_sha256_free(sha256);
    return status;
}

static bool was_hashed(const verification *check, const char *hex)
{
    for (size_t i = 0; i < check->hashed.count; i++)
        if (strcmp(check->hashed.items[i], hex) == 0)
            return true;
    return false;
}

/* A blob that is a file of its own; what is a layer's tar is checked with the layer. */
static wcl_status check_blob(verification *check, const char *image, const wcl_image_layer *layer,
                             wcl_error *error)
{
    char digest[WCL_DIGEST_TEXT_SIZE];
    uint64_t size;

    if (strcmp(layer->blob, layer->diff_id) == 0 ||
        was_hashed(check, wcl_digest_digits(layer->blob)))
        return WCL_OK;
    WCL_CLEANUP_FD int fd = wcl_image_blob_open(check->store, layer->blob, NULL, NULL, NULL);
    if (fd < 0) {
        image_verify_report(check, image, "its blob %s is not there", layer->blob);
        return WCL_OK;
    }
    if (hash_file(check, fd, digest, &size, error) != WCL_OK)
        return WCL_FAILED;
    if (size != layer->size)
        image_verify_report(check, image, "its blob %s has %" PRIu64 " bytes instead of %" PRIu64,
                            layer->blob, size, layer->size);
    else if (strcmp(digest, layer->blob) != 0)
        image_verify_report(check, image, "its blob %s has the digest %s", layer->blob, digest);
    return wcl_image_uses_add(&check->hashed, layer->blob, error);
}

/* ---- Images --------------------------------------------------------------------------------- */

static void check_layer(verification *check, const char *image, const wcl_image_layer *layer)
{
    WCL_CLEANUP_STORE_LAYER wcl_store_layer there = WCL_STORE_LAYER_INIT;
    wcl_error error = WCL_ERROR_INIT;

    if (wcl_store_layer_open(&check->store->layers, layer->id, WCL_LOCK_NONE, &there, &error) !=
        WCL_OK)
        image_verify_report(check, image, "cannot open its layer '%s': %s", layer->id,
                            error.message);
    else if (!there.record.diff_id || strcmp(there.record.diff_id, layer->diff_id) != 0)
        image_verify_report(check, image, "its layer '%s' has the diff ID %s instead of %s",
                            layer->id, there.record.diff_id ? there.record.diff_id : "of none",
                            layer->diff_id);
}

/* Whether the record says what the manifest and the config say. */
static bool agrees(const wcl_image_record *record, const wcl_manifest *manifest,
                   const wcl_config *config)
{
    if (record->layer_count != manifest->layer_count || manifest->is_index ||
        strcmp(record->config, manifest->config.digest) != 0)
        return false;
    for (size_t i = 0; i < record->layer_count; i++)
        if (strcmp(record->layers[i].id, wcl_digest_digits(config->chain_ids[i])) != 0 ||
            strcmp(record->layers[i].diff_id, config->diff_ids[i]) != 0 ||
            strcmp(record->layers[i].blob, manifest->layers[i].digest) != 0 ||
            record->layers[i].size != manifest->layers[i].size)
            return false;
    return true;
}

static wcl_status check_record(verification *check, const wcl_image_record *record,
                               wcl_error *error)
{
    WCL_CLEANUP_MANIFEST wcl_manifest *manifest = NULL;
    WCL_CLEANUP_IMAGE_CONFIG wcl_config *config = NULL;
    wcl_error inner = WCL_ERROR_INIT;

    if (wcl_image_documents(check->store, record, &manifest, &config, &inner) != WCL_OK)
        image_verify_report(check, record->digest, "its manifest or config is damaged: %s%s%s",
                            inner.subject, *inner.subject ? ": " : "", inner.message);
    else if (!agrees(record, manifest, config))
        image_verify_report(check, record->digest, "its record differs from its manifest");
    for (size_t i = 0; i < record->layer_count; i++) {
        check_layer(check, record->digest, &record->layers[i]);
        if (go_on(check, 0, error) != WCL_OK ||
            check_blob(check, record->digest, &record->layers[i], error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

static wcl_status check_image(void *context, const char *hex, wcl_error *error)
{
    verification *check = context;
    WCL_CLEANUP_IMAGE_RECORD wcl_image_record record = WCL_IMAGE_RECORD_INIT;
    wcl_error inner = WCL_ERROR_INIT;
    char digest[80];

    snprintf(digest, sizeof(digest), "sha256:%.64s", hex);
    if (wcl_image_record_read(check->store, hex, &record, &inner) == WCL_OK) {
        if (strcmp(record.digest, digest) != 0)
            image_verify_report(check, digest, "its record is that of %s", record.digest);
        return check_record(check, &record, error);
    }
    if (inner.code != WCL_CODE_FILE_NOT_FOUND)
        image_verify_report(check, digest, "its record is damaged: %s", inner.message);
    return WCL_OK;
}

/* ---- What stands beside images --------------------------------------------------------------- */

static wcl_status check_names(verification *check, wcl_error *error)
{
    WCL_CLEANUP_IMAGE_NAMES wcl_image_names names = { NULL, 0 };
    wcl_error inner = WCL_ERROR_INIT;

    (void)error;
    if (wcl_image_names_read(check->store, &names, &inner) != WCL_OK) {
        image_verify_report(check, "names", "a name is damaged: %s: %s", inner.subject,
                            inner.message);
        return WCL_OK;
    }
    for (size_t i = 0; i < names.count; i++) {
        WCL_CLEANUP_IMAGE_RECORD wcl_image_record record = WCL_IMAGE_RECORD_INIT;
        if (wcl_image_record_read(check->store, names.items[i].digest, &record, &inner) != WCL_OK)
            image_verify_report(check, names.items[i].name,
                                "it stands for an image that is not there: %s",
                                names.items[i].digest);
    }
    return WCL_OK;
}

static wcl_status check_use(void *context, const char *hex, wcl_error *error)
{
    verification *check = context;

    (void)error;
    if (!wcl_image_uses_has(&check->uses, hex))
        image_verify_report(check, hex, "the blob is used by no image");
    return WCL_OK;
}

static wcl_status check_leftovers(verification *check, wcl_error *error)
{
    WCL_CLEANUP_FD int lock = wcl_image_store_lock(check->store, true, error);

    if (lock < 0 || check_names(check, error) != WCL_OK)
        return WCL_FAILED;
    /* A record that cannot be read has been reported; what it uses is not known. */
    if (wcl_image_uses_read(check->store, &check->uses, NULL) != WCL_OK)
        return WCL_OK;
    return wcl_image_store_each(check->store, "blobs/sha256", check_use, check, error);
}

wcl_status wcl_image_verify(const wcl_driver *driver,
                            void (*found)(void *context, const char *what, const char *sentence),
                            void *context, size_t *faults, wcl_error *error)
{
    wcl_driver own;
    WCL_CLEANUP_IMAGE_STORE wcl_image_store store = WCL_IMAGE_STORE_INIT;
    verification check = { .store = &store, .found = found, .context = context };

    *faults = 0;
    if (wcl_driver_take(&driver, &own, __func__, error) != WCL_OK)
        return WCL_FAILED;
    check.progress.operation = "verify";
    check.buffer = malloc(READ_SIZE);
    wcl_status status = check.buffer ? WCL_OK : wcl_fail_memory(error);
    if (status == WCL_OK)
        status = wcl_image_store_open(driver, &store, error);
    if (status == WCL_OK)
        status = wcl_image_store_each(&store, "images", check_image, &check, error);
    if (status == WCL_OK)
        status = check_leftovers(&check, error);
    wcl_image_uses_free(&check.uses);
    wcl_image_uses_free(&check.hashed);
    free(check.buffer);
    *faults = check.faults;
    return status == WCL_OK ? WCL_OK : wcl_error_context(error, "verify images", NULL);
}
