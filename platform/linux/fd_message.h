/* Messages over a Unix socket with file descriptors attached. */
#ifndef WCL_PLATFORM_LINUX_FD_MESSAGE_H
#define WCL_PLATFORM_LINUX_FD_MESSAGE_H

#include <stddef.h>
#include <sys/types.h>

#define WCL_FD_MESSAGE_MOST 3

/* sendmsg() without SIGPIPE, of up to WCL_FD_MESSAGE_MOST descriptors. */
ssize_t wcl_fd_message_send(int socket, const void *data, size_t size, const int *fds,
                            size_t fd_count, int flags);

/* recvmsg(); the descriptors that came are close-on-exec, and the rest of `fds` becomes -1. */
ssize_t wcl_fd_message_receive(int socket, void *data, size_t size, int *fds, size_t fd_count,
                               int flags);

#endif
