/* Making Unix sockets to be served. */
#include "platform/linux/socket.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/durable.h"
#include "base/error.h"

#define ASIDE ".new"

static wcl_status make_folders_above(const char *path, wcl_error *error)
{
    char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];
    const char *slash = strrchr(path, '/');

    if (!slash || slash == path)
        return WCL_OK;
    snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
    return wcl_durable_make_folders(AT_FDCWD, folder, 0755, 0755, error);
}

static int new_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

/* Whether somebody answers there. */
static bool is_served(const struct sockaddr_un *address)
{
    WCL_CLEANUP_FD int fd = new_socket();

    return fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0;
}

static wcl_status check_replaceable(const struct sockaddr_un *address, wcl_error *error)
{
    struct stat info;

    if (lstat(address->sun_path, &info) == 0) {
        if (!S_ISSOCK(info.st_mode))
            return wcl_fail(error, WCL_CODE_FILE_EXISTS, "there is a file that is not a socket");
        if (is_served(address))
            return wcl_fail(error, WCL_CODE_ALREADY_EXISTS, "another process serves this socket");
    }
    return WCL_OK;
}

/* Under a name beside its own until it listens: whoever finds the socket is heard. */
static wcl_status bind_at(int fd, const struct sockaddr_un *address, wcl_error *error)
{
    struct sockaddr_un aside = { .sun_family = AF_UNIX };

    if (check_replaceable(address, error) != WCL_OK)
        return WCL_FAILED;
    strcpy(stpcpy(aside.sun_path, address->sun_path), ASIDE);
    if (unlink(aside.sun_path) != 0 && errno != ENOENT)
        return wcl_fail_errno(error, errno, "cannot remove the half-made socket '%s'",
                              aside.sun_path);
    mode_t mask = umask(0177);
    int result = bind(fd, (const struct sockaddr *)&aside, sizeof(aside));
    umask(mask);
    if (result != 0 || listen(fd, SOMAXCONN) != 0)
        return wcl_fail_errno(error, errno, "cannot listen");
    if (rename(aside.sun_path, address->sun_path) == 0)
        return WCL_OK;
    wcl_fail_errno(error, errno, "cannot put the socket in place");
    unlink(aside.sun_path);
    return WCL_FAILED;
}

wcl_status wcl_socket_listen(const char *path, int *fd, wcl_error *error)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    if (strlen(path) + sizeof(ASIDE) > sizeof(address.sun_path))
        return wcl_fail(error, WCL_CODE_NAME_TOO_LONG, "a socket's path has at most %zu characters",
                        sizeof(address.sun_path) - sizeof(ASIDE));
    strcpy(address.sun_path, path);
    if (make_folders_above(path, error) != WCL_OK)
        return WCL_FAILED;
    *fd = new_socket();
    if (*fd < 0)
        return wcl_fail_errno(error, errno, "cannot create a socket");
    if (bind_at(*fd, &address, error) == WCL_OK)
        return WCL_OK;
    close(*fd);
    *fd = -1;
    return WCL_FAILED;
}
