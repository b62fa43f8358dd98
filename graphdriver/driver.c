/* Opening a graph driver, and what can be asked about it and its layers. */
#include "graphdriver/driver.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/error.h"
#include "base/hooks.h"
#include "base/options.h"
#include "layer/internal.h"

/* ---- Opening --------------------------------------------------------------------------------- */

static wcl_status check_maps(const char *kind, const wcl_id_map *maps, size_t count,
                             wcl_error *error)
{
    for (size_t i = 0; i < count; i++)
        if (maps[i].container_id != maps[i].host_id)
            return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                            "%s %u is to be %u in containers, but this driver cannot map ids; run "
                            "dockerd without --userns-remap",
                            kind, maps[i].host_id, maps[i].container_id);
    return WCL_OK;
}

/* Questions come before the first layer does. */
static wcl_status make_store(const wcl_driver *layers, wcl_error *error)
{
    WCL_CLEANUP_STORE wcl_store store = WCL_STORE_INIT;
    const wcl_layer_provider *provider;

    if (wcl_layer_provider_find(layers->provider, &provider, error) != WCL_OK)
        return WCL_FAILED;
    return provider == &wcl_store_provider ? wcl_store_make(layers, &store, error) : WCL_OK;
}

static wcl_status graphdriver_fill(wcl_graphdriver *driver, const wcl_graphdriver_options *options,
                                   wcl_error *error)
{
    if (wcl_durable_make_folders(AT_FDCWD, options->home, 0711, 0700, error) != WCL_OK)
        return WCL_FAILED;
    driver->home = realpath(options->home, NULL);
    if (!driver->home)
        return wcl_fail_errno(error, errno, "cannot open the home '%s'", options->home);
    if (*wcl_text(options->provider) && !(driver->provider = strdup(options->provider)))
        return wcl_fail_memory(error);
    WCL_TAKE(wcl_hooks, &driver->hooks, options->hooks, __func__, NULL);
    driver->layers = (wcl_driver) { .struct_size = sizeof(wcl_driver),
                                    .flavour = WCL_FLAVOUR_FILTER,
                                    .home_dir = driver->home,
                                    .provider = driver->provider,
                                    .hooks = &driver->hooks };
    if (make_store(&driver->layers, error) != WCL_OK ||
        wcl_pending_open(driver->home, &driver->pending_fd, error) != WCL_OK)
        return WCL_FAILED;
    driver->works_behind = wcl_behind_start(error) == WCL_OK;
    return driver->works_behind ? WCL_OK : WCL_FAILED;
}

static wcl_status open_driver(const wcl_graphdriver_options *options, wcl_graphdriver **driver,
                              wcl_error *error)
{
    uint64_t size = 0;

    if (!options->home || options->home[0] != '/')
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "the home '%.200s' is not an absolute path",
                        options->home ? options->home : "");
    if (check_maps("user", options->uid_maps, options->uid_map_count, error) != WCL_OK ||
        check_maps("group", options->gid_maps, options->gid_map_count, error) != WCL_OK ||
        wcl_storage_options_parse(options->options, options->option_count, &size, error) != WCL_OK)
        return WCL_FAILED;
    wcl_graphdriver *made = calloc(1, sizeof(*made));
    if (!made)
        return wcl_fail_memory(error);
    made->pending_fd = -1;
    made->size = size;
    wcl_mounts_init(&made->mounts, &made->layers);
    if (graphdriver_fill(made, options, error) == WCL_OK) {
        *driver = made;
        return WCL_OK;
    }
    wcl_graphdriver_free(made);
    return WCL_FAILED;
}

wcl_status wcl_graphdriver_open(const wcl_graphdriver_options *options, wcl_graphdriver **driver,
                                wcl_error *error)
{
    wcl_graphdriver_options own = WCL_GRAPHDRIVER_OPTIONS_INIT;

    *driver = NULL;
    if (WCL_TAKE(wcl_graphdriver_options, &own, options, __func__, error) == WCL_OK &&
        wcl_hooks_check(own.hooks, __func__, error) == WCL_OK &&
        open_driver(&own, driver, error) == WCL_OK)
        return WCL_OK;
    return wcl_error_context(error, "open graph driver", own.home);
}

void wcl_graphdriver_free(wcl_graphdriver *driver)
{
    if (!driver)
        return;
    if (driver->works_behind)
        wcl_behind_stop();
    if (driver->pending_fd >= 0)
        close(driver->pending_fd);
    wcl_mounts_destroy(&driver->mounts);
    free(driver->home);
    free(driver->provider);
    free(driver);
}

const char *wcl_graphdriver_home(const wcl_graphdriver *driver)
{
    return driver->home;
}

bool wcl_graphdriver_reproduces_exact_diffs(const wcl_graphdriver *driver)
{
    (void)driver;
    return true;
}

