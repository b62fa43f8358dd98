/* Making, mounting and growing the storage of a sandbox. */
#include "layer/store/mount/storage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "layer/store/mount/mount.h"
#include "platform/linux/ext4.h"
#include "platform/linux/loop.h"
#include "platform/linux/mounts.h"

#define LOCK_ATTEMPTS 1000
#define LOCK_WAIT_NS (10 * 1000 * 1000)

static wcl_status check_limit(uint64_t limit, wcl_error *error)
{
    if (limit >= WCL_EXT4_LIMIT_MIN && limit <= WCL_EXT4_LIMIT_MAX)
        return WCL_OK;
    return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                    "cannot limit a sandbox to %llu bytes; 1 MiB to 8 TiB are possible",
                    (unsigned long long)limit);
}

wcl_status wcl_storage_make(int layer_fd, const char *path, uint64_t limit, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer image = WCL_BUFFER_INIT;

    if (limit == 0)
        return WCL_OK;
    if (check_limit(limit, error) != WCL_OK ||
        wcl_buffer_printf(&image, error, "%s/sandbox.img", path) != WCL_OK ||
        wcl_ext4_make(wcl_buffer_text(&image), wcl_ext4_image_size(limit), error) != WCL_OK)
        return WCL_FAILED;
    return wcl_mount_make_folder(layer_fd, "storage", 0700, error);
}

/* ---- Mounting ------------------------------------------------------------------------------- */

/* A loop device lets go of its file a while after the unmount, when all is written. */
static bool lock_image(int image)
{
    const struct timespec wait = { 0, LOCK_WAIT_NS };

    for (int attempt = 0; attempt < LOCK_ATTEMPTS; attempt++) {
        if (flock(image, LOCK_EX | LOCK_NB) == 0)
            return true;
        if (errno != EWOULDBLOCK && errno != EINTR)
            return false;
        nanosleep(&wait, NULL);
    }
    errno = EWOULDBLOCK;
    return false;
}

static wcl_status open_image(const wcl_store_layer *layer, int *image, wcl_error *error)
{
    *image = openat(layer->fd, "sandbox.img", O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (*image < 0)
        return wcl_fail_errno(error, errno, "cannot open the sandbox's image");
    if (lock_image(*image))
        return WCL_OK;
    if (errno != EWOULDBLOCK)
        return wcl_fail_errno(error, errno, "cannot lock the sandbox's image");
    return wcl_fail(error, WCL_CODE_BUSY,
                    "the sandbox's image is still in use by processes that read it, or had files "
                    "in it open");
}

void wcl_storage_wait_detached(const wcl_store_layer *layer)
{
    WCL_CLEANUP_FD int image = -1;

    if (layer->record.limit)
        open_image(layer, &image, NULL);
}

static wcl_status mount_image(int image, int *mount, wcl_error *error)
{
    const wcl_loop_options loop = { .direct = true, .block_size = 4096 };
    char path[WCL_LOOP_PATH_SIZE];
    WCL_CLEANUP_FD int device = -1;

    if (wcl_loop_attach(image, &loop, &device, path, error) != WCL_OK)
        return WCL_FAILED;
    /* New inode tables are holes, which read as zeros already; what is deleted becomes holes. */
    const wcl_kernel_mount_option options[] = {
        { "source", path },
        { "noinit_itable", NULL },
        { "discard", NULL },
    };
    return wcl_kernel_mount_create("ext4", options, sizeof(options) / sizeof(options[0]), 0, mount,
                                   NULL, error);
}

wcl_status wcl_storage_mount(const wcl_store_layer *layer, int *mount, wcl_error *error)
{
    WCL_CLEANUP_FD int image = -1;

    *mount = -1;
    if (open_image(layer, &image, error) != WCL_OK || mount_image(image, mount, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_ext4_limit(*mount, layer->record.limit, error) == WCL_OK)
        return WCL_OK;
    close(*mount);
    *mount = -1;
    return WCL_FAILED;
}

wcl_status wcl_storage_attach(const wcl_store_layer *layer, wcl_error *error)
{
    WCL_CLEANUP_FD int mount = -1;

    if (wcl_storage_is_attached(layer))
        return WCL_OK;
    if (wcl_mount_make_folder(layer->fd, "storage", 0700, error) != WCL_OK ||
        wcl_storage_mount(layer, &mount, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_mount_attach(layer->fd, "storage", mount, error);
}

bool wcl_storage_is_attached(const wcl_store_layer *layer)
{
    return layer->record.limit == 0 || wcl_kernel_mount_is_mounted(layer->fd, "storage");
}

wcl_status wcl_storage_open(const wcl_store_layer *layer, int *folder, wcl_error *error)
{
    *folder = openat(layer->fd, layer->record.limit ? "storage" : ".",
                     O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (*folder < 0)
        return wcl_fail_errno(error, errno, "cannot open the sandbox's storage");
    return WCL_OK;
}

/* ---- Growing -------------------------------------------------------------------------------- */

/* The file itself; one that is longer already, by an attempt that was interrupted, is left so. */
static wcl_status grow_image(const wcl_store_layer *layer, uint64_t *size, wcl_error *error)
{
    WCL_CLEANUP_FD int image = openat(layer->fd, "sandbox.img", O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    struct stat info;

    if (image < 0 || fstat(image, &info) != 0)
        return wcl_fail_errno(error, errno, "cannot open the sandbox's image");
    if ((uint64_t)info.st_size >= *size) {
        *size = (uint64_t)info.st_size;
        return WCL_OK;
    }
    if (ftruncate(image, (off_t)*size) != 0)
        return wcl_fail_errno(error, errno, "cannot make the sandbox's image %llu bytes long",
                              (unsigned long long)*size);
    return WCL_OK;
}

static wcl_status grow_file_system(const wcl_store_layer *layer, int folder, uint64_t limit,
                                   wcl_error *error)
{
    WCL_CLEANUP_FD int device = -1;
    uint64_t size = wcl_ext4_image_size(limit);

    if (grow_image(layer, &size, error) != WCL_OK ||
        wcl_loop_open_of(folder, &device, error) != WCL_OK ||
        wcl_loop_refresh(device, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_ext4_grow(folder, size, error);
}

wcl_status wcl_storage_grow(const wcl_store_layer *layer, uint64_t limit, wcl_error *error)
{
    WCL_CLEANUP_FD int folder = -1;
    wcl_error why = WCL_ERROR_INIT;

    if (check_limit(limit, error) != WCL_OK || wcl_storage_open(layer, &folder, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_ext4_limit(folder, limit, &why) == WCL_OK)
        return WCL_OK;
    if (why.code != WCL_CODE_FILE_TOO_LARGE) {
        return wcl_error_pass(error, &why);
    }
    if (grow_file_system(layer, folder, limit, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_ext4_limit(folder, limit, error);
}
