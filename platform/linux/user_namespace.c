/* Making user namespaces. */
#include "platform/linux/user_namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"

static wcl_status write_map(pid_t process, const char *name, const char *map, wcl_error *error)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/%s", (int)process, name);
    WCL_CLEANUP_FD int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, map, strlen(map)) != (ssize_t)strlen(map))
        return wcl_fail_errno(error, errno, "cannot map ids by '%.200s'", map);
    return WCL_OK;
}

/* Of a process that waits for its end. */
static wcl_status take_namespace(pid_t process, const char *uid_map, const char *gid_map, int *fd,
                                 wcl_error *error)
{
    char path[64];

    if (write_map(process, "uid_map", uid_map, error) != WCL_OK ||
        write_map(process, "gid_map", gid_map, error) != WCL_OK)
        return WCL_FAILED;
    snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)process);
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    return *fd >= 0 ? WCL_OK : wcl_fail_errno(error, errno, "cannot open the user namespace");
}

wcl_status wcl_user_namespace_make(const char *uid_map, const char *gid_map, int *fd,
                                   wcl_error *error)
{
    pid_t process = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);

    if (process == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
            pause();
    }
    if (process < 0)
        return wcl_fail_errno(error, errno, "cannot make a user namespace");
    wcl_status status = take_namespace(process, uid_map, gid_map, fd, error);
    kill(process, SIGKILL);
    while (waitpid(process, NULL, 0) < 0 && errno == EINTR)
        continue;
    return status;
}
