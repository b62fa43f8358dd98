/* Reading the tars that an index's devices are. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "layer/store/home/tar_source.h"

void wcl_tar_source_close(wcl_tar_source *source)
{
    if (source->opened)
        close(source->fd);
    source->opened = 0;
}

static wcl_status open_device(wcl_tar_source *source, uint32_t device, int *fd, wcl_error *error)
{
    const wcl_layer_record *record = source->record;

    if (device == 0 || device > record->parent_count + 1)
        return wcl_fail(error, WCL_CODE_CORRUPT,
                        "the index names device %u, which it does not have", device);
    if (device == 1 && source->own_fd >= 0) {
        *fd = source->own_fd;
        return WCL_OK;
    }
    if (source->opened != device) {
        const char *id = device == 1 ? record->id : record->parents[device - 2];
        WCL_CLEANUP_FREE char *path = wcl_store_path(source->store, id, "layer.tar");
        if (!path)
            return wcl_fail_memory(error);
        wcl_tar_source_close(source);
        source->fd = open(path, O_RDONLY | O_CLOEXEC);
        if (source->fd < 0)
            return wcl_fail_errno(error, errno, "cannot open the tar of layer '%s'", id);
        source->opened = device;
    }
    *fd = source->fd;
    return WCL_OK;
}

wcl_status wcl_tar_source_read(void *context, uint32_t device, uint64_t address, void *bytes,
                               size_t size, wcl_error *error)
{
    wcl_tar_source *source = context;
    int fd = -1;
    size_t got;

    if (open_device(source, device, &fd, error) != WCL_OK ||
        wcl_pread_full(fd, bytes, size, address, &got, error) != WCL_OK)
        return WCL_FAILED;
    if (got != size)
        return wcl_fail(error, WCL_CODE_CORRUPT, "a layer's tar is shorter than the index says");
    return WCL_OK;
}
