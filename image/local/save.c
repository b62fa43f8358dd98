/* Saving: images of the store become a layout or a docker archive. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/beneath.h"
#include "base/error.h"
#include "base/hooks.h"
#include "base/options.h"
#include "image/engine.h"
#include "image/local/layout_sink.h"
#include "image/store.h"

#define COPY_SIZE (1024 * 1024)

typedef struct saving {
    const wcl_driver *driver;
    const wcl_image_store *store;
    const wcl_transfer_options *options;
    wcl_bundle_writer *writer;
    /* Of a docker archive: */
    cJSON *list;
    wcl_image_uses written; /* layers and configs that are in it */
    wcl_progress progress;
} saving;

/* ---- Layouts -------------------------------------------------------------------------------- */

static wcl_status save_layout(saving *saving, const char *const *images, size_t count,
                              wcl_error *error)
{
    wcl_image_sink *sink = NULL;

    wcl_status status = wcl_layout_sink_open(saving->writer, &sink, error);
    for (size_t i = 0; status == WCL_OK && i < count; i++) {
        WCL_CLEANUP_IMAGE_RECORD wcl_image_record record = WCL_IMAGE_RECORD_INIT;
        WCL_CLEANUP_FREE char *name = NULL;
        status = wcl_image_resolve(saving->store, images[i], &record, &name, error);
        if (status == WCL_OK)
            status =
                wcl_image_push_to(saving->driver, images[i], sink, name, saving->options, error);
    }
    if (status == WCL_OK)
        status = sink->ops->finish(sink, error);
    if (sink)
        sink->ops->free(sink);
    return status;
}

/* ---- Docker archives ------------------------------------------------------------------------ */

static wcl_status local_save_report(saving *saving, size_t bytes, wcl_error *error)
{
    saving->progress.done += bytes;
    return wcl_hooks_report(saving->driver->hooks, &saving->progress, error);
}

static wcl_status copy_file(saving *saving, int fd, uint64_t size, wcl_error *error)
{
    WCL_CLEANUP_FREE uint8_t *buffer = malloc(COPY_SIZE);
    uint64_t at = 0;
    size_t got = 1;

    if (!buffer)
        return wcl_fail_memory(error);
    while (got && at < size) {
        if (wcl_pread_full(fd, buffer, size - at < COPY_SIZE ? (size_t)(size - at) : COPY_SIZE, at,
                           &got, error) != WCL_OK ||
            wcl_bundle_writer_write(saving->writer, buffer, got, error) != WCL_OK ||
            local_save_report(saving, got, error) != WCL_OK)
            return WCL_FAILED;
        at += got;
    }
    return WCL_OK;
}

/* Whether it is in the archive already; if not, it is from now on. */
static wcl_status is_written(saving *saving, const char *hex, bool *written, wcl_error *error)
{
    *written = false;
    for (size_t i = 0; i < saving->written.count && !*written; i++)
        *written = strcmp(saving->written.items[i], hex) == 0;
    return *written ? WCL_OK : wcl_image_uses_add(&saving->written, hex, error);
}

