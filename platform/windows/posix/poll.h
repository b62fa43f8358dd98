/* POSIX's <poll.h> on Windows, for one descriptor that is to be read. */
#ifndef WCL_NT_POLL_H
#define WCL_NT_POLL_H

#pragma GCC system_header

#define POLLIN 1

struct pollfd {
    int fd;
    short events;
    short revents;
};

/* A pipe is waited for; everything else can be read at once. */
int wcl_nt_poll(struct pollfd *waits, unsigned long count, int milliseconds);

#define poll wcl_nt_poll

#endif