/* ---- Asking ---------------------------------------------------------------------------------- */

static wcl_status graphdriver_exists(wcl_graphdriver *driver, const char *id, bool *found,
                                     wcl_error *error)
{
    WCL_CLEANUP_FREE char *parent = NULL;

    if (wcl_layer_exists(&driver->layers, id, found, error) != WCL_OK)
        return WCL_FAILED;
    if (*found)
        return WCL_OK;
    wcl_status status = wcl_pending_parent(driver, id, &parent, error);
    *found = status == WCL_OK;
    return status == WCL_FAILED ? WCL_FAILED : WCL_OK;
}

wcl_status wcl_graphdriver_exists(wcl_graphdriver *driver, const char *id, bool *found,
                                  wcl_error *error)
{
    return graphdriver_exists(driver, id, found, error);
}

static wcl_status status_of_host(wcl_graphdriver_pair_fn pair, void *context, wcl_error *error)
{
    WCL_CLEANUP_FREE wcl_feature **features = NULL;
    char value[240];
    size_t count = 0;

    wcl_status status = wcl_host_features(&features, &count, error);
    for (size_t i = 0; status == WCL_OK && i < count; i++) {
        snprintf(value, sizeof(value), "%s%s%s", features[i]->available ? "" : "no",
                 features[i]->available || !features[i]->detail[0] ? "" : ": ",
                 features[i]->detail);
        status = pair(context, features[i]->name, value[0] ? value : "yes", error);
    }
    return status;
}

wcl_status wcl_graphdriver_status(wcl_graphdriver *driver, wcl_graphdriver_pair_fn pair,
                                  void *context, wcl_error *error)
{
    if (pair(context, "wcl", wcl_version(), error) != WCL_OK ||
        pair(context, "home", driver->home, error) != WCL_OK)
        return WCL_FAILED;
    return status_of_host(pair, context, error);
}

static wcl_status tell_folder(wcl_graphdriver *driver, const char *id, wcl_graphdriver_pair_fn pair,
                              void *context, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer path = WCL_BUFFER_INIT;

    if (wcl_buffer_printf(&path, error, "%s/%s", driver->home, id) != WCL_OK)
        return WCL_FAILED;
    return pair(context, "dir", wcl_buffer_text(&path), error);
}

static wcl_status tell_layer(const wcl_layer_info *info, wcl_graphdriver_pair_fn pair,
                             void *context, wcl_error *error)
{
    char size[24];

    snprintf(size, sizeof(size), "%" PRIu64, info->limit ? info->limit : info->data_size);
    if (pair(context, "kind", info->kind, error) != WCL_OK ||
        pair(context, "os", info->os, error) != WCL_OK)
        return WCL_FAILED;
    if (info->parent_count && pair(context, "parent", info->parents[0], error) != WCL_OK)
        return WCL_FAILED;
    if (info->diff_id && pair(context, "diff_id", info->diff_id, error) != WCL_OK)
        return WCL_FAILED;
    if (info->limit)
        return pair(context, "size_limit", size, error);
    return info->diff_id ? pair(context, "size", size, error) : WCL_OK;
}

wcl_status wcl_graphdriver_metadata(wcl_graphdriver *driver, const char *id,
                                    wcl_graphdriver_pair_fn pair, void *context, wcl_error *error)
{
    WCL_CLEANUP_FREE wcl_layer_info *info = NULL;
    WCL_CLEANUP_FREE char *parent = NULL;

    if (wcl_layer_id_check(id, error) != WCL_OK)
        return wcl_error_context(error, "describe", id);
    wcl_status status = wcl_pending_parent(driver, id, &parent, error);
    if (status == WCL_FAILED)
        return wcl_error_context(error, "describe", id);
    if (status == WCL_END && wcl_layer_get_info(&driver->layers, id, &info, error) != WCL_OK)
        return WCL_FAILED;
    if (tell_folder(driver, id, pair, context, error) != WCL_OK)
        return WCL_FAILED;
    return info ? tell_layer(info, pair, context, error) : WCL_OK;
}

/* ---- Mounts that were found ------------------------------------------------------------------ */

wcl_status wcl_graphdriver_cleanup(wcl_graphdriver *driver, wcl_error *error)
{
    return wcl_mounts_clean_up(&driver->mounts, error) == WCL_OK
               ? WCL_OK
               : wcl_error_context(error, "clean up", driver->home);
}

wcl_status wcl_graphdriver_adopt(wcl_graphdriver *driver, wcl_error *error)
{
    return wcl_mounts_adopt(&driver->mounts, error);
}

size_t wcl_graphdriver_release_forsaken(wcl_graphdriver *driver)
{
    return wcl_mounts_release_forsaken(&driver->mounts);
}
