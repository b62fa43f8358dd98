/* Starting a program. */
#ifndef WCL_PLATFORM_LINUX_SPAWN_H
#define WCL_PLATFORM_LINUX_SPAWN_H

#include <stddef.h>
#include <sys/types.h>

#define WCL_SPAWN_SAME (-1) /* the descriptor of this program, or none if it closes on exec */
#define WCL_SPAWN_NULL (-2) /* /dev/null */

/*
 * Starts a program, looked for in $PATH unless its name has a slash. Its descriptor N is
 * `fds[N]`, or as above. It gets no signal settings of this program, which would otherwise be
 * inherited by all that it starts. `environment` NULL is this program's. 0, or an errno value.
 */
int wcl_spawn(const char *program, const char *const *arguments, const int *fds, size_t fd_count,
              char *const *environment, pid_t *child);

/* Waits for its end: its exit status, or -1 where a signal ended it, or where nobody can know
 * because this program ignores SIGCHLD (then errno is ECHILD, else 0). */
int wcl_spawn_wait(pid_t child);

#endif