static wcl_status save_layer(saving *saving, const wcl_image_layer *layer, const char *name,
                             wcl_error *error)
{
    WCL_CLEANUP_STORE_LAYER wcl_store_layer opened = WCL_STORE_LAYER_INIT;
    bool written;

    if (is_written(saving, layer->id, &written, error) != WCL_OK)
        return WCL_FAILED;
    if (written)
        return WCL_OK;
    if (wcl_store_layer_open(&saving->store->layers, layer->id, WCL_LOCK_SHARED, &opened, error) !=
        WCL_OK)
        return WCL_FAILED;
    WCL_CLEANUP_FD int fd =
        wcl_image_blob_open(saving->store, layer->diff_id, layer->id, layer->diff_id, error);
    if (fd < 0 || wcl_bundle_writer_folder(saving->writer, layer->id, error) != WCL_OK ||
        wcl_bundle_writer_begin(saving->writer, name, opened.record.tar_size, error) != WCL_OK ||
        copy_file(saving, fd, opened.record.tar_size, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_bundle_writer_end(saving->writer, error);
}

static wcl_status save_config(saving *saving, const wcl_image_record *record, const char *name,
                              wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;
    bool written;

    if (is_written(saving, wcl_digest_digits(record->config), &written, error) != WCL_OK)
        return WCL_FAILED;
    if (written)
        return WCL_OK;
    if (wcl_image_blob_read(saving->store, record->config, WCL_CONFIG_SIZE_MAX, &text, error) !=
        WCL_OK)
        return WCL_FAILED;
    return wcl_bundle_writer_put(saving->writer, name, text.data, text.size, error);
}

static wcl_status save_image(saving *saving, const wcl_image_record *record, const char *name,
                             wcl_error *error)
{
    const size_t count = record->layer_count;
    WCL_CLEANUP_FREE char(*texts)[160] = calloc(count + 1, sizeof(*texts));
    WCL_CLEANUP_FREE const char **names = calloc(count + 1, sizeof(*names));
    char config[80];

    if (!texts || !names)
        return wcl_fail_memory(error);
    snprintf(config, sizeof(config), "%s.json", wcl_digest_digits(record->config));
    for (size_t i = 0; i < count; i++) {
        snprintf(texts[i], sizeof(*texts), "%s/layer.tar", record->layers[i].id);
        names[i] = texts[i];
        if (save_layer(saving, &record->layers[i], texts[i], error) != WCL_OK)
            return WCL_FAILED;
    }
    if (save_config(saving, record, config, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_docker_list_add(saving->list, config, name, names, count, error);
}

static wcl_status save_archive(saving *saving, const char *const *images, size_t count,
                               wcl_error *error)
{
    saving->progress.operation = "save";
    saving->list = cJSON_CreateArray();
    if (!saving->list)
        return wcl_fail_memory(error);
    for (size_t i = 0; i < count; i++) {
        WCL_CLEANUP_IMAGE_RECORD wcl_image_record record = WCL_IMAGE_RECORD_INIT;
        WCL_CLEANUP_FREE char *name = NULL;
        if (wcl_image_resolve(saving->store, images[i], &record, &name, error) != WCL_OK ||
            save_image(saving, &record, name, error) != WCL_OK)
            return WCL_FAILED;
    }
    return wcl_docker_list_write(saving->writer, saving->list, error);
}

/* ---- Both ----------------------------------------------------------------------------------- */

/* Says at once what is wrong with the arguments, before anything is written. */
static wcl_status check(const wcl_image_store *store, const char *const *images, size_t count,
                        const char *path, wcl_image_format format, wcl_error *error)
{
    if (count == 0)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "no image is named");
    if (format == WCL_IMAGE_OCI_FOLDER && strcmp(path, "-") == 0)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "cannot write a folder to standard output");
    for (size_t i = 0; i < count; i++) {
        WCL_CLEANUP_IMAGE_RECORD wcl_image_record record = WCL_IMAGE_RECORD_INIT;
        if (wcl_image_resolve(store, images[i], &record, NULL, error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

static wcl_status save(saving *saving, const char *const *images, size_t count, const char *path,
                       wcl_image_format format, wcl_error *error)
{
    wcl_status status =
        wcl_bundle_writer_open(path, format == WCL_IMAGE_OCI_FOLDER, &saving->writer, error);
    if (status == WCL_OK)
        status = format == WCL_IMAGE_DOCKER_ARCHIVE ? save_archive(saving, images, count, error)
                                                    : save_layout(saving, images, count, error);
    if (status == WCL_OK)
        status = wcl_bundle_writer_finish(saving->writer, error);
    wcl_bundle_writer_free(saving->writer);
    cJSON_Delete(saving->list);
    wcl_image_uses_free(&saving->written);
    return status;
}

wcl_status wcl_image_save(const wcl_driver *driver, const char *const *images, size_t count,
                          const char *path, wcl_image_format format,
                          const wcl_transfer_options *options, wcl_error *error)
{
    WCL_CLEANUP_IMAGE_STORE wcl_image_store store = WCL_IMAGE_STORE_INIT;
    wcl_driver own;
    wcl_transfer_options chosen = WCL_TRANSFER_OPTIONS_INIT;
    saving saving = { .driver = &own, .store = &store, .options = &chosen };

    if (wcl_driver_take(&driver, &own, __func__, error) == WCL_OK &&
        WCL_TAKE(wcl_transfer_options, &chosen, options, __func__, error) == WCL_OK &&
        wcl_image_store_open(driver, &store, error) == WCL_OK &&
        check(&store, images, count, wcl_text(path), format, error) == WCL_OK &&
        save(&saving, images, count, wcl_text(path), format, error) == WCL_OK)
        return WCL_OK;
    return wcl_error_context(error, "save", path);
}
