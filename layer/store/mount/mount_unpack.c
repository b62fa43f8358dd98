/* Unpacking a chain into a folder, for kernels that cannot mount its index. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "erofs/image.h"
#include "layer/store/sandbox/inode_paths.h"
#include "layer/store/mount/mount.h"

#define UNFINISHED "unpacked.new"
#define COPY_SIZE (256 * 1024)
#define DEPTH_MAX 1100

typedef struct unpacker {
    const wcl_store *store;
    const wcl_erofs_image *image;
    int *tars; /* the first is device 1 */
    size_t tar_count;
    int root;
    wcl_inode_paths links; /* files with several names that were met already */
    wcl_buffer path;       /* of the entry at hand, from the root */
    uint8_t *bytes;        /* COPY_SIZE */
    bool xattrs_lost;
} unpacker;

/* ---- One file ------------------------------------------------------------------------------- */

static wcl_status copy_extent(unpacker *unpacker, const wcl_extent *extent, int to,
                              wcl_error *error)
{
    uint64_t done = 0;

    if (extent->device == WCL_DEVICE_HOLE)
        return WCL_OK;
    if (extent->device == WCL_DEVICE_IMAGE)
        return wcl_pwrite_full(to, wcl_erofs_bytes(unpacker->image, extent), (size_t)extent->length,
                               extent->offset, error);
    if (extent->device > unpacker->tar_count)
        return wcl_fail(error, WCL_CODE_CORRUPT, "the chain's index names a layer %u of %zu",
                        extent->device, unpacker->tar_count);
    while (done < extent->length) {
        size_t want =
            extent->length - done < COPY_SIZE ? (size_t)(extent->length - done) : COPY_SIZE;
        size_t got;
        if (wcl_pread_full(unpacker->tars[extent->device - 1], unpacker->bytes, want,
                           extent->address + done, &got, error) != WCL_OK)
            return WCL_FAILED;
        if (got < want)
            return wcl_fail(error, WCL_CODE_TRUNCATED, "a parent's tar ends too early");
        if (wcl_pwrite_full(to, unpacker->bytes, got, extent->offset + done, error) != WCL_OK)
            return WCL_FAILED;
        done += got;
    }
    return WCL_OK;
}

static wcl_status make_file(unpacker *unpacker, wcl_nid nid, const wcl_erofs_inode *inode,
                            int folder, const char *name, wcl_error *error)
{
    wcl_erofs_extents extents;
    wcl_extent extent;
    wcl_status status;
    WCL_CLEANUP_FD int fd =
        openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0 || ftruncate(fd, (off_t)inode->size) != 0)
        return wcl_fail_errno(error, errno, "cannot create the file");
    if (wcl_erofs_extents_open(unpacker->image, nid, &extents, error) != WCL_OK)
        return WCL_FAILED;
    while ((status = wcl_erofs_extents_next(&extents, &extent, error)) == WCL_OK)
        if (copy_extent(unpacker, &extent, fd, error) != WCL_OK)
            return WCL_FAILED;
    return status == WCL_END ? WCL_OK : WCL_FAILED;
}

static wcl_status make_link(unpacker *unpacker, wcl_nid nid, int folder, const char *name,
                            wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer target = WCL_BUFFER_INIT;

    if (wcl_erofs_read_link(unpacker->image, nid, &target, error) != WCL_OK)
        return WCL_FAILED;
    if (symlinkat(wcl_buffer_text(&target), folder, name) != 0)
        return wcl_fail_errno(error, errno, "cannot create the symbolic link");
    return WCL_OK;
}

static wcl_status make_object(unpacker *unpacker, wcl_nid nid, const wcl_erofs_inode *inode,
                              int folder, const char *name, wcl_error *error)
{
    if (S_ISREG(inode->mode))
        return make_file(unpacker, nid, inode, folder, name, error);
    if (S_ISLNK(inode->mode))
        return make_link(unpacker, nid, folder, name, error);
    if (S_ISDIR(inode->mode)) {
        if (mkdirat(folder, name, 0700) != 0)
            return wcl_fail_errno(error, errno, "cannot create the folder");
        return WCL_OK;
    }
    if (mknodat(folder, name, (inode->mode & S_IFMT) | 0600,
                makedev(inode->device_major, inode->device_minor)) != 0)
        return wcl_fail_errno(error, errno, "cannot create the device, FIFO or socket");
    return WCL_OK;
}

/*
 * Extended attributes by a path in /proc, since links have no descriptor that could take them. A
 * file system may have no room for a large descriptor; readers find it in the index then.
 */
