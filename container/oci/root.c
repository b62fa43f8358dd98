/* The root folder of a container. */
#include "container/oci/root.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <wcl/layer.h>

#include "base/beneath.h"
#include "base/error.h"
#include "platform/linux/mounts.h"

#define OWN_ROOT "rootfs"

static bool given(const char *text)
{
    return text && *text;
}

static wcl_status resolve_folder(const char *path, const char *field, char **resolved,
                                 wcl_error *error)
{
    struct stat info;

    *resolved = realpath(path, NULL);
    if (!*resolved || stat(*resolved, &info) < 0)
        return wcl_fail_errno(error, errno, "%s: cannot use the folder '%s'", field, path);
    if (!S_ISDIR(info.st_mode))
        return wcl_fail(error, WCL_CODE_DIRECTORY, "%s: '%s' is not a folder", field, path);
    return WCL_OK;
}

static wcl_status split_layer(const char *path, wcl_root *root, wcl_error *error)
{
    const char *slash = strrchr(path, '/');

    root->home = strndup(path, slash > path ? (size_t)(slash - path) : 1);
    root->layer = strdup(slash + 1);
    root->storage = strdup(path);
    return root->home && root->layer && root->storage ? WCL_OK : wcl_fail_memory(error);
}

/* A folder that is the root itself knows no layers and no size. */
static wcl_status check_plain(const wcl_container_config *config, const char *field,
                              wcl_error *error)
{
    if (config->storage_sandbox_size > 0)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "StorageSandboxSize is refused: %s names a plain folder, whose size is not "
                        "limited",
                        field);
    if (config->layer_count > 0 && !given(config->volume_path))
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "Layers is refused: %s names a plain folder, which has no parents", field);
    return WCL_OK;
}

wcl_status wcl_root_resolve(const wcl_container_config *config, wcl_root *root, wcl_error *error)
{
    char marker[PATH_MAX];
    bool volume = given(config->volume_path);
    const char *field = volume ? "VolumePath" : "LayerFolderPath";
    WCL_CLEANUP_FREE char *path = NULL;

    if (resolve_folder(volume ? config->volume_path : config->layer_folder_path, field, &path,
                       error) != WCL_OK)
        return WCL_FAILED;
    if (!volume && snprintf(marker, sizeof(marker), "%s/layer.json", path) < PATH_MAX &&
        access(marker, F_OK) == 0)
        return split_layer(path, root, error);
    if (check_plain(config, field, error) != WCL_OK)
        return WCL_FAILED;
    root->storage = volume && given(config->layer_folder_path) ? strdup(config->layer_folder_path)
                                                               : strdup(path);
    root->path = path;
    path = NULL;
    return root->storage ? WCL_OK : wcl_fail_memory(error);
}

static wcl_driver driver_of(const char *home)
{
    wcl_driver driver = WCL_DRIVER_INIT;

    driver.home_dir = home;
    driver.provider = "store";
    return driver;
}

static wcl_status prepare_active(const wcl_driver *driver, const wcl_container_config *config,
                                 wcl_root *root, wcl_error *error)
{
    WCL_CLEANUP_FREE const char **paths = calloc(config->layer_count + 1, sizeof(*paths));

    if (!paths)
        return wcl_fail_memory(error);
    for (size_t i = 0; i < config->layer_count; i++)
        paths[i] = config->layers[i].path;
    wcl_parents parents = { paths, config->layer_count };
    if (config->storage_sandbox_size > 0 &&
        wcl_layer_expand_sandbox(driver, root->layer, config->storage_sandbox_size, error) !=
            WCL_OK)
        return WCL_FAILED;
    if (wcl_layer_prepare(driver, root->layer, parents, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_layer_mount_path(driver, root->layer, &root->path, error) == WCL_OK)
        return WCL_OK;
    wcl_layer_unprepare(driver, root->layer, NULL);
    return WCL_FAILED;
}

wcl_status wcl_root_prepare(const wcl_container_config *config, wcl_root *root, wcl_error *error)
{
    if (!root->layer)
        return WCL_OK;
    wcl_driver driver = driver_of(root->home);
    if (wcl_layer_activate(&driver, root->layer, error) != WCL_OK)
        return WCL_FAILED;
    if (prepare_active(&driver, config, root, error) == WCL_OK)
        return WCL_OK;
    wcl_layer_deactivate(&driver, root->layer, NULL);
    return WCL_FAILED;
}

/* ---- The container's own mount --------------------------------------------------------------- */

static char *own_root(const char *path)
{
    char *joined;

    return asprintf(&joined, "%s/" OWN_ROOT, path) < 0 ? NULL : joined;
}

wcl_status wcl_root_attach(wcl_root *root, int folder, const char *path, wcl_error *error)
{
    WCL_CLEANUP_FREE char *own = own_root(path);
    WCL_CLEANUP_FD int mount = -1;

    if (!own)
        return wcl_fail_memory(error);
    if (mkdirat(folder, OWN_ROOT, 0700) != 0 && errno != EEXIST)
        return wcl_fail_errno(error, errno, "cannot create the folder '%s'", own);
    WCL_CLEANUP_FD int place =
        openat(folder, OWN_ROOT, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (place < 0)
        return wcl_fail_errno(error, errno, "cannot open the folder '%s'", own);
    if (wcl_kernel_mount_clone_root(root->path, root->layer != NULL, &mount, error) != WCL_OK ||
        wcl_kernel_mount_attach(mount, place, error) != WCL_OK)
        return WCL_FAILED;
    free(root->path);
    root->path = own;
    own = NULL;
    return WCL_OK;
}

wcl_status wcl_root_detach(int folder, const char *path, wcl_error *error)
{
    WCL_CLEANUP_FREE char *own = own_root(path);

    if (!own)
        return wcl_fail_memory(error);
    while (wcl_kernel_mount_is_mounted(folder, OWN_ROOT))
        if (wcl_kernel_mount_unmount(own, true, error) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}

/* ---- The layer ------------------------------------------------------------------------------- */

/* Fails as `own` says, unless that is that nothing is left to be given back: the layer is not
 * mounted any more, or was removed. */
static wcl_status unless_gone(wcl_status status, const wcl_error *own, wcl_error *error)
{
    if (status == WCL_OK || own->code == WCL_CODE_INVALID_STATE || wcl_error_is_not_exist(own))
        return WCL_OK;
    if (error)
        *error = *own;
    return WCL_FAILED;
}

wcl_status wcl_root_unprepare(const char *home, const char *layer, wcl_error *error)
{
    wcl_driver driver = driver_of(home);
    wcl_error own = WCL_ERROR_INIT;

    if (unless_gone(wcl_layer_unprepare(&driver, layer, &own), &own, error) != WCL_OK)
        return WCL_FAILED;
    return unless_gone(wcl_layer_deactivate(&driver, layer, &own), &own, error);
}

wcl_status wcl_root_remove(const char *home, const char *layer, wcl_error *error)
{
    wcl_driver driver = driver_of(home);
    wcl_error own = WCL_ERROR_INIT;

    return unless_gone(wcl_layer_destroy(&driver, layer, &own), &own, error);
}

void wcl_root_free(wcl_root *root)
{
    free(root->home);
    free(root->layer);
    free(root->path);
    free(root->storage);
}
