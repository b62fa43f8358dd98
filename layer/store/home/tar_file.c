/* Writing layer.tar. */
#include "layer/store/home/tar_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "layer/store/import/block_thread.h"

/* Bytes after which what went through the page cache is sent to the disk, so that the sync at the
 * end is short. */
#define WRITE_BEHIND (32 * 1024 * 1024)

struct wcl_tar_file {
    wcl_block_thread *thread;
    int fd;
    bool direct; /* past the page cache */
    uint64_t size;
    uint64_t sent; /* bytes that the disk was told to write */
};

static bool set_direct(int fd, bool direct)
{
    int flags = fcntl(fd, F_GETFL);

    return flags >= 0 && fcntl(fd, F_SETFL, direct ? flags | O_DIRECT : flags & ~O_DIRECT) == 0;
}

/* Writes whole blocks past the page cache; false where that cannot be done. */
static bool write_direct(wcl_tar_file *file, wcl_block *const *blocks, size_t count)
{
    struct iovec pieces[WCL_BLOCK_THREAD_MOST];
    size_t size = 0;
    ssize_t written;

    for (size_t i = 0; i < count; i++) {
        if (blocks[i]->size % WCL_BLOCK_ALIGNMENT != 0)
            return false;
        pieces[i] = (struct iovec) { blocks[i]->data, blocks[i]->size };
        size += blocks[i]->size;
    }
    do
        written = pwritev(file->fd, pieces, (int)count, (off_t)file->size);
    while (written < 0 && errno == EINTR);
    /* What is short is written again the other way, which then tells why. */
    if (written != (ssize_t)size)
        return false;
    file->size += size;
    return true;
}

static wcl_status write_cached(wcl_tar_file *file, const wcl_block *block, wcl_error *error)
{
    if (wcl_pwrite_full(file->fd, block->data, block->size, file->size, error) != WCL_OK)
        return wcl_error_context(error, NULL, "layer.tar");
    file->size += block->size;
    if (file->size - file->sent >= WRITE_BEHIND) {
        sync_file_range(file->fd, (off_t)file->sent, (off_t)(file->size - file->sent),
                        SYNC_FILE_RANGE_WRITE);
        file->sent = file->size;
    }
    return WCL_OK;
}

static wcl_status write_blocks(void *context, wcl_block *const *blocks, size_t count,
                               wcl_error *error)
{
    wcl_tar_file *file = context;

    if (file->direct && write_direct(file, blocks, count))
        return WCL_OK;
    if (file->direct) {
        file->direct = false;
        file->sent = file->size;
        if (!set_direct(file->fd, false))
            return wcl_fail_errno(error, errno, "layer.tar");
    }
    for (size_t i = 0; i < count; i++)
        if (write_cached(file, blocks[i], error) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}

wcl_status wcl_tar_file_start(int fd, wcl_tar_file **file, wcl_error *error)
{
    wcl_tar_file *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    made->fd = fd;
    made->direct = set_direct(fd, true);
    if (wcl_block_thread_start(write_blocks, made, &made->thread, error) != WCL_OK) {
        wcl_tar_file_free(made);
        return WCL_FAILED;
    }
    *file = made;
    return WCL_OK;
}

wcl_status wcl_tar_file_give(wcl_tar_file *file, wcl_block *block, wcl_error *error)
{
    return wcl_block_thread_give(file->thread, block, error);
}

wcl_status wcl_tar_file_finish(wcl_tar_file *file, wcl_error *error)
{
    if (wcl_block_thread_finish(file->thread, error) != WCL_OK)
        return WCL_FAILED;
    if (file->direct && !set_direct(file->fd, false))
        return wcl_fail_errno(error, errno, "layer.tar");
    return WCL_OK;
}

void wcl_tar_file_free(wcl_tar_file *file)
{
    if (!file)
        return;
    wcl_block_thread_free(file->thread);
    free(file);
}
