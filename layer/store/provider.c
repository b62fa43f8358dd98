/* The portable provider: layers in a home folder, on any POSIX system. */
#include "layer/driver.h"
#include "layer/provider.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "base/hooks.h"
#include "base/write_fd.h"
#include "layer/store/query/ask.h"
#include "layer/store/read/entries.h"
#include "layer/store/import/import.h"
#include "layer/store/mount/mount.h"
#include "layer/store/import/process.h"
#include "layer/store/sandbox/sandbox.h"
#include "layer/store/home/uses.h"
#include "compress/compress.h"

/* The page cache takes folios as large as a write; where memory is in pieces, or a virtual
 * machine's host has to find it first, writes of 64 KiB and more take up to three times as long. */
#define COPY_SIZE (16 * 1024)
/* Bytes that the kernel is asked to copy at once. */
#define KERNEL_SIZE (16 * 1024 * 1024)

/* ---- Creating and removing ------------------------------------------------------------------- */

/* The parents of a layer on `parent`: that one and its own. */
static wcl_status chain_of(const wcl_store *store, const char *parent, char ***ids, size_t *count,
                           wcl_error *error)
{
    WCL_CLEANUP_STORE_LAYER wcl_store_layer layer = WCL_STORE_LAYER_INIT;
    const char *id;

    if (wcl_layer_parent_id(parent, &id, error) != WCL_OK ||
        wcl_store_layer_open(store, id, WCL_LOCK_NONE, &layer, error) != WCL_OK)
        return WCL_FAILED;
    *ids = calloc(layer.record.parent_count + 2, sizeof(char *));
    if (!*ids)
        return wcl_fail_memory(error);
    (*ids)[(*count)++] = strdup(id);
    for (size_t i = 0; i < layer.record.parent_count; i++)
        (*ids)[(*count)++] = strdup(layer.record.parents[i]);
    return WCL_OK;
}

/* An empty tar: two blocks of zeros. */
static wcl_status write_empty_tar(int folder_fd, wcl_error *error)
{
    static const uint8_t zeros[1024];
    WCL_CLEANUP_FD int fd =
        openat(folder_fd, "layer.tar", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0)
        return wcl_fail_errno(error, errno, "cannot create layer.tar");
    return wcl_pwrite_full(fd, zeros, sizeof(zeros), 0, error);
}

static wcl_status store_provider_create(const wcl_driver *driver, const char *id,
                                        const char *parent, wcl_error *error)
{
    WCL_CLEANUP_STORE wcl_store store = WCL_STORE_INIT;
    wcl_stage stage = WCL_STAGE_INIT;
    char **ids = NULL;
    size_t count = 0;

    wcl_status status = wcl_store_make(driver, &store, error);
    if (status == WCL_OK && parent)
        status = chain_of(&store, parent, &ids, &count, error);
    if (status == WCL_OK)
        status = wcl_stage_begin(&store, id, &stage, error);
    if (status == WCL_OK)
        status = write_empty_tar(stage.fd, error);
    if (status == WCL_OK)
        status = wcl_store_import(&store,
                                  &(wcl_import_request) { .id = id,
                                                          .parents = { (const char **)ids, count },
                                                          .stage = &stage },
                                  NULL, error);
    wcl_stage_end(&store, &stage);
    for (size_t i = 0; i < count; i++)
        free(ids[i]);
    free(ids);
    return status;
}

typedef struct dependents {
    const wcl_store *store;
    const char *id;
} dependents;

static wcl_status refuse_if_child(void *context, const char *id, wcl_error *error)
{
    const dependents *search = context;
    WCL_CLEANUP_STORE_LAYER wcl_store_layer layer = WCL_STORE_LAYER_INIT;

    if (!wcl_record_may_name(search->store->home_fd, id, search->id))
        return WCL_OK;
    /* One that cannot be read, or just goes, does not count. */
    if (wcl_store_layer_open(search->store, id, WCL_LOCK_NONE, &layer, NULL) != WCL_OK)
        return WCL_OK;
    for (size_t i = 0; i < layer.record.parent_count; i++)
        if (strcmp(layer.record.parents[i], search->id) == 0)
            return wcl_fail(error, WCL_CODE_SHARING_VIOLATION,
                            "the layer '%s' stands on it; remove that one first", id);
    return WCL_OK;
}