static wcl_status set_xattrs(unpacker *unpacker, wcl_nid nid, int folder, const char *name,
                             wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer path = WCL_BUFFER_INIT;
    wcl_erofs_xattrs xattrs;
    wcl_erofs_xattr xattr;
    wcl_status status;

    if (wcl_buffer_printf(&path, error, "/proc/self/fd/%d/%s", folder, name) != WCL_OK ||
        wcl_erofs_xattrs_open(unpacker->image, nid, &xattrs, error) != WCL_OK)
        return WCL_FAILED;
    while ((status = wcl_erofs_xattrs_next(&xattrs, &xattr, error)) == WCL_OK) {
        if (lsetxattr(wcl_buffer_text(&path), xattr.name, xattr.value, xattr.size, 0) == 0)
            continue;
        if (strncmp(xattr.name, "trusted.wcl.", 12) != 0 || (errno != ENOSPC && errno != E2BIG))
            return wcl_fail_errno(error, errno, "cannot set the attribute '%s'", xattr.name);
        unpacker->xattrs_lost = true;
    }
    return status == WCL_END ? WCL_OK : WCL_FAILED;
}

static wcl_status set_metadata(unpacker *unpacker, wcl_nid nid, const wcl_erofs_inode *inode,
                               int folder, const char *name, wcl_error *error)
{
    const struct timespec times[2] = { inode->modified, inode->modified };

    if (fchownat(folder, name, inode->uid, inode->gid, AT_SYMLINK_NOFOLLOW) != 0)
        return wcl_fail_errno(error, errno, "cannot set the owner");
    if (!S_ISLNK(inode->mode) && fchmodat(folder, name, inode->mode & 07777, 0) != 0)
        return wcl_fail_errno(error, errno, "cannot set the mode");
    if (set_xattrs(unpacker, nid, folder, name, error) != WCL_OK)
        return WCL_FAILED;
    if (utimensat(folder, name, times, AT_SYMLINK_NOFOLLOW) != 0)
        return wcl_fail_errno(error, errno, "cannot set the time");
    return WCL_OK;
}

/* ---- Folders -------------------------------------------------------------------------------- */

/* A folder on the way down. */
typedef struct level {
    wcl_erofs_folder folder;
    wcl_erofs_inode inode;
    wcl_nid nid;
    int fd;
    size_t path_size; /* of the path that leads here */
} level;

/* Unpacks one entry into a folder; of a folder only that it exists. */
static wcl_status unpack_entry(unpacker *unpacker, const level *level, const wcl_erofs_entry *entry,
                               wcl_erofs_inode *inode, char name[256], wcl_error *error)
{
    memcpy(name, entry->name, entry->length);
    name[entry->length] = '\0';
    unpacker->path.size = level->path_size;
    if (wcl_buffer_printf(&unpacker->path, error, "%s%s", level->path_size ? "/" : "", name) !=
            WCL_OK ||
        wcl_erofs_node_inode(unpacker->image, entry->nid, inode, error) != WCL_OK)
        return WCL_FAILED;
    bool shared = !S_ISDIR(inode->mode) && inode->links > 1;
    const char *first = shared ? wcl_inode_paths_find(&unpacker->links, entry->nid) : NULL;
    if (first) {
        if (linkat(unpacker->root, first, level->fd, name, 0) != 0)
            return wcl_fail_errno(error, errno, "cannot create the link");
        return WCL_OK;
    }
    if (make_object(unpacker, entry->nid, inode, level->fd, name, error) != WCL_OK)
        return WCL_FAILED;
    if (S_ISDIR(inode->mode))
        return WCL_OK;
    if (set_metadata(unpacker, entry->nid, inode, level->fd, name, error) != WCL_OK)
        return WCL_FAILED;
    if (!shared)
        return WCL_OK;
    return wcl_inode_paths_add(&unpacker->links, entry->nid, wcl_buffer_text(&unpacker->path),
                               error);
}

static wcl_status enter(unpacker *unpacker, level *level, int parent, const char *name, wcl_nid nid,
                        wcl_error *error)
{
    level->fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (level->fd < 0)
        return wcl_fail_errno(error, errno, "cannot open the folder");
    level->nid = nid;
    level->path_size = unpacker->path.size;
    return wcl_erofs_folder_open(unpacker->image, nid, &level->folder, error);
}

/* The metadata of a folder that is complete. */
static wcl_status leave(unpacker *unpacker, level *level, wcl_error *error)
{
    wcl_status status = set_metadata(unpacker, level->nid, &level->inode, level->fd, ".", error);

    close(level->fd);
    level->fd = -1;
    return status;
}

static wcl_status unpack_all(unpacker *unpacker, level *levels, wcl_error *error)
{
    size_t depth = 1;

    while (depth > 0) {
        level *level = &levels[depth - 1];
        wcl_erofs_entry entry;
        wcl_erofs_inode inode;
        char name[256];
        wcl_status status = wcl_erofs_folder_next(&level->folder, &entry, error);
        if (status == WCL_END) {
            status = leave(unpacker, level, error);
            depth--;
        } else if (status == WCL_OK) {
            status = unpack_entry(unpacker, level, &entry, &inode, name, error);
            if (status == WCL_OK && S_ISDIR(inode.mode) && depth == DEPTH_MAX)
                status = wcl_fail(error, WCL_CODE_CORRUPT, "folders are nested too deeply");
            else if (status == WCL_OK && S_ISDIR(inode.mode)) {
                levels[depth].inode = inode;
                status = enter(unpacker, &levels[depth], level->fd, name, entry.nid, error);
                depth++;
            }
        }
        if (status != WCL_OK)
            return wcl_error_context(error, NULL, wcl_buffer_text(&unpacker->path));
    }
    return WCL_OK;
}

