/* Regular files of folders that others fill. */
#include "base/regular.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/beneath.h"
#include "base/error.h"

#ifndef O_NOCTTY
#define O_NOCTTY 0
#endif

#define PIECE 16384

/* What is at the path, without opening it. */
static int regular_find(int root, const char *path, wcl_links links)
{
    while (links == WCL_LINKS_IN_ROOT && *path == '/')
        path++;
    return links == WCL_LINKS_IN_ROOT ? wcl_beneath_find_in_root(root, path)
                                      : wcl_beneath_open(root, path, O_PATH, 0);
}

/* O_NONBLOCK: somebody may hold a lease on the file, whose breaking would be waited for. */
wcl_status wcl_regular_open(int root, const char *path, wcl_links links, int flags, int *fd,
                            uint64_t *size, wcl_error *error)
{
    struct stat found, opened;
    WCL_CLEANUP_FD int at = regular_find(root, path, links);

    *fd = -1;
    if (at < 0 || fstat(at, &found) < 0)
        return wcl_fail_errno(error, errno, "cannot open '%.300s'", path);
    if (!S_ISREG(found.st_mode))
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "'%.300s' is not a regular file", path);
    WCL_CLEANUP_FD int file =
        wcl_beneath_open_found(root, path, at, O_RDONLY | O_NONBLOCK | O_NOCTTY | flags);
    if (file < 0 || fstat(file, &opened) < 0)
        return wcl_fail_errno(error, errno, "cannot open '%.300s'", path);
    if (opened.st_ino != found.st_ino || opened.st_dev != found.st_dev)
        return wcl_fail(error, WCL_CODE_SHARING_VIOLATION,
                        "another program replaced '%.300s' while it was opened", path);
    if (size)
        *size = (uint64_t)opened.st_size;
    *fd = file;
    file = -1;
    return WCL_OK;
}

wcl_status wcl_regular_read(int root, const char *path, wcl_links links, size_t limit,
                            wcl_buffer *text, wcl_error *error)
{
    WCL_CLEANUP_FD int fd = -1;
    size_t start = text->size, got;
    uint64_t size;

    if (wcl_regular_open(root, path, links, 0, &fd, &size, error) != WCL_OK)
        return WCL_FAILED;
    do {
        if (wcl_buffer_reserve(text, PIECE, error) != WCL_OK ||
            wcl_pread_full(fd, text->data + text->size, PIECE, text->size - start, &got, error) !=
                WCL_OK)
            return WCL_FAILED;
        text->size += got;
        text->data[text->size] = 0;
    } while (got == PIECE && size <= limit && text->size - start <= limit);
    if (size <= limit && text->size - start <= limit)
        return WCL_OK;
    return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE,
                    "'%.300s' has more than the %zu bytes that are read of such a file", path,
                    limit);
}
