/* Opening the graph driver of Windows, and what can be asked about it and its layers. */
#include "graphdriver/windows/driver.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/hooks.h"
#include "base/options.h"
#include "graphdriver/storage_options.h"
#include "platform/windows/files.h"

wcl_status wcl_graphdriver_done(wcl_status status, const char *operation, const char *id,
                                wcl_error *error)
{
    return status == WCL_FAILED ? wcl_error_context(error, operation, id) : status;
}

/* ---- Opening --------------------------------------------------------------------------------- */

static wcl_status check(const wcl_graphdriver_options *options, uint64_t *size, wcl_error *error)
{
    if (!options->home || !*options->home)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "the options name no home folder");
    if (options->provider && *options->provider && strcmp(options->provider, "vmcompute") != 0)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "the graph driver of Windows mounts layers through vmcompute, not '%.60s'",
                        options->provider);
    if (options->uid_map_count || options->gid_map_count)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED, "Windows has no user ids to map");
    return wcl_storage_options_parse(options->options, options->option_count, size, error);
}

static wcl_status windows_driver_fill(wcl_graphdriver *driver,
                                      const wcl_graphdriver_options *options, wcl_error *error)
{
    driver->home = strdup(options->home);
    if (!driver->home)
        return wcl_fail_memory(error);
    driver->root = wcl_long_path(driver->home, error);
    if (!driver->root || wcl_folder_make(driver->root, true, error) != WCL_OK)
        return WCL_FAILED;
    WCL_TAKE(wcl_hooks, &driver->hooks, options->hooks, __func__, NULL);
    driver->layers = (wcl_driver) { .struct_size = sizeof(wcl_driver),
                                    .flavour = WCL_FLAVOUR_FILTER,
                                    .home_dir = driver->home,
                                    .provider = "vmcompute",
                                    .hooks = &driver->hooks };
    driver->driver = (wcl_vm_driver) { WCL_FLAVOUR_FILTER, driver->home };
    return WCL_OK;
}

static wcl_status open_driver(const wcl_graphdriver_options *options, wcl_graphdriver **driver,
                              wcl_error *error)
{
    uint64_t size = 0;

    if (check(options, &size, error) != WCL_OK)
        return WCL_FAILED;
    wcl_graphdriver *made = calloc(1, sizeof(*made));
    if (!made)
        return wcl_fail_memory(error);
    made->size = size;
    wcl_mounts_init(&made->mounts, &made->layers);
    if (windows_driver_fill(made, options, error) == WCL_OK) {
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
    if (WCL_TAKE(wcl_graphdriver_options, &own, options, __func__, error) != WCL_OK ||
        wcl_hooks_check(own.hooks, __func__, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_graphdriver_done(open_driver(&own, driver, error), "open graph driver", own.home,
                                error);
}

void wcl_graphdriver_free(wcl_graphdriver *driver)
{
    if (!driver)
        return;
    wcl_mounts_destroy(&driver->mounts);
    free(driver->root);
    free(driver->home);
    free(driver);
}

/* ---- Asking ---------------------------------------------------------------------------------- */

const char *wcl_graphdriver_home(const wcl_graphdriver *driver)
{
    return driver->home;
}

/* Windows writes a layer's files anew. */
bool wcl_graphdriver_reproduces_exact_diffs(const wcl_graphdriver *driver)
{
    (void)driver;
    return false;
}

wcl_status wcl_graphdriver_exists(wcl_graphdriver *driver, const char *id, bool *exists,
                                  wcl_error *error)
{
    return wcl_layer_exists(&driver->layers, id, exists, error);
}

wcl_status wcl_graphdriver_status(wcl_graphdriver *driver, wcl_graphdriver_pair_fn pair,
                                  void *context, wcl_error *error)
{
    (void)driver;
    return pair(context, "Windows", "", error);
}

wcl_status wcl_graphdriver_metadata(wcl_graphdriver *driver, const char *id,
                                    wcl_graphdriver_pair_fn pair, void *context, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer path = WCL_BUFFER_INIT;

    if (wcl_layer_id_check(id, error) != WCL_OK ||
        wcl_buffer_printf(&path, error, "%s\\%s", driver->home, id) != WCL_OK)
        return wcl_error_context(error, "describe", id);
    return pair(context, "dir", wcl_buffer_text(&path), error);
}
