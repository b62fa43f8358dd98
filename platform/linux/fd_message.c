/* Messages with file descriptors attached. The supervisor is linked with it, without the library.
 */
#include "platform/linux/fd_message.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

typedef union fd_control {
    char bytes[CMSG_SPACE(WCL_FD_MESSAGE_MOST * sizeof(int))];
    struct cmsghdr align;
} fd_control;

ssize_t wcl_fd_message_send(int socket, const void *data, size_t size, const int *fds,
                            size_t fd_count, int flags)
{
    fd_control control = { { 0 } };
    struct iovec part = { (void *)(uintptr_t)data, size };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
    ssize_t sent;

    if (fd_count > 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
        memcpy(CMSG_DATA(header), fds, fd_count * sizeof(int));
    }
    do
        sent = sendmsg(socket, &message, MSG_NOSIGNAL | flags);
    while (sent < 0 && errno == EINTR);
    return sent;
}

/* Puts what came into `fds`, and closes what there is no room for. */
static void take_fds(struct msghdr *message, int *fds, size_t fd_count)
{
    struct cmsghdr *header = CMSG_FIRSTHDR(message);
    int fd;

    if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
        return;
    size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; i++) {
        memcpy(&fd, CMSG_DATA(header) + i * sizeof(fd), sizeof(fd));
        if (i < fd_count)
            fds[i] = fd;
        else
            close(fd);
    }
}

ssize_t wcl_fd_message_receive(int socket, void *data, size_t size, int *fds, size_t fd_count,
                               int flags)
{
    fd_control control;
    struct iovec part = { data, size };
    struct msghdr message = { .msg_iov = &part,
                              .msg_iovlen = 1,
                              .msg_control = control.bytes,
                              .msg_controllen = sizeof(control.bytes) };
    ssize_t got;

    for (size_t i = 0; i < fd_count; i++)
        fds[i] = -1;
    do
        got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | flags);
    while (got < 0 && errno == EINTR);
    if (got >= 0)
        take_fds(&message, fds, fd_count);
    return got;
}
