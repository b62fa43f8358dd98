/* Choosing the source for an input. */
#include "image/append/source.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/beneath.h"
#include "base/error.h"

wcl_status wcl_append_source_open(const char *input, const wcl_append_tar *how,
                                  wcl_append_source **source, wcl_error *error)
{
    struct stat status;
    WCL_CLEANUP_FD int fd = open(input, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &status) < 0) {
        wcl_fail_errno(error, errno, "cannot open it");
        return wcl_error_context(error, "append", input);
    }
    if (S_ISDIR(status.st_mode))
        return wcl_append_folder_open(input, source, error);
    wcl_append_tar tar = { .fd = -1 };
    if (how)
        tar = *how;
    tar.name = input;
    tar.fd = fd;
    fd = -1;
    return wcl_append_tar_open(&tar, source, error);
}
