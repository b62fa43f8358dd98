/* Opening the snapshotter. */
#include "snapshotter/driver.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/durable.h"
#include "base/error.h"
#include "base/options.h"
#include "layer/internal.h"
#include "snapshotter/mounts.h"

static wcl_status make_nothing(const wcl_snapshotter *snapshotter, wcl_error *error)
{
    bool found;

    if (wcl_layer_exists(&snapshotter->layers, WCL_SNAPSHOT_NOTHING, &found, error) != WCL_OK)
        return WCL_FAILED;
    return found ? WCL_OK
                 : wcl_layer_create(&snapshotter->layers, WCL_SNAPSHOT_NOTHING, NULL, error);
}

static wcl_status snapshotter_fill(wcl_snapshotter *snapshotter, const char *home,
                                   const wcl_hooks *hooks, wcl_error *error)
{
    WCL_CLEANUP_STORE wcl_store store = WCL_STORE_INIT;

    if (wcl_durable_make_folders(AT_FDCWD, home, 0711, 0700, error) != WCL_OK)
        return WCL_FAILED;
    snapshotter->home = realpath(home, NULL);
    if (!snapshotter->home)
        return wcl_fail_errno(error, errno, "cannot open the home '%s'", home);
    WCL_TAKE(wcl_hooks, &snapshotter->hooks, hooks, __func__, NULL);
    snapshotter->hooks.progress = NULL;
    snapshotter->layers = (wcl_driver) { .struct_size = sizeof(wcl_driver),
                                         .flavour = WCL_FLAVOUR_FILTER,
                                         .home_dir = snapshotter->home,
                                         .provider = "store",
                                         .hooks = &snapshotter->hooks };
    if (wcl_store_make(&snapshotter->layers, &store, error) != WCL_OK ||
        make_nothing(snapshotter, error) != WCL_OK)
        return WCL_FAILED;
    snapshotter->has_table = true;
    if (wcl_snapshot_table_open(&snapshotter->table, snapshotter->home, hooks, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_ahead_start(&snapshotter->ahead, error) != WCL_OK)
        return WCL_FAILED;
    snapshotter->works_behind = wcl_behind_start(error) == WCL_OK;
    return snapshotter->works_behind ? wcl_snapshotter_cleanup(snapshotter, hooks, error)
                                     : WCL_FAILED;
}

wcl_status wcl_snapshotter_open(const char *home, const wcl_hooks *hooks,
                                wcl_snapshotter **snapshotter, wcl_error *error)
{
    wcl_snapshotter *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    pthread_mutex_init(&made->views, NULL);
    wcl_mounts_init(&made->mounts, &made->layers);
    wcl_ahead_init(&made->ahead, &made->layers);
    if (snapshotter_fill(made, home, hooks, error) == WCL_OK) {
        *snapshotter = made;
        return WCL_OK;
    }
    wcl_snapshotter_free(made);
    return WCL_FAILED;
}

void wcl_snapshotter_free(wcl_snapshotter *snapshotter)
{
    if (!snapshotter)
        return;
    wcl_ahead_destroy(&snapshotter->ahead);
    if (snapshotter->works_behind)
        wcl_behind_stop();
    if (snapshotter->has_table)
        wcl_snapshot_table_close(&snapshotter->table);
    wcl_mounts_destroy(&snapshotter->mounts);
    pthread_mutex_destroy(&snapshotter->views);
    free(snapshotter->home);
    free(snapshotter);
}
