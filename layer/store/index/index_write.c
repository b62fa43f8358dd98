/* Writing a tree as an image file in a layer's folder. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "erofs/write.h"
#include "layer/store/index/index.h"

/* Bytes gathered before they are written. */
#define GATHER_SIZE (1024 * 1024)

typedef struct image_file {
    int fd;
    uint8_t *gathered;
    size_t count;
    uint64_t offset;
} image_file;

static wcl_status index_write_flush(image_file *file, wcl_error *error)
{
    if (wcl_pwrite_full(file->fd, file->gathered, file->count, file->offset, error) != WCL_OK)
        return WCL_FAILED;
    file->offset += file->count;
    file->count = 0;
    return WCL_OK;
}

static wcl_status write_image(void *context, const void *data, size_t size, wcl_error *error)
{
    image_file *file = context;
    const uint8_t *bytes = data;

    while (size) {
        size_t part = GATHER_SIZE - file->count < size ? GATHER_SIZE - file->count : size;
        memcpy(file->gathered + file->count, bytes, part);
        file->count += part;
        bytes += part;
        size -= part;
        if (file->count == GATHER_SIZE && index_write_flush(file, error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

static wcl_status write_all(wcl_erofs_tree *tree, image_file *file, const uint64_t *device_sizes,
                            size_t device_count, wcl_tar_source *tars, wcl_error *error)
{
    WCL_CLEANUP_FREE wcl_erofs_device *devices = calloc(device_count + 1, sizeof(*devices));
    const wcl_erofs_options options = { .devices = devices,
                                        .device_count = device_count,
                                        .read = wcl_tar_source_read,
                                        .read_context = tars };

    if (!devices)
        return wcl_fail_memory(error);
    for (size_t i = 0; i < device_count; i++)
        devices[i].size = device_sizes[i];
    if (wcl_erofs_write(tree, &options, write_image, file, NULL, error) != WCL_OK ||
        index_write_flush(file, error) != WCL_OK)
        return WCL_FAILED;
    if (fsync(file->fd) != 0)
        return wcl_fail_errno(error, errno, "cannot write the index");
    return WCL_OK;
}

wcl_status wcl_index_write(wcl_erofs_tree *tree, int layer_fd, const char *name,
                           const uint64_t *device_sizes, size_t device_count, wcl_tar_source *tars,
                           wcl_error *error)
{
    char temporary[64];
    wcl_guid guid;
    char text[37];

    /* Under a name of its own, because two processes may write the same chain at once. */
    if (wcl_guid_random(&guid, error) != WCL_OK)
        return WCL_FAILED;
    wcl_guid_format(&guid, text);
    snprintf(temporary, sizeof(temporary), ".new-%s", text);
    WCL_CLEANUP_FREE uint8_t *gathered = malloc(GATHER_SIZE);
    image_file file = { .gathered = gathered };
    if (!gathered)
        return wcl_fail_memory(error);
    file.fd = openat(layer_fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file.fd < 0)
        return wcl_fail_errno(error, errno, "cannot create the index '%s'", name);
    wcl_status status = write_all(tree, &file, device_sizes, device_count, tars, error);
    close(file.fd);
    if (status == WCL_OK && renameat(layer_fd, temporary, layer_fd, name) != 0)
        status = wcl_fail_errno(error, errno, "cannot put the index '%s' in place", name);
    if (status != WCL_OK)
        unlinkat(layer_fd, temporary, 0);
    return status;
}
