/* Bytes kept aside in memory or in a temporary file. */
#include "base/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"

void wcl_spool_init(wcl_spool *spool, size_t memory_limit)
{
    *spool = (wcl_spool) { .memory_limit = memory_limit, .file = -1 };
}

#ifdef O_TMPFILE
static int open_unnamed(const char *folder)
{
    return open(folder, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
}
#else
static int open_unnamed(const char *folder)
{
    (void)folder;
    errno = EOPNOTSUPP;
    return -1;
}
#endif

/* A file that has lost its name already, for file systems without unnamed ones. */
static int open_and_unlink(const char *folder)
{
    char *name = NULL;

    if (asprintf(&name, "%s/wcl-spool-XXXXXX", folder) < 0) {
        errno = ENOMEM;
        return -1;
    }
    int file = mkostemp(name, O_CLOEXEC);
    if (file >= 0)
        unlink(name);
    free(name);
    return file;
}

static wcl_status write_file(const wcl_spool *spool, const void *data, size_t size, uint64_t offset,
                             wcl_error *error)
{
    if (wcl_pwrite_full(spool->file, data, size, offset, error) != WCL_OK)
        return wcl_error_context(error, NULL, "a temporary file");
    return WCL_OK;
}

/* Moves what is in memory to a file. */
static wcl_status move_to_file(wcl_spool *spool, wcl_error *error)
{
    const char *folder = getenv("TMPDIR");

    if (!folder || !*folder)
        folder = "/tmp";
    if (spool->file < 0)
        spool->file = open_unnamed(folder);
    if (spool->file < 0)
        spool->file = open_and_unlink(folder);
    if (spool->file < 0)
        return wcl_fail_errno(error, errno, "making a temporary file in %s", folder);
    if (write_file(spool, spool->memory.data, spool->memory.size, 0, error) != WCL_OK)
        return WCL_FAILED;
    wcl_buffer_clear(&spool->memory);
    spool->in_file = true;
    return WCL_OK;
}

wcl_status wcl_spool_append(wcl_spool *spool, const void *data, size_t size, wcl_error *error)
{
    bool fits = size <= spool->memory_limit && spool->size <= spool->memory_limit - size;
    wcl_status status;

    if (!spool->in_file && !fits && move_to_file(spool, error) != WCL_OK)
        return WCL_FAILED;
    if (spool->in_file)
        status = write_file(spool, data, size, spool->size, error);
    else
        status = wcl_buffer_append(&spool->memory, data, size, error);
    if (status == WCL_OK)
        spool->size += size;
    return status;
}

wcl_status wcl_spool_read(const wcl_spool *spool, uint64_t offset, void *buffer, size_t size,
                          wcl_error *error)
{
    uint8_t *bytes = buffer;

    if (offset > spool->size || size > spool->size - offset)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "reading past what was kept aside");
    if (!spool->in_file) {
        if (size > 0)
            memcpy(buffer, spool->memory.data + offset, size);
        return WCL_OK;
    }
    while (size > 0) {
        ssize_t got = pread(spool->file, bytes, size, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return wcl_fail_errno(error, got < 0 ? errno : EIO, "reading a temporary file");
        bytes += got;
        size -= (size_t)got;
        offset += (uint64_t)got;
    }
    return WCL_OK;
}

wcl_status wcl_spool_clear(wcl_spool *spool, wcl_error *error)
{
    wcl_buffer_clear(&spool->memory);
    spool->size = 0;
    if (!spool->in_file)
        return WCL_OK;
    spool->in_file = false;
    if (ftruncate(spool->file, 0) != 0)
        return wcl_fail_errno(error, errno, "emptying a temporary file");
    return WCL_OK;
}

void wcl_spool_free(wcl_spool *spool)
{
    wcl_buffer_free(&spool->memory);
    if (spool->file >= 0)
        close(spool->file);
    spool->file = -1;
}
