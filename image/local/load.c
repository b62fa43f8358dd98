/* Loading: the images of a layout or archive become images of the store. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/options.h"
#include "image/engine.h"
#include "image/local/sources.h"
#include "image/store.h"

/* ---- What tags without a name are tags of ---------------------------------------------------- */

/* The path's last part without its extension, where that can be a repository; else NULL. */
static wcl_status repository_of(const char *path, char **repository, wcl_error *error)
{
    WCL_CLEANUP_FREE wcl_reference *reference = NULL;
    WCL_CLEANUP_FREE char *copy = strdup(path);
    wcl_error why = WCL_ERROR_INIT;
    size_t size = copy ? strlen(copy) : 0;

    *repository = NULL;
    if (!copy)
        return wcl_fail_memory(error);
    while (size > 1 && copy[size - 1] == '/')
        copy[--size] = '\0';
    char *base = strrchr(copy, '/');
    base = base ? base + 1 : copy;
    char *end = strstr(base, ".tar");
    if (end)
        *end = '\0';
    if (strchr(base, ':'))
        return WCL_OK;
    if (wcl_reference_parse(base, &reference, &why) != WCL_OK)
        return why.code == WCL_CODE_OUT_OF_MEMORY ? wcl_fail_memory(error) : WCL_OK;
    *repository = strdup(base);
    return *repository ? WCL_OK : wcl_fail_memory(error);
}

/* ---- Loading -------------------------------------------------------------------------------- */

typedef struct loading {
    wcl_pull_request request;
    wcl_image_loaded_fn loaded;
    void *context;
} loading;

static wcl_status load_image(loading *loading, const wcl_bundle_image *image, const char *name,
                             wcl_error *error)
{
    WCL_CLEANUP_FREE wcl_image_info *info = NULL;

    loading->request.reference = image->reference;
    loading->request.names = name ? &name : (const char *const *)image->names;
    loading->request.name_count = name ? 1 : image->name_count;
    if (wcl_image_pull_from(&loading->request, &info, error) != WCL_OK)
        return WCL_FAILED;
    if (loading->loaded)
        loading->loaded(loading->context, info);
    return WCL_OK;
}

static wcl_status load_bundle(loading *loading, const wcl_bundle *bundle, const char *path,
                              const char *name, wcl_error *error)
{
    WCL_CLEANUP_FREE char *repository = NULL;
    wcl_bundle_images images = { .items = NULL };
    wcl_image_source *source;
    wcl_status status;

    if (repository_of(path, &repository, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_layout_is(bundle))
        status = wcl_layout_open(bundle, repository, &source, &images, error);
    else if (wcl_docker_archive_is(bundle))
        status = wcl_docker_archive_open(bundle, &source, &images, error);
    else
        return wcl_fail(
            error, WCL_CODE_INVALID_DATA,
            "it is neither an OCI layout nor a docker archive: it does not have an oci-layout "
            "and index.json, and no manifest.json");
    if (status != WCL_OK)
        return WCL_FAILED;
    loading->request.source = source;
    source->says_names = !name;
    if (name && images.count != 1)
        status = wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                          "there are %zu images in it, which cannot all be called '%s'",
                          images.count, name);
    for (size_t i = 0; status == WCL_OK && i < images.count; i++)
        status = load_image(loading, &images.items[i], name, error);
    source->ops->free(source);
    wcl_bundle_images_free(&images);
    return status;
}

static wcl_status local_load_run(loading *loading, const char *path, const char *name,
                                 wcl_error *error)
{
    WCL_CLEANUP_FREE wcl_reference *reference = NULL;
    WCL_CLEANUP_IMAGE_STORE wcl_image_store store = WCL_IMAGE_STORE_INIT;
    wcl_bundle *bundle = NULL;

    if ((name && wcl_reference_parse(name, &reference, error) != WCL_OK) ||
        wcl_image_store_make(loading->request.driver, &store, error) != WCL_OK ||
        wcl_bundle_open(path, store.layers.staging_fd, loading->request.driver->hooks,
                        loading->request.options, &bundle, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status =
        load_bundle(loading, bundle, path, reference ? reference->name : NULL, error);
    wcl_bundle_free(bundle);
    return status;
}

wcl_status wcl_image_load(const wcl_driver *driver, const char *path, const char *name,
                          const wcl_transfer_options *options, wcl_image_loaded_fn loaded,
                          void *context, wcl_error *error)
{
    wcl_driver own;
    wcl_transfer_options chosen = WCL_TRANSFER_OPTIONS_INIT;
    loading loading = { { .driver = &own, .options = &chosen }, loaded, context };

    if (wcl_driver_take(&driver, &own, __func__, error) == WCL_OK &&
        WCL_TAKE(wcl_transfer_options, &chosen, options, __func__, error) == WCL_OK &&
        local_load_run(&loading, wcl_text(path), wcl_text_or_null(name), error) == WCL_OK)
        return WCL_OK;
    return wcl_error_context(error, "load", path);
}
