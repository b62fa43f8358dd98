/* Starting programs. */
#ifndef WCL_PLATFORM_LINUX_SPAWN_H
#define WCL_PLATFORM_LINUX_SPAWN_H

#include <stddef.h>
#include <sys/types.h>

#define WCL_SPAWN_FDS 5

typedef struct wcl_spawn {
    const char *program; /* a path, or a name found by PATH; NULL: the first argument */
    const char *const *arguments;
    const char *const *environment; /* NULL: this program's own */
    /* What the program has as its descriptors 0, 1 and so on, whatever their numbers are here. -1
     * is /dev/null as one of the first three, and nothing beyond them. */
    int fds[WCL_SPAWN_FDS];
} wcl_spawn;

/* Starts a program, which has no signal blocked or ignored. 0, or an errno value. */
int wcl_spawn_start(const wcl_spawn *spawn, pid_t *pid);

/* What wcl_spawn_wait() gives where this program's children are collected by somebody else. */
#define WCL_SPAWN_UNKNOWN (-2)

/* Waits for the end of a program: 0 when it ended well, what it exited with, -1 for a signal, or
 * WCL_SPAWN_UNKNOWN. */
int wcl_spawn_wait(pid_t pid);

#endif
