/* Mounting the chain of a read-only layer: on the files themselves, on loop devices, or unpacked.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "base/listing.h"
#include "layer/store/mount/mount.h"
#include "platform/linux/loop.h"
#include "platform/linux/mounts.h"

#define WINDOWS_ROOT "Files"

/* The image and its devices, as the kernel is told of them. */
typedef struct chain_parts {
    int *fds;    /* of files or loop devices; -1 for a file that its path names */
    char *names; /* WCL_KERNEL_MOUNT_NAME_SIZE bytes each */
    size_t count;
} chain_parts;

static void free_parts(chain_parts *parts)
{
    for (size_t i = 0; i < parts->count; i++)
        if (parts->fds[i] >= 0)
            close(parts->fds[i]);
    free(parts->fds);
    free(parts->names);
}

static char *part_name(const chain_parts *parts, size_t index)
{
    return parts->names + index * WCL_KERNEL_MOUNT_NAME_SIZE;
}

/* ---- Parts ---------------------------------------------------------------------------------- */

/* With hundreds of layers it counts that a file need not be opened here and by the kernel too. */
static wcl_status add_file(const wcl_store *store, const char *id, const char *file, bool open_it,
                           chain_parts *parts, wcl_error *error)
{
    WCL_CLEANUP_FREE char *path = wcl_store_path(store, id, file);
    int fd = -1;

    if (!path)
        return wcl_fail_memory(error);
    if (open_it || !wcl_kernel_mount_can_name(path)) {
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
            return wcl_fail_errno(error, errno, "cannot open '%s'", path);
    }
    wcl_kernel_mount_name(fd, path, part_name(parts, parts->count));
    parts->fds[parts->count++] = fd;
    return WCL_OK;
}

