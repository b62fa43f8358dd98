/* The epoll loop's helpers. */
#include "container/oci/supervisor/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

bool loop_add(struct supervisor *supervisor, int fd, uint32_t events, struct source *source)
{
    struct epoll_event event = { .events = events, .data.ptr = source };
    return epoll_ctl(supervisor->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

void loop_change(struct supervisor *supervisor, int fd, uint32_t events, struct source *source)
{
    struct epoll_event event = { .events = events, .data.ptr = source };
    epoll_ctl(supervisor->epoll, EPOLL_CTL_MOD, fd, &event);
}

void loop_remove(struct supervisor *supervisor, int fd)
{
    epoll_ctl(supervisor->epoll, EPOLL_CTL_DEL, fd, NULL);
}

void close_fd(int *fd)
{
    int cause = errno;

    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    errno = cause;
}

pid_t read_pid(const struct supervisor *supervisor, const char *name)
{
    char text[16] = "";
    int fd = openat(supervisor->folder, name, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return -1;
    ssize_t size = read(fd, text, sizeof(text) - 1);
    close_fd(&fd);
    long pid = size > 0 ? strtol(text, NULL, 10) : 0;
    return pid > 0 && pid <= INT_MAX ? (pid_t)pid : -1;
}

void reply_text(wcl_reply *reply, const char *text)
{
    size_t size = strnlen(text, WCL_SUPERVISOR_TEXT);

    memcpy(reply->text, text, size);
    reply->text_size = (uint32_t)size;
}

void reply_log(wcl_reply *reply, int log)
{
    /* The end says what went wrong; what came before is only said when it fits. */
    off_t size = lseek(log, 0, SEEK_END);
    off_t start = size > WCL_SUPERVISOR_TEXT ? size - WCL_SUPERVISOR_TEXT : 0;
    ssize_t got = pread(log, reply->text, WCL_SUPERVISOR_TEXT, start);

    reply->text_size = got > 0 ? (uint32_t)got : 0;
}
