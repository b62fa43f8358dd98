/* Unix sockets that clients find a server by. */
#ifndef WCL_PLATFORM_LINUX_SOCKET_H
#define WCL_PLATFORM_LINUX_SOCKET_H

#include <wcl/base.h>

/* Makes a listening socket at `path`, which only root may use, in place of one that nobody serves
 * any more. Fails with ALREADY_EXISTS where somebody does. */
wcl_status wcl_socket_listen(const char *path, int *fd, wcl_error *error);

#endif
