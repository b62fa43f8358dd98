/*
 * A layer over a tree of files: what it deletes goes, then the layer is unpacked into a folder of
 * the tree, and each of its files moved from there to its place.
 */
#include "layer/store/mount/lay_over.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "layer/store/mount/chain.h"
#include "layer/store/read/entries.h"
#include "layer/store/mount/mount.h"
#include "layer/store/home/names.h"
#include "layer/store/mount/overlay.h"

/* Each level has two open folders. */
#define DEPTH_MAX 400

/* ---- Deletions ------------------------------------------------------------------------------- */

static wcl_status remove_name(int folder, const char *name, wcl_error *error)
{
    struct stat info;

    if (fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? WCL_OK : wcl_fail_errno(error, errno, "cannot look at '%s'", name);
    if (S_ISDIR(info.st_mode))
        return wcl_beneath_remove_tree(folder, name, error);
    return unlinkat(folder, name, 0) == 0
               ? WCL_OK
               : wcl_fail_errno(error, errno, "cannot remove '%s'", name);
}

static wcl_status empty_folder(int folder, wcl_error *error)
{
    wcl_names names = WCL_NAMES_INIT;

    wcl_status status = wcl_names_list(&names, folder, error);
    for (size_t i = 0; status == WCL_OK && i < names.count; i++)
        status = remove_name(folder, wcl_names_at(&names, i), error);
    wcl_names_free(&names);
    return status;
}

/* What a path is not reached by has nothing to be deleted. */
static wcl_status apply_deletion(int root, const wcl_entry *entry, wcl_error *error)
{
    const char *slash = strrchr(entry->path, '/');
    bool opaque = entry->kind == WCL_ENTRY_OPAQUE;
    WCL_CLEANUP_FREE char *above =
        opaque ? strdup(entry->path)
               : strndup(entry->path, slash ? (size_t)(slash - entry->path) : 0);

    if (!above)
        return wcl_fail_memory(error);
    WCL_CLEANUP_FD int folder =
        wcl_beneath_open(root, above, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW, 0);
    if (folder < 0)
        return errno == ENOENT || errno == ENOTDIR || errno == ELOOP
                   ? WCL_OK
                   : wcl_fail_errno(error, errno, "cannot open '%s'", above);
    return opaque ? empty_folder(folder, error)
                  : remove_name(folder, slash ? slash + 1 : entry->path, error);
}

static wcl_status apply_deletions(const wcl_driver *driver, const char *id, int root,
                                  wcl_error *error)
{
    wcl_layer_reader *reader = NULL;
    wcl_entry entry = WCL_ENTRY_INIT;

    wcl_status status =
        wcl_layer_reader_open(driver, id, (wcl_parents) { NULL, 0 }, &reader, error);
    while (status == WCL_OK) {
        status = wcl_layer_reader_next(reader, &entry, error);
        if (status == WCL_OK && (entry.kind == WCL_ENTRY_DELETED || entry.kind == WCL_ENTRY_OPAQUE))
            status = apply_deletion(root, &entry, error);
    }
    if (reader && wcl_layer_reader_close(reader, status == WCL_END ? error : NULL) != WCL_OK)
        return WCL_FAILED;
    return status == WCL_END ? WCL_OK : WCL_FAILED;
}

/* ---- Moving ---------------------------------------------------------------------------------- */

static wcl_status merge(int from, int to, unsigned depth, wcl_error *error);

static int lay_over_open_folder(int folder, const char *name)
{
    return openat(folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

static bool is_folder(int folder, const char *name)
{
    struct stat info;

    return fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(info.st_mode);
}

static wcl_status merge_folder(int from, int to, const char *name, unsigned depth, wcl_error *error)
{
    WCL_CLEANUP_FD int source = lay_over_open_folder(from, name);
    WCL_CLEANUP_FD int target = lay_over_open_folder(to, name);

    if (source < 0 || target < 0)
        return wcl_fail_errno(error, errno, "cannot open the folder '%s'", name);
    return merge(source, target, depth + 1, error);
}

static wcl_status move(int from, int to, const char *name, unsigned depth, wcl_error *error)
{
    if (is_folder(from, name) && is_folder(to, name))
        return merge_folder(from, to, name, depth, error);
    if (remove_name(to, name, error) != WCL_OK)
        return WCL_FAILED;
    return renameat(from, name, to, name) == 0
               ? WCL_OK
               : wcl_fail_errno(error, errno, "cannot put '%s' in place", name);
}

/* A folder's own metadata come last, since moving changes the times of both. */
static wcl_status merge(int from, int to, unsigned depth, wcl_error *error)
{
    wcl_names names = WCL_NAMES_INIT;
    struct stat info;

    if (fstat(from, &info) != 0)
        return wcl_fail_errno(error, errno, "cannot look at a folder");
    if (depth > DEPTH_MAX)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED, "folders are nested too deeply");
    wcl_status status = wcl_names_list(&names, from, error);
    for (size_t i = 0; status == WCL_OK && i < names.count; i++)
        status = move(from, to, wcl_names_at(&names, i), depth, error);
    wcl_names_free(&names);
    if (status != WCL_OK || fgetxattr(from, WCL_XATTR_IMPLICIT, NULL, 0) >= 0)
        return status;
    if (wcl_overlay_copy_root(from, to, error) != WCL_OK)
        return WCL_FAILED;
    const struct timespec times[2] = { info.st_mtim, info.st_mtim };
    return futimens(to, times) == 0 ? WCL_OK
                                    : wcl_fail_errno(error, errno, "cannot set a folder's time");
}

static wcl_status unpack_and_move(const wcl_store *store, const wcl_store_layer *layer, int root,
                                  wcl_error *error)
{
    char name[64], text[37];
    wcl_guid guid;

    if (wcl_guid_random(&guid, error) != WCL_OK)
        return WCL_FAILED;
    wcl_guid_format(&guid, text);
    snprintf(name, sizeof(name), ".wcl-%s", text);
    if (mkdirat(root, name, 0700) != 0)
        return wcl_fail_errno(error, errno, "cannot make a folder to unpack into");
    WCL_CLEANUP_FD int folder = lay_over_open_folder(root, name);
    wcl_status status = folder >= 0 ? wcl_mount_unpack_into(store, layer, folder, error)
                                    : wcl_fail_errno(error, errno, "cannot open '%s'", name);
    if (status == WCL_OK)
        status = merge(folder, root, 0, error);
    if (wcl_beneath_remove_tree(root, name, status == WCL_OK ? error : NULL) != WCL_OK)
        return WCL_FAILED;
    return status;
}

/* ---- All of it ------------------------------------------------------------------------------- */

wcl_status wcl_store_lay_over(const wcl_driver *driver, const char *id, int root, wcl_error *error)
{
    WCL_CLEANUP_STORE wcl_store store = WCL_STORE_INIT;
    WCL_CLEANUP_STORE_LAYER wcl_store_layer layer = WCL_STORE_LAYER_INIT;

    if (wcl_store_open(driver, &store, error) != WCL_OK ||
        wcl_store_layer_open(&store, id, WCL_LOCK_SHARED, &layer, error) != WCL_OK)
        return WCL_FAILED;
    if (layer.record.os == WCL_OS_WINDOWS)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "cannot apply a Windows layer to a writable one");
    if (apply_deletions(driver, id, root, error) != WCL_OK ||
        wcl_chain_ensure(&store, &layer, error) != WCL_OK)
        return WCL_FAILED;
    return unpack_and_move(&store, &layer, root, error);
}
