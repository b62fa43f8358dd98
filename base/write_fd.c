/* Writing to what is open. */
#include "base/write_fd.h"

#include <errno.h>
#include <unistd.h>

#include "base/error.h"

wcl_status wcl_write_fd(void *context, const void *data, size_t size, wcl_error *error)
{
    const int *fd = context;
    const char *bytes = data;

    while (size > 0) {
        ssize_t written = write(*fd, bytes, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return wcl_fail_errno(error, errno, "cannot write the output");
        bytes += written;
        size -= (size_t)written;
    }
    return WCL_OK;
}

wcl_status wcl_copy_to_fd(int from, uint64_t offset, size_t size, int to, size_t *got,
                          wcl_error *error)
{
    off_t at = (off_t)offset;
    ssize_t copied;

    do
        copied = copy_file_range(from, &at, to, NULL, size, 0);
    while (copied < 0 && errno == EINTR);
    if (copied > 0) {
        *got = (size_t)copied;
        return WCL_OK;
    }
    /* A full disk and the like are final; all else is for who copies by reading and writing to find
     * out. */
    if (copied < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EFBIG))
        return wcl_fail_errno(error, errno, "cannot write the output");
    return WCL_END;
}
