/* The lifecycle of layers: the public calls, passed on to the provider. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/options.h"
#include "layer/driver.h"
#include "layer/provider.h"

#ifdef _WIN32
#define DEFAULT_PROVIDER "vmcompute"
#else
#define DEFAULT_PROVIDER "store"
#endif

wcl_status wcl_layer_provider_find(const char *name, const wcl_layer_provider **provider,
                                   wcl_error *error)
{
    static const wcl_layer_provider *const providers[] = {
        &wcl_store_provider,
#ifdef _WIN32
        &wcl_vmcompute_provider,
#endif
    };

    if (!name || !*name)
        name = getenv("WCL_PROVIDER");
    if (!name || !*name)
        name = DEFAULT_PROVIDER;
    for (size_t i = 0; i < sizeof(providers) / sizeof(providers[0]); i++) {
        if (strcmp(providers[i]->name, name) == 0) {
            *provider = providers[i];
            return WCL_OK;
        }
    }
    return wcl_fail(error, WCL_CODE_NOT_SUPPORTED, "this system has no layer provider '%.60s'",
                    name);
}

/* Checks what all calls have in common, and puts `own` in the place of the caller's driver. */
static wcl_status lifecycle_find(const wcl_driver **driver, wcl_driver *own, const char *function,
                                 const wcl_layer_provider **provider, wcl_error *error)
{
    if (wcl_driver_take(driver, own, function, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_layer_provider_find(own->provider, provider, error);
}

/* The same for a call about one layer. */
static wcl_status lifecycle_find_layer(const wcl_driver **driver, wcl_driver *own,
                                       const char *function, const char *id,
                                       const wcl_layer_provider **provider, wcl_error *error)
{
    wcl_status status = lifecycle_find(driver, own, function, provider, error);

    return status == WCL_OK ? wcl_layer_id_check(id, error) : WCL_FAILED;
}

/* The same for a call about no home. */
static wcl_status lifecycle_find_homeless(const wcl_driver **driver, wcl_driver *own,
                                          const char *function, const wcl_layer_provider **provider,
                                          wcl_error *error)
{
    if (wcl_driver_take_homeless(driver, own, function, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_layer_provider_find(own->provider, provider, error);
}

static wcl_status done(wcl_status status, const char *operation, const char *id, wcl_error *error)
{
    return status == WCL_FAILED ? wcl_error_context(error, operation, id) : status;
}

wcl_status wcl_layer_create(const wcl_driver *driver, const char *id, const char *parent,
                            wcl_error *error)
{
    const wcl_layer_provider *provider;
    wcl_driver own;
    wcl_status status = lifecycle_find_layer(&driver, &own, __func__, id, &provider, error);

    if (status == WCL_OK)
        status = provider->create(driver, id, wcl_text_or_null(parent), error);
    return done(status, "create layer", id, error);
}

wcl_status wcl_layer_create_sandbox(const wcl_driver *driver, const char *id, const char *parent,
                                    wcl_parents parents, uint64_t size, wcl_error *error)
{
    const wcl_layer_provider *provider;
    wcl_driver own;
    wcl_status status = lifecycle_find_layer(&driver, &own, __func__, id, &provider, error);

    if (status == WCL_OK)
        status =
            provider->create_sandbox(driver, id, wcl_text_or_null(parent), parents, size, error);
    return done(status, "create sandbox", id, error);
}

wcl_status wcl_layer_activate(const wcl_driver *driver, const char *id, wcl_error *error)
{
    const wcl_layer_provider *provider;
    wcl_driver own;
    wcl_status status = lifecycle_find_layer(&driver, &own, __func__, id, &provider, error);

    if (status == WCL_OK)
        status = provider->activate(driver, id, error);
    return done(status, "activate", id, error);
}

wcl_status wcl_layer_deactivate(const wcl_driver *driver, const char *id, wcl_error *error)
{
    const wcl_layer_provider *provider;
    wcl_driver own;
    wcl_status status = lifecycle_find_layer(&driver, &own, __func__, id, &provider, error);

    if (status == WCL_OK)
        status = provider->deactivate(driver, id, error);
    return done(status, "deactivate", id, error);
}

wcl_status wcl_layer_prepare(const wcl_driver *driver, const char *id, wcl_parents parents,
                             wcl_error *error)
{
    const wcl_layer_provider *provider;
    wcl_driver own;
    wcl_status status = lifecycle_find_layer(&driver, &own, __func__, id, &provider, error);

    if (status == WCL_OK)
        status = provider->prepare(driver, id, parents, error);
    return done(status, "prepare", id, error);
}

wcl_status wcl_layer_unprepare(const wcl_driver *driver, const char *id, wcl_error *error)
{
    const wcl_layer_provider *provider;
    wcl_driver own;
    wcl_status status = lifecycle_find_layer(&driver, &own, __func__, id, &provider, error);

    if (status == WCL_OK)
        status = provider->unprepare(driver, id, error);
    return done(status, "unprepare", id, error);
}

wcl_status wcl_layer_mount_path(const wcl_driver *driver, const char *id, char **path,
                                wcl_error *error)
{
    const wcl_layer_provider *provider;
    wcl_driver own;

    *path = NULL;
    wcl_status status = lifecycle_find_layer(&driver, &own, __func__, id, &provider, error);

    if (status == WCL_OK)
        status = provider->mount_path(driver, id, path, error);
    return done(status, "get mount path", id, error);
}

wcl_status wcl_layer_destroy(const wcl_driver *driver, const char *id, wcl_error *error)
{
    const wcl_layer_provider *provider;
    wcl_driver own;
    wcl_status status = lifecycle_find_layer(&driver, &own, __func__, id, &provider, error);

    if (status == WCL_OK)
        status = provider->destroy(driver, id, error);
    return done(status, "remove", id, error);
}

wcl_status wcl_layer_exists(const wcl_driver *driver, const char *id, bool *exists,
                            wcl_error *error)
{
    const wcl_layer_provider *provider;
    wcl_driver own;

    *exists = false;
    wcl_status status = lifecycle_find_layer(&driver, &own, __func__, id, &provider, error);

    if (status == WCL_OK)
        status = provider->exists(driver, id, exists, error);
    return done(status, "look for", id, error);
}

wcl_status wcl_layer_expand_sandbox(const wcl_driver *driver, const char *id, uint64_t size,
                                    wcl_error *error)
{
    const wcl_layer_provider *provider;
    wcl_driver own;
    wcl_status status = lifecycle_find_layer(&driver, &own, __func__, id, &provider, error);

    if (status == WCL_OK)
        status = provider->expand_sandbox(driver, id, size, error);
    return done(status, "expand", id, error);
}

wcl_status wcl_layer_reader_open(const wcl_driver *driver, const char *id, wcl_parents parents,
                                 wcl_layer_reader **reader, wcl_error *error)
{
    const wcl_layer_provider *provider;
    wcl_driver own;

    *reader = NULL;
    wcl_status status = lifecycle_find_layer(&driver, &own, __func__, id, &provider, error);

    if (status == WCL_OK)
        status = provider->reader_open(driver, id, parents, reader, error);
    return done(status, "read", id, error);
}

wcl_status wcl_layer_writer_open(const wcl_driver *driver, const char *id, wcl_parents parents,
                                 wcl_layer_writer **writer, wcl_error *error)
{
    const wcl_layer_provider *provider;
    wcl_driver own;

    *writer = NULL;
    wcl_status status = lifecycle_find_layer(&driver, &own, __func__, id, &provider, error);

    if (status == WCL_OK)
        status = provider->writer_open(driver, id, parents, writer, error);
    return done(status, "write", id, error);
}

/* Copies all entries and ends both; the writer's layer is only there when everything went well. */
static wcl_status copy_and_close(const wcl_driver *driver, wcl_layer_reader *reader,
                                 wcl_layer_writer *writer, wcl_error *error)
{
    wcl_status status = wcl_layer_copy(reader, writer, driver->hooks, error);

    if (wcl_layer_reader_close(reader, status == WCL_OK ? error : NULL) != WCL_OK)
        status = WCL_FAILED;
    if (status == WCL_OK)
        return wcl_layer_writer_close(writer, error);
    wcl_layer_writer_abort(writer);
    return status;
}

static wcl_status export_by_reader(const wcl_layer_provider *provider, const wcl_driver *driver,
                                   const char *id, const char *folder, wcl_parents parents,
                                   wcl_error *error)
{
    wcl_layer_reader *reader = NULL;
    wcl_layer_writer *writer = NULL;

    if (provider->reader_open(driver, id, parents, &reader, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_transport_writer_open(folder, &writer, error) != WCL_OK) {
        wcl_layer_reader_close(reader, NULL);
        return WCL_FAILED;
    }
    return copy_and_close(driver, reader, writer, error);
}

static wcl_status import_by_writer(const wcl_layer_provider *provider, const wcl_driver *driver,
                                   const char *id, const char *folder, wcl_parents parents,
                                   wcl_error *error)
{
    wcl_layer_reader *reader = NULL;
    wcl_layer_writer *writer = NULL;

    if (wcl_transport_reader_open(folder, &reader, error) != WCL_OK)
        return WCL_FAILED;
    if (provider->writer_open(driver, id, parents, &writer, error) != WCL_OK) {
        wcl_layer_reader_close(reader, NULL);
        return WCL_FAILED;
    }
    return copy_and_close(driver, reader, writer, error);
}

wcl_status wcl_layer_export(const wcl_driver *driver, const char *id, const char *folder,
                            wcl_parents parents, wcl_error *error)
{
    const wcl_layer_provider *provider;
    wcl_driver own;
    wcl_status status = lifecycle_find_layer(&driver, &own, __func__, id, &provider, error);

    if (status == WCL_OK)
        status = provider->export_folder
                     ? provider->export_folder(driver, id, wcl_text(folder), parents, error)
                     : export_by_reader(provider, driver, id, folder, parents, error);
    return done(status, "export", id, error);
}

wcl_status wcl_layer_import(const wcl_driver *driver, const char *id, const char *folder,
                            wcl_parents parents, wcl_error *error)
{
    const wcl_layer_provider *provider;
    wcl_driver own;
    wcl_status status = lifecycle_find_layer(&driver, &own, __func__, id, &provider, error);

    if (status == WCL_OK)
        status = provider->import_folder
                     ? provider->import_folder(driver, id, wcl_text(folder), parents, error)
                     : import_by_writer(provider, driver, id, folder, parents, error);
    return done(status, "import", id, error);
}

static wcl_status import_tar_by_writer(const wcl_layer_provider *provider, const wcl_driver *driver,
                                       const char *id, wcl_parents parents, wcl_read_fn read,
                                       void *context, const wcl_import_options *options,
                                       wcl_error *error)
{
    const wcl_tar_reader_options tar = { .struct_size = sizeof(tar),
                                         .os = options->os,
                                         .max_size = options->max_size };
    wcl_layer_reader *reader = NULL;
    wcl_layer_writer *writer = NULL;

    if (options->expect_digest)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "the %s provider cannot check the expected digest", provider->name);
    if (wcl_tar_reader_open(read, context, &tar, &reader, error) != WCL_OK)
        return WCL_FAILED;
    if (provider->writer_open(driver, id, parents, &writer, error) != WCL_OK) {
        wcl_layer_reader_close(reader, NULL);
        return WCL_FAILED;
    }
    return copy_and_close(driver, reader, writer, error);
}

wcl_status wcl_layer_import_tar(const wcl_driver *driver, const char *id, wcl_parents parents,
                                wcl_read_fn read, void *context, const wcl_import_options *options,
                                wcl_import_result *result, wcl_error *error)
{
    const wcl_layer_provider *provider;
    wcl_driver own;
    wcl_import_options chosen = WCL_IMPORT_OPTIONS_INIT;
    wcl_import_result made = WCL_IMPORT_RESULT_INIT;
    wcl_status status = lifecycle_find_layer(&driver, &own, __func__, id, &provider, error);

    if (status == WCL_OK)
        status = WCL_TAKE(wcl_import_options, &chosen, options, __func__, error);
    if (status == WCL_OK)
        status = WCL_CHECK_SIZE(wcl_import_result, result, __func__, error);
    if (status != WCL_OK)
        return done(status, "import", id, error);
    chosen.expect_digest = wcl_text_or_null(chosen.expect_digest);
    chosen.media_type = wcl_text_or_null(chosen.media_type);
    status =
        provider->import_tar
            ? provider->import_tar(driver, id, parents, read, context, &chosen, &made, error)
            : import_tar_by_writer(provider, driver, id, parents, read, context, &chosen, error);
    if (status != WCL_OK)
        made = (wcl_import_result)WCL_IMPORT_RESULT_INIT;
    WCL_GIVE(wcl_import_result, result, &made);
    return done(status, "import", id, error);
}

static wcl_status export_tar_by_reader(const wcl_layer_provider *provider, const wcl_driver *driver,
                                       const char *id, wcl_parents parents, wcl_write_fn write,
                                       void *context, const wcl_tar_writer_options *options,
                                       wcl_error *error)
{
    wcl_layer_reader *reader = NULL;
    wcl_layer_writer *writer = NULL;

    if (provider->reader_open(driver, id, parents, &reader, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_tar_writer_open(write, context, options, &writer, error) != WCL_OK) {
        wcl_layer_reader_close(reader, NULL);
        return WCL_FAILED;
    }
    return copy_and_close(driver, reader, writer, error);
}

wcl_status wcl_layer_export_tar(const wcl_driver *driver, const char *id, wcl_parents parents,
                                wcl_write_fn write, void *context,
                                const wcl_tar_writer_options *options, wcl_error *error)
{
    const wcl_layer_provider *provider;
    wcl_driver own;
    wcl_tar_writer_options chosen = WCL_TAR_WRITER_OPTIONS_INIT;
    wcl_status status = lifecycle_find_layer(&driver, &own, __func__, id, &provider, error);

    if (status == WCL_OK)
        status = WCL_TAKE(wcl_tar_writer_options, &chosen, options, __func__, error);
    if (status == WCL_OK)
        status = provider->export_tar
                     ? provider->export_tar(driver, id, parents, write, context, &chosen, error)
                     : export_tar_by_reader(provider, driver, id, parents, write, context, &chosen,
                                            error);
    return done(status, "export", id, error);
}

static wcl_status fail_no_path(wcl_error *error)
{
    return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "no folder is named");
}

wcl_status wcl_layer_process_base(const wcl_driver *driver, const char *path, wcl_error *error)
{
    const wcl_layer_provider *provider;
    wcl_driver own;
    wcl_status status = lifecycle_find_homeless(&driver, &own, __func__, &provider, error);

    if (status == WCL_OK)
        status = *wcl_text(path) ? provider->process_base(path, error) : fail_no_path(error);
    return done(status, "process base layer", path, error);
}

wcl_status wcl_layer_process_utility_vm(const wcl_driver *driver, const char *path,
                                        wcl_error *error)
{
    const wcl_layer_provider *provider;
    wcl_driver own;
    wcl_status status = lifecycle_find_homeless(&driver, &own, __func__, &provider, error);

    if (status == WCL_OK)
        status = *wcl_text(path) ? provider->process_utility_vm(path, error) : fail_no_path(error);
    return done(status, "process utility VM image", path, error);
}

wcl_status wcl_layer_shared_base_images(const wcl_driver *driver, char **json, wcl_error *error)
{
    const wcl_layer_provider *provider;
    wcl_driver own;

    *json = NULL;
    wcl_status status = lifecycle_find(&driver, &own, __func__, &provider, error);

    if (status == WCL_OK)
        status = provider->shared_base_images(driver, json, error);
    return done(status, "list shared base images", NULL, error);
}

static wcl_status fail_unable(const wcl_layer_provider *provider, wcl_error *error)
{
    return wcl_fail(error, WCL_CODE_NOT_SUPPORTED, "the %s provider cannot tell", provider->name);
}

wcl_status wcl_layer_get_info(const wcl_driver *driver, const char *id, wcl_layer_info **info,
                              wcl_error *error)
{
    const wcl_layer_provider *provider;
    wcl_driver own;

    *info = NULL;
    wcl_status status = lifecycle_find_layer(&driver, &own, __func__, id, &provider, error);

    if (status == WCL_OK)
        status = provider->get_info ? provider->get_info(driver, id, info, error)
                                    : fail_unable(provider, error);
    return done(status, "describe", id, error);
}

wcl_status wcl_layer_list(const wcl_driver *driver, char ***ids, size_t *count, wcl_error *error)
{
    const wcl_layer_provider *provider;
    wcl_driver own;

    *ids = NULL;
    *count = 0;
    wcl_status status = lifecycle_find(&driver, &own, __func__, &provider, error);

    if (status == WCL_OK)
        status = provider->list ? provider->list(driver, ids, count, error)
                                : fail_unable(provider, error);
    return done(status, "list layers", NULL, error);
}

wcl_status wcl_layer_merged_reader_open(const wcl_driver *driver, const char *id,
                                        wcl_layer_reader **reader, wcl_error *error)
{
    const wcl_layer_provider *provider;
    wcl_driver own;

    *reader = NULL;
    wcl_status status = lifecycle_find_layer(&driver, &own, __func__, id, &provider, error);

    if (status == WCL_OK)
        status = provider->merged_reader_open
                     ? provider->merged_reader_open(driver, id, reader, error)
                     : fail_unable(provider, error);
    return done(status, "read merged", id, error);
}

wcl_status wcl_layer_verify(const wcl_driver *driver, const char *id,
                            void (*found)(void *context, const char *sentence), void *context,
                            size_t *faults, wcl_error *error)
{
    const wcl_layer_provider *provider;
    wcl_driver own;

    *faults = 0;
    wcl_status status = lifecycle_find_layer(&driver, &own, __func__, id, &provider, error);

    if (status == WCL_OK)
        status = provider->verify ? provider->verify(driver, id, found, context, faults, error)
                                  : fail_unable(provider, error);
    return done(status, "verify", id, error);
}

wcl_status wcl_layer_changes(const wcl_driver *driver, const char *id, const char *other,
                             wcl_status (*change)(void *context, const char *path,
                                                  wcl_change_kind kind, wcl_error *error),
                             void *context, wcl_error *error)
{
    const wcl_layer_provider *provider;
    wcl_driver own;
    wcl_status status = lifecycle_find_layer(&driver, &own, __func__, id, &provider, error);

    other = wcl_text_or_null(other);
    if (status == WCL_OK && other)
        status = wcl_layer_id_check(other, error);
    if (status == WCL_OK)
        status = provider->changes ? provider->changes(driver, id, other, change, context, error)
                                   : fail_unable(provider, error);
    return done(status, "diff", id, error);
}

wcl_status wcl_name_to_guid(const wcl_driver *driver, const char *name, wcl_guid *guid,
                            wcl_error *error)
{
    const wcl_layer_provider *provider;
    wcl_driver own;
    wcl_status status = lifecycle_find_homeless(&driver, &own, __func__, &provider, error);

    if (status == WCL_OK)
        status = provider->name_to_guid(wcl_text(name), guid, error);
    return done(status, "name to GUID", name, error);
}

wcl_status wcl_layer_descriptor_of(const wcl_driver *driver, const char *path,
                                   wcl_layer_descriptor *descriptor, wcl_error *error)
{
    wcl_layer_descriptor made = WCL_LAYER_DESCRIPTOR_INIT;
    wcl_driver own;

    made.path = wcl_text(path);
    const char *base = made.path + strlen(made.path);
    while (base > made.path && base[-1] != '/' && base[-1] != '\\')
        base--;
    if (wcl_driver_take_homeless(&driver, &own, __func__, error) != WCL_OK ||
        WCL_CHECK_SIZE(wcl_layer_descriptor, descriptor, __func__, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = wcl_name_to_guid(driver, base, &made.id, error);
    if (status != WCL_OK)
        made = (wcl_layer_descriptor)WCL_LAYER_DESCRIPTOR_INIT;
    WCL_GIVE(wcl_layer_descriptor, descriptor, &made);
    return status;
}

bool wcl_is_tp4(void)
{
    const wcl_layer_provider *provider;

    return wcl_layer_provider_find(NULL, &provider, NULL) == WCL_OK && provider->is_tp4();
}