/* ---- All of it ------------------------------------------------------------------------------ */

static wcl_status open_tars(unpacker *unpacker, const wcl_layer_record *record, wcl_error *error)
{
    unpacker->tars = calloc(record->parent_count + 1, sizeof(*unpacker->tars));
    if (!unpacker->tars)
        return wcl_fail_memory(error);
    for (size_t i = 0; i <= record->parent_count; i++) {
        const char *id = i == 0 ? record->id : record->parents[i - 1];
        WCL_CLEANUP_FREE char *path = wcl_store_path(unpacker->store, id, "layer.tar");
        int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
        if (fd < 0)
            return wcl_fail_errno(error, errno, "cannot open the tar of '%s'", id);
        unpacker->tars[unpacker->tar_count++] = fd;
    }
    return WCL_OK;
}

static void free_unpacker(unpacker *unpacker)
{
    for (size_t i = 0; i < unpacker->tar_count; i++)
        close(unpacker->tars[i]);
    free(unpacker->tars);
    wcl_inode_paths_free(&unpacker->links);
    free(unpacker->bytes);
    wcl_buffer_free(&unpacker->path);
    if (unpacker->root >= 0)
        close(unpacker->root);
}

static wcl_status unpack_into(unpacker *unpacker, int folder, wcl_error *error)
{
    level *levels = calloc(DEPTH_MAX, sizeof(*levels));
    wcl_nid root = wcl_erofs_root(unpacker->image);

    unpacker->bytes = malloc(COPY_SIZE);
    if (!levels || !unpacker->bytes) {
        free(levels);
        return wcl_fail_memory(error);
    }
    for (size_t i = 0; i < DEPTH_MAX; i++)
        levels[i].fd = -1;
    unpacker->root = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    wcl_status status = wcl_erofs_node_inode(unpacker->image, root, &levels[0].inode, error);
    if (status == WCL_OK)
        status = enter(unpacker, &levels[0], folder, ".", root, error);
    if (status == WCL_OK)
        status = unpack_all(unpacker, levels, error);
    for (size_t i = 0; i < DEPTH_MAX && levels[i].fd >= 0; i++)
        close(levels[i].fd);
    free(levels);
    return status;
}

wcl_status wcl_mount_unpack_into(const wcl_store *store, const wcl_store_layer *layer, int folder,
                                 wcl_error *error)
{
    unpacker unpacker = { .store = store, .root = -1, .path = WCL_BUFFER_INIT };
    wcl_erofs_image *image = NULL;
    WCL_CLEANUP_FREE char *path = wcl_store_path(store, layer->record.id, "chain.erofs");

    if (!path)
        return wcl_fail_memory(error);
    wcl_status status = wcl_erofs_image_open_file(path, &image, error);
    unpacker.image = image;
    if (status == WCL_OK)
        status = open_tars(&unpacker, &layer->record, error);
    if (status == WCL_OK)
        status = unpack_into(&unpacker, folder, error);
    if (unpacker.xattrs_lost)
        wcl_store_log(store, WCL_LOG_WARNING,
                      "this file system has no room for some metadata of '%s'", layer->record.id);
    free_unpacker(&unpacker);
    wcl_erofs_image_free(image);
    return status;
}

static wcl_status unpack_chain(const wcl_store *store, const wcl_store_layer *layer,
                               wcl_error *error)
{
    WCL_CLEANUP_FD int folder =
        openat(layer->fd, UNFINISHED, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

    if (folder < 0)
        return wcl_fail_errno(error, errno, "cannot open the folder to unpack the chain into");
    if (wcl_mount_unpack_into(store, layer, folder, error) != WCL_OK)
        return WCL_FAILED;
    return syncfs(folder) == 0 ? WCL_OK
                               : wcl_fail_errno(error, errno, "cannot write the unpacked chain");
}

void wcl_mount_discard_unpack(int layer_fd)
{
    if (faccessat(layer_fd, UNFINISHED, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        wcl_beneath_remove_tree(layer_fd, UNFINISHED, NULL);
}

wcl_status wcl_mount_unpack(const wcl_store *store, const wcl_store_layer *layer, wcl_error *error)
{
    if (faccessat(layer->fd, "unpacked", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return WCL_OK;
    wcl_mount_discard_unpack(layer->fd);
    if (wcl_mount_make_folder(layer->fd, UNFINISHED, 0700, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = unpack_chain(store, layer, error);
    if (status == WCL_OK && renameat(layer->fd, UNFINISHED, layer->fd, "unpacked") != 0)
        status = wcl_fail_errno(error, errno, "cannot put the unpacked chain in place");
    if (status != WCL_OK)
        wcl_mount_discard_unpack(layer->fd);
    return status;
}
