/* What is mounted of a layer, how chains can be mounted here, and undoing what was left half done.
 */
#include "layer/store/mount/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "layer/store/home/behind.h"
#include "platform/linux/mounts.h"

/* ---- Pieces --------------------------------------------------------------------------------- */

bool wcl_mount_is_mounted(const wcl_store *store, const char *id)
{
    char path[192];

    snprintf(path, sizeof(path), "%s/merged", id);
    return wcl_kernel_mount_is_mounted(store->home_fd, path);
}

wcl_status wcl_mount_make_folder(int layer_fd, const char *name, unsigned mode, wcl_error *error)
{
    if (mkdirat(layer_fd, name, mode) == 0 || errno == EEXIST)
        return WCL_OK;
    return wcl_fail_errno(error, errno, "cannot create the layer's folder '%s'", name);
}

wcl_status wcl_mount_attach(int layer_fd, const char *name, int mount, wcl_error *error)
{
    WCL_CLEANUP_FD int folder =
        openat(layer_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

    if (folder < 0)
        return wcl_fail_errno(error, errno, "cannot open the layer's folder '%s'", name);
    return wcl_kernel_mount_attach(mount, folder, error);
}

wcl_status wcl_mount_undo(const wcl_store *store, const char *id, const char *name, bool lazily,
                          wcl_error *error)
{
    WCL_CLEANUP_FREE char *path = wcl_store_path(store, id, name);

    if (!path)
        return wcl_fail_memory(error);
    while (wcl_kernel_mount_is_mounted(AT_FDCWD, path))
        if (wcl_kernel_mount_unmount(path, lazily, error) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}

wcl_status wcl_mount_undo_behind(const wcl_store *store, const char *id, wcl_error *error)
{
    WCL_CLEANUP_FREE char *path = wcl_store_path(store, id, "merged");

    if (!path)
        return wcl_fail_memory(error);
    while (wcl_kernel_mount_is_mounted(AT_FDCWD, path)) {
        int held = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        wcl_status status = wcl_kernel_mount_detach(path, error);
        if (held >= 0)
            wcl_behind_close(id, held);
        if (status != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

/* ---- Ways ----------------------------------------------------------------------------------- */

static const char *const way_names[] = { "", "files", "loop", "unpack" };

const char *wcl_chain_backing_name(wcl_chain_backing way)
{
    return way_names[way];
}

wcl_status wcl_mount_forced(wcl_chain_backing *way, wcl_error *error)
{
    const char *name = getenv("WCL_MOUNT");

    *way = 0;
    if (!name || !*name)
        return WCL_OK;
    for (int i = WCL_MOUNT_FILES; i <= WCL_MOUNT_UNPACK; i++)
        if (strcmp(name, way_names[i]) == 0)
            *way = (wcl_chain_backing)i;
    if (*way)
        return WCL_OK;
    return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                    "WCL_MOUNT is '%.40s'; files, loop and unpack are known", name);
}
