/* The pipes of processes, as file descriptors. */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <wcl/container.h>

#include "base/error.h"

wcl_status wcl_pipe_read(wcl_pipe pipe, void *buffer, size_t size, size_t *got, wcl_error *error)
{
    ssize_t read_size;

    do
        read_size = read((int)pipe, buffer, size);
    while (read_size < 0 && errno == EINTR);
    if (read_size < 0)
        return wcl_fail_errno(error, errno, "cannot read from the pipe");
    *got = (size_t)read_size;
    return WCL_OK;
}

wcl_status wcl_pipe_write(wcl_pipe pipe, const void *data, size_t size, wcl_error *error)
{
    const char *at = data;

    while (size > 0) {
        /* Input is a socket, so that no signal comes of a reader that has gone. */
        ssize_t written = send((int)pipe, at, size, MSG_NOSIGNAL);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return wcl_fail_errno(error, errno, "cannot write to the pipe");
        at += written;
        size -= (size_t)written;
    }
    return WCL_OK;
}

void wcl_pipe_close(wcl_pipe pipe)
{
    if (pipe != WCL_PIPE_NONE)
        close((int)pipe);
}