wcl_status wcl_store_destroy_unused(const wcl_store *store, const char *id, wcl_error *error)
{
    WCL_CLEANUP_STORE_LAYER wcl_store_layer layer = WCL_STORE_LAYER_INIT;
    dependents search = { store, id };

    if (wcl_store_layer_open(store, id, WCL_LOCK_EXCLUSIVE, &layer, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_sandbox_check_unmounted(store, &layer, error) != WCL_OK ||
        wcl_store_each(store, refuse_if_child, &search, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_store_remove(store, &layer, error);
}

static wcl_status destroy(const wcl_driver *driver, const char *id, wcl_error *error)
{
    WCL_CLEANUP_STORE wcl_store store = WCL_STORE_INIT;
    WCL_CLEANUP_FD int lock = -1;

    if (wcl_store_open(driver, &store, error) != WCL_OK ||
        wcl_store_check_unused(&store, id, &lock, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_store_destroy_unused(&store, id, error);
}

static wcl_status store_provider_exists(const wcl_driver *driver, const char *id, bool *found,
                                        wcl_error *error)
{
    WCL_CLEANUP_STORE wcl_store store = WCL_STORE_INIT;

    wcl_error why = WCL_ERROR_INIT;

    *found = false;
    if (wcl_store_open(driver, &store, &why) == WCL_OK)
        return wcl_store_find_layer(&store, id, found, error);
    if (why.code != WCL_CODE_PATH_NOT_FOUND)
        return wcl_fail(error, why.code, "%s", why.message);
    return WCL_OK;
}

/* ---- Reading and writing --------------------------------------------------------------------- */

/*
 * A caller may name the parents that it believes a layer to have; others than it was made on would
 * give a wrong view of it.
 */
static wcl_status check_parents(const wcl_layer_record *record, wcl_parents parents,
                                wcl_error *error)
{
    if (parents.count == 0)
        return WCL_OK;
    bool same = parents.count == record->parent_count;
    for (size_t i = 0; same && i < parents.count; i++) {
        const char *id;
        if (wcl_layer_parent_id(parents.paths[i], &id, error) != WCL_OK)
            return WCL_FAILED;
        same = strcmp(id, record->parents[i]) == 0;
    }
    return same ? WCL_OK
                : wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                           "the parents named are not those that the layer was made on");
}

static wcl_status open_for_reading(const wcl_driver *driver, const char *id, wcl_parents parents,
                                   wcl_store *store, wcl_store_layer *layer, wcl_error *error)
{
    if (wcl_store_open(driver, store, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_store_layer_open(store, id, WCL_LOCK_SHARED, layer, error) == WCL_OK &&
        check_parents(&layer->record, parents, error) == WCL_OK)
        return WCL_OK;
    wcl_store_layer_close(layer);
    wcl_store_close(store);
    return WCL_FAILED;
}

static wcl_status reader_open(const wcl_driver *driver, const char *id, wcl_parents parents,
                              wcl_layer_reader **reader, wcl_error *error)
{
    wcl_store store = WCL_STORE_INIT;
    wcl_store_layer layer = WCL_STORE_LAYER_INIT;

    if (open_for_reading(driver, id, parents, &store, &layer, error) != WCL_OK)
        return WCL_FAILED;
    if (layer.record.kind == WCL_LAYER_SANDBOX)
        return wcl_sandbox_reader_open(&store, &layer, reader, error);
    return wcl_store_reader_open(&store, &layer, reader, error);
}

static wcl_status writer_open(const wcl_driver *driver, const char *id, wcl_parents parents,
                              wcl_layer_writer **writer, wcl_error *error)
{
    wcl_store store = WCL_STORE_INIT;

    if (wcl_store_make(driver, &store, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_store_writer_open(&store, id, parents, writer, error);
}

static wcl_status merged_reader_open(const wcl_driver *driver, const char *id,
                                     wcl_layer_reader **reader, wcl_error *error)
{
    wcl_store store = WCL_STORE_INIT;
    wcl_store_layer layer = WCL_STORE_LAYER_INIT;

    if (open_for_reading(driver, id, (wcl_parents) { NULL, 0 }, &store, &layer, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_store_merged_open(&store, &layer, reader, error);
}

/* ---- Exporting ------------------------------------------------------------------------------- */

static wcl_status advance(const wcl_store *store, wcl_progress *progress, size_t got,
                          wcl_error *error)
{
    progress->done += got;
    return wcl_hooks_report(store->hooks, progress, error);
}

/* Has the kernel copy as much as it can; the rest is for copy_tar(). */
static wcl_status copy_by_kernel(const wcl_store *store, int fd, int to, wcl_progress *progress,
                                 wcl_error *error)
{
    wcl_status status = WCL_OK;
    size_t got;

    while (status == WCL_OK && progress->done < progress->total) {
        uint64_t left = progress->total - progress->done;
        status = wcl_copy_to_fd(fd, progress->done, left < KERNEL_SIZE ? (size_t)left : KERNEL_SIZE,
                                to, &got, error);
        if (status == WCL_OK)
            status = advance(store, progress, got, error);
    }
    return status == WCL_FAILED ? WCL_FAILED : WCL_OK;
}

static wcl_status copy_tar(const wcl_store *store, int fd, wcl_progress *progress,
                           wcl_output *output, wcl_error *error)
{
    WCL_CLEANUP_FREE uint8_t *buffer = malloc(COPY_SIZE);
    size_t got;

    if (!buffer)
        return wcl_fail_memory(error);
    while (progress->done < progress->total) {
        if (wcl_pread_full(fd, buffer, COPY_SIZE, progress->done, &got, error) != WCL_OK)
            return WCL_FAILED;
        if (got == 0)
            return wcl_fail(error, WCL_CODE_CORRUPT, "layer.tar has only %llu of its %llu bytes",
                            (unsigned long long)progress->done,
                            (unsigned long long)progress->total);
        if (wcl_output_write(output, buffer, got, error) != WCL_OK ||
            advance(store, progress, got, error) != WCL_OK)
            return WCL_FAILED;
    }
    return wcl_output_finish(output, error);
}

static wcl_status export_stored(const wcl_store *store, const wcl_store_layer *layer,
                                wcl_write_fn write, void *context,
                                const wcl_tar_writer_options *options, wcl_error *error)
{
    WCL_CLEANUP_FD int fd = openat(layer->fd, "layer.tar", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    const wcl_compression compression = options ? options->compression : WCL_COMPRESSION_NONE;
    wcl_progress progress = { .operation = "export", .total = layer->record.tar_size };
    wcl_output *output = NULL;

    if (fd < 0)
        return wcl_fail_errno(error, errno, "cannot open layer.tar");
    if (write == wcl_write_fd && compression == WCL_COMPRESSION_NONE &&
        copy_by_kernel(store, fd, *(const int *)context, &progress, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_output_open(write, context, compression, options ? options->level : 0, &output,
                        error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = copy_tar(store, fd, &progress, output, error);
    wcl_output_free(output);
    return status;
}

/* A sandbox has no tar yet: its changes are written as one. */
wcl_status wcl_sandbox_export(wcl_store *store, wcl_store_layer *layer, wcl_write_fn write,
                              void *context, const wcl_tar_writer_options *options,
                              wcl_error *error)
{
    const wcl_hooks *hooks = store->hooks;
    wcl_layer_reader *reader = NULL;
    wcl_layer_writer *writer = NULL;

    if (wcl_sandbox_reader_open(store, layer, &reader, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = wcl_tar_writer_open(write, context, options, &writer, error);
    if (status == WCL_OK)
        status = wcl_layer_copy(reader, writer, hooks, error);
    if (wcl_layer_reader_close(reader, status == WCL_OK ? error : NULL) != WCL_OK)
        status = WCL_FAILED;
    if (status == WCL_OK)
        return wcl_layer_writer_close(writer, error);
    wcl_layer_writer_abort(writer);
    return WCL_FAILED;
}

static wcl_status export_tar(const wcl_driver *driver, const char *id, wcl_parents parents,
                             wcl_write_fn write, void *context,
                             const wcl_tar_writer_options *options, wcl_error *error)
{
    WCL_CLEANUP_STORE wcl_store store = WCL_STORE_INIT;
    WCL_CLEANUP_STORE_LAYER wcl_store_layer layer = WCL_STORE_LAYER_INIT;

    if (open_for_reading(driver, id, parents, &store, &layer, error) != WCL_OK)
        return WCL_FAILED;
    if (layer.record.kind == WCL_LAYER_SANDBOX)
        return wcl_sandbox_export(&store, &layer, write, context, options, error);
    return export_stored(&store, &layer, write, context, options, error);
}

/* ---- Asking ---------------------------------------------------------------------------------- */

typedef struct image_list {
    const wcl_store *store;
    cJSON *images;
} image_list;

static wcl_status add_image(void *context, const char *id, wcl_error *error)
{
    image_list *list = context;
    WCL_CLEANUP_STORE_LAYER wcl_store_layer layer = WCL_STORE_LAYER_INIT;
    WCL_CLEANUP_FREE char *path = wcl_store_path(list->store, id, NULL);
    time_t created;
    struct tm parts;
    char text[40];

    if (wcl_store_layer_open(list->store, id, WCL_LOCK_NONE, &layer, NULL) != WCL_OK ||
        layer.record.kind != WCL_LAYER_BASE)
        return WCL_OK;
    cJSON *image = path ? cJSON_CreateObject() : NULL;
    if (!image)
        return wcl_fail_memory(error);
    created = (time_t)layer.record.created;
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&created, &parts));
    if (cJSON_AddStringToObject(image, "Name", id) &&
        cJSON_AddStringToObject(image, "Version", "") &&
        cJSON_AddStringToObject(image, "Path", path) &&
        wcl_json_add_u64(image, "Size", layer.record.data_size) &&
        cJSON_AddStringToObject(image, "CreatedTime", text) &&
        cJSON_AddItemToArray(list->images, image))
        return WCL_OK;
    cJSON_Delete(image);
    return wcl_fail_memory(error);
}

static wcl_status shared_base_images(const wcl_driver *driver, char **json, wcl_error *error)
{
    WCL_CLEANUP_STORE wcl_store store = WCL_STORE_INIT;
    WCL_CLEANUP_JSON cJSON *root = cJSON_CreateObject();
    image_list list = { &store, root ? cJSON_AddArrayToObject(root, "Images") : NULL };

    if (!list.images)
        return wcl_fail_memory(error);
    if (wcl_store_open(driver, &store, error) != WCL_OK ||
        wcl_store_each(&store, add_image, &list, error) != WCL_OK)
        return WCL_FAILED;
    *json = wcl_json_print(root);
    return *json ? WCL_OK : wcl_fail_memory(error);
}

/* vmcompute.dll's own rule is not published; this is the one of compute systems (docs/api.md). */
static wcl_status name_to_guid(const char *name, wcl_guid *guid, wcl_error *error)
{
    return wcl_guid_of_compute_system(name, guid, error);
}

static bool is_tp4(void)
{
    return false;
}

static wcl_status import_tar(const wcl_driver *driver, const char *id, wcl_parents parents,
                             wcl_read_fn read, void *context, const wcl_import_options *options,
                             wcl_import_result *result, wcl_error *error)
{
    const wcl_import_request request = {
        .id = id, .parents = parents, .read = read, .context = context, .options = options
    };
    WCL_CLEANUP_STORE wcl_store store = WCL_STORE_INIT;

    if (wcl_store_make(driver, &store, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_store_import(&store, &request, result, error);
}

const wcl_layer_provider wcl_store_provider = {
    .name = "store",
    .create = store_provider_create,
    .create_sandbox = wcl_store_create_sandbox,
    .activate = wcl_store_activate,
    .deactivate = wcl_store_deactivate,
    .prepare = wcl_store_prepare,
    .unprepare = wcl_store_unprepare,
    .mount_path = wcl_store_mount_path,
    .destroy = destroy,
    .exists = store_provider_exists,
    .expand_sandbox = wcl_store_expand_sandbox,
    .reader_open = reader_open,
    .writer_open = writer_open,
    .import_tar = import_tar,
    .export_tar = export_tar,
    .process_base = wcl_store_process_base,
    .process_utility_vm = wcl_store_process_utility_vm,
    .shared_base_images = shared_base_images,
    .get_info = wcl_store_get_info,
    .list = wcl_store_list,
    .merged_reader_open = merged_reader_open,
    .verify = wcl_store_verify,
    .changes = wcl_store_changes,
    .name_to_guid = name_to_guid,
    .is_tp4 = is_tp4,
};