static wcl_status mount_chain_open_parts(const wcl_store *store, const wcl_layer_record *record,
                                         bool open_them, chain_parts *parts, wcl_error *error)
{
    size_t most = record->parent_count + 2;

    parts->fds = calloc(most, sizeof(*parts->fds));
    parts->names = calloc(most, WCL_KERNEL_MOUNT_NAME_SIZE);
    if (!parts->fds || !parts->names)
        return wcl_fail_memory(error);
    if (add_file(store, record->id, "chain.erofs", open_them, parts, error) != WCL_OK ||
        add_file(store, record->id, "layer.tar", open_them, parts, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i < record->parent_count; i++)
        if (add_file(store, record->parents[i], "layer.tar", open_them, parts, error) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}

/* Puts a loop device in the place of each file. */
static wcl_status loop_parts(chain_parts *parts, wcl_error *error)
{
    const wcl_loop_options options = { .read_only = true, .block_size = 512 };

    for (size_t i = 0; i < parts->count; i++) {
        int device;
        char path[WCL_LOOP_PATH_SIZE];
        if (wcl_loop_attach(parts->fds[i], &options, &device, path, error) != WCL_OK)
            return WCL_FAILED;
        close(parts->fds[i]);
        parts->fds[i] = device;
        wcl_kernel_mount_name(device, path, part_name(parts, i));
    }
    return WCL_OK;
}

/* ---- EROFS ---------------------------------------------------------------------------------- */

static wcl_status create_erofs(const chain_parts *parts, int *mount, int *number, wcl_error *error)
{
    WCL_CLEANUP_FREE wcl_kernel_mount_option *options = calloc(parts->count + 1, sizeof(*options));

    if (!options)
        return wcl_fail_memory(error);
    options[0] = (wcl_kernel_mount_option) { "source", part_name(parts, 0) };
    for (size_t i = 1; i < parts->count; i++)
        options[i] = (wcl_kernel_mount_option) { "device", part_name(parts, i) };
    return wcl_kernel_mount_create("erofs", options, parts->count, WCL_KERNEL_MOUNT_READ_ONLY,
                                   mount, number, error);
}

/* Whether another way may work where this error came up: not where the image is bad. */
static bool is_backing_at_fault(int number)
{
    return number == ENOTBLK || number == ENODEV || number == ENOSYS || number == EINVAL ||
           number == EOPNOTSUPP;
}

static wcl_status mount_erofs(const wcl_store *store, const wcl_store_layer *layer,
                              wcl_chain_backing way, int *mount, bool *try_next, wcl_error *error)
{
    chain_parts parts = { NULL, NULL, 0 };
    int number = 0;

    wcl_status status =
        mount_chain_open_parts(store, &layer->record, way == WCL_MOUNT_LOOP, &parts, error);
    *try_next = false;
    if (status == WCL_OK && way == WCL_MOUNT_LOOP) {
        status = loop_parts(&parts, error);
        *try_next = status != WCL_OK;
    }
    if (status == WCL_OK) {
        status = create_erofs(&parts, mount, &number, error);
        *try_next = status != WCL_OK && is_backing_at_fault(number);
    }
    free_parts(&parts);
    if (number != ENOENT)
        return status;
    /* Opening the files tells which one is missing. */
    chain_parts again = { NULL, NULL, 0 };
    status = mount_chain_open_parts(store, &layer->record, true, &again, error);
    free_parts(&again);
    return status == WCL_OK ? wcl_fail(error, WCL_CODE_FILE_NOT_FOUND,
                                       "the kernel does not find the layers' files")
                            : WCL_FAILED;
}

/* ---- The visible part ------------------------------------------------------------------------ */

/* The name of the root that holds a Windows layer's volume, in whatever case. */
static wcl_status find_windows_root(int root, char name[NAME_MAX + 1], wcl_error *error)
{
    WCL_CLEANUP_LISTING DIR *folder = NULL;
    wcl_status status = wcl_listing_open(root, ".", &folder, error);
    const struct dirent *item;

    while (status == WCL_OK && (status = wcl_listing_next(folder, &item, error)) == WCL_OK)
        if (strcasecmp(item->d_name, WINDOWS_ROOT) == 0) {
            snprintf(name, NAME_MAX + 1, "%s", item->d_name);
            return WCL_OK;
        }
    return status == WCL_FAILED
               ? wcl_error_context(error, NULL, "the chain's root")
               : wcl_fail(error, WCL_CODE_PATH_NOT_FOUND,
                          "the layer has no folder '" WINDOWS_ROOT "' that could be mounted");
}

/* The mount of the folder that a Windows layer's volume is, in place of the one at `folder`. */
static wcl_status narrow(int folder, int *mount, wcl_error *error)
{
    char name[NAME_MAX + 1];

    if (find_windows_root(folder, name, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_kernel_mount_clone(folder, name, mount, error);
}

/* Kernels before 6.15 clone only what is attached: the whole is, for the moment. */
static wcl_status narrow_attached(const wcl_store *store, const wcl_store_layer *layer, int *mount,
                                  int *narrowed, wcl_error *error)
{
    if (wcl_mount_attach(layer->fd, "merged", *mount, error) != WCL_OK ||
        narrow(*mount, narrowed, error) != WCL_OK)
        return WCL_FAILED;
    /* An open descriptor would keep the mount busy. */
    close(*mount);
    *mount = -1;
    return wcl_mount_undo(store, layer->record.id, "merged", false, error);
}

/* Attaches the EROFS at merged; of a Windows layer the volume alone. */
static wcl_status attach_erofs(const wcl_store *store, const wcl_store_layer *layer, int *mount,
                               wcl_error *error)
{
    WCL_CLEANUP_FD int narrowed = -1;

    if (layer->record.os != WCL_OS_WINDOWS)
        return wcl_mount_attach(layer->fd, "merged", *mount, error);
    if (narrow(*mount, &narrowed, NULL) != WCL_OK &&
        narrow_attached(store, layer, mount, &narrowed, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_mount_attach(layer->fd, "merged", narrowed, error);
}

static wcl_status attach_unpacked(const wcl_store *store, const wcl_store_layer *layer,
                                  wcl_error *error)
{
    WCL_CLEANUP_FD int mount = -1;

    if (wcl_mount_unpack(store, layer, error) != WCL_OK)
        return WCL_FAILED;
    WCL_CLEANUP_FD int folder =
        openat(layer->fd, "unpacked", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (folder < 0)
        return wcl_fail_errno(error, errno, "cannot open the unpacked chain");
    wcl_status status = layer->record.os == WCL_OS_WINDOWS
                            ? narrow(folder, &mount, error)
                            : wcl_kernel_mount_clone(folder, "", &mount, error);
    if (status != WCL_OK ||
        wcl_kernel_mount_restrict(mount, WCL_KERNEL_MOUNT_READ_ONLY, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_mount_attach(layer->fd, "merged", mount, error);
}

/* ---- The ways in turn ------------------------------------------------------------------------ */

wcl_status wcl_mount_chain(const wcl_store *store, const wcl_store_layer *layer, wcl_error *error)
{
    wcl_chain_backing way, last;
    wcl_error why = WCL_ERROR_INIT;

    if (wcl_mount_make_folder(layer->fd, "merged", 0700, error) != WCL_OK ||
        wcl_mount_forced(&way, error) != WCL_OK)
        return WCL_FAILED;
    last = way ? way : WCL_MOUNT_UNPACK;
    for (way = way ? way : WCL_MOUNT_FILES; way < WCL_MOUNT_UNPACK; way++) {
        WCL_CLEANUP_FD int mount = -1;
        bool try_next = false;
        if (mount_erofs(store, layer, way, &mount, &try_next, &why) == WCL_OK)
            return attach_erofs(store, layer, &mount, error);
        if (!try_next || way == last) {
            return wcl_error_pass(error, &why);
        }
        wcl_store_log(store, WCL_LOG_INFO, "cannot mount the chain of '%s' by %s: %s",
                      layer->record.id, wcl_chain_backing_name(way), why.message);
    }
    return attach_unpacked(store, layer, error);
}
