/* Who uses the shared mount of a chain: markers, and what they are worth. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "base/listing.h"
#include "layer/store/mount/mount.h"
#include "layer/store/mount/storage.h"
#include "platform/linux/mounts.h"

/* The folder of markers, locked: whoever holds it decides about the mount. */
static wcl_status lock_users(int layer_fd, int *users, wcl_error *error)
{
    *users = openat(layer_fd, "users", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (*users < 0)
        return wcl_fail_errno(error, errno, "cannot open the folder of the mount's users");
    while (flock(*users, LOCK_EX) != 0)
        if (errno != EINTR)
            return wcl_fail_errno(error, errno, "cannot lock the folder of the mount's users");
    return WCL_OK;
}

/* A marker counts while its owner is mounted, or is being worked on (then its note is there). The
 * layer's own counts as long as the mount is there. */
static bool is_marker_valid(const wcl_store *store, const char *id, const char *user)
{
    char note[192];
    struct stat info;

    if (strcmp(id, user) == 0 || wcl_mount_is_mounted(store, user))
        return true;
    snprintf(note, sizeof(note), "work-%s", user);
    return fstatat(store->staging_fd, note, &info, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Removes markers that are void, or all; `left` is set where one stays. */
static wcl_status sweep_markers(const wcl_store *store, const char *id, int users, bool all,
                                bool *left, wcl_error *error)
{
    WCL_CLEANUP_LISTING DIR *folder = NULL;
    wcl_status status = wcl_listing_open(users, ".", &folder, error);
    const struct dirent *item;

    *left = false;
    while (status == WCL_OK && (status = wcl_listing_next(folder, &item, error)) == WCL_OK) {
        if (item->d_name[0] == '.')
            continue;
        if (!all && is_marker_valid(store, id, item->d_name))
            *left = true;
        else
            unlinkat(users, item->d_name, 0);
    }
    return status == WCL_FAILED ? wcl_error_context(error, NULL, "the mount's users") : WCL_OK;
}

static wcl_status add_marker(int users, const char *user, wcl_error *error)
{
    WCL_CLEANUP_FD int fd = openat(users, user, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return wcl_fail_errno(error, errno, "cannot mark the mount as used");
    return WCL_OK;
}

/* What the users of a layer share. */
static const char *shared_folder(const wcl_store_layer *layer)
{
    return layer->record.kind == WCL_LAYER_SANDBOX ? "storage" : "merged";
}

static wcl_status mount_shared(const wcl_store *store, const wcl_store_layer *layer,
                               wcl_error *error)
{
    if (layer->record.kind == WCL_LAYER_SANDBOX)
        return wcl_storage_attach(layer, error);
    return wcl_mount_chain(store, layer, error);
}

wcl_status wcl_mount_acquire(const wcl_store *store, const wcl_store_layer *layer, const char *user,
                             wcl_error *error)
{
    WCL_CLEANUP_FD int users = -1;
    const char *folder = shared_folder(layer);
    bool left;

    if (wcl_mount_make_folder(layer->fd, "users", 0700, error) != WCL_OK ||
        lock_users(layer->fd, &users, error) != WCL_OK)
        return WCL_FAILED;
    bool mounted = wcl_kernel_mount_is_mounted(layer->fd, folder);
    if (!mounted && sweep_markers(store, layer->record.id, users, true, &left, error) != WCL_OK)
        return WCL_FAILED;
    if (add_marker(users, user, error) != WCL_OK)
        return WCL_FAILED;
    if (mounted || mount_shared(store, layer, error) == WCL_OK)
        return WCL_OK;
    wcl_mount_undo(store, layer->record.id, folder, true, NULL);
    unlinkat(users, user, 0);
    return WCL_FAILED;
}

wcl_status wcl_mount_release(const wcl_store *store, const wcl_store_layer *layer, const char *user,
                             bool lazily, wcl_error *error)
{
    WCL_CLEANUP_FD int users = -1;
    wcl_error why = WCL_ERROR_INIT;
    const char *id = layer->record.id;
    bool left;

    if (faccessat(layer->fd, "users", F_OK, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT
                   ? WCL_OK
                   : wcl_fail_errno(error, errno, "cannot look for the users of '%s'", id);
    if (lock_users(layer->fd, &users, error) != WCL_OK)
        return WCL_FAILED;
    if (user)
        unlinkat(users, user, 0);
    if (lazily)
        wcl_mount_discard_unpack(layer->fd);
    if (sweep_markers(store, id, users, false, &left, error) != WCL_OK)
        return WCL_FAILED;
    if (left)
        return WCL_OK;
    if (wcl_mount_undo(store, id, shared_folder(layer), lazily, &why) == WCL_OK) {
        if (layer->record.kind == WCL_LAYER_SANDBOX && !lazily)
            wcl_storage_wait_detached(layer);
        return WCL_OK;
    }
    if (user && strcmp(id, user) == 0) {
        add_marker(users, user, NULL);
        return wcl_error_pass(error, &why);
    }
    if (why.code != WCL_CODE_BUSY)
        return wcl_fail(error, why.code, "the layer '%s' stays mounted: %s", id, why.message);
    wcl_store_log(store, WCL_LOG_WARNING, "'%s' stays mounted: %s", id, why.message);
    return WCL_OK;
}

bool wcl_mount_has_user(const wcl_store *store, const char *id, const char *user)
{
    char path[300];
    struct stat info;

    snprintf(path, sizeof(path), "%s/users/%s", id, user);
    return wcl_mount_is_mounted(store, id) &&
           fstatat(store->home_fd, path, &info, AT_SYMLINK_NOFOLLOW) == 0;
}
