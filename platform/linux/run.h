/* Running programs to their end. */
#ifndef WCL_PLATFORM_LINUX_RUN_H
#define WCL_PLATFORM_LINUX_RUN_H

#include <wcl/base.h>

#include "base/buffer.h"
#include "platform/linux/spawn.h"

/*
 * Runs the program `arguments[0]`, found in the system's own folders, and waits for it. It has no
 * input, and a clean environment. A failure of it fails with the last line that it wrote to its
 * standard error.
 */
wcl_status wcl_run(const char *const *arguments, wcl_error *error);

typedef struct wcl_command {
    const char *program; /* a path, or a name found by PATH; NULL: the first argument */
    const char *const *arguments;
    const char *const *environment; /* NULL: this program's own */
    const char *input;              /* NULL: nothing; it fits into a pipe */
    int kept;                       /* STDOUT_FILENO or STDERR_FILENO: what comes from there */
    size_t limit;                   /* bytes that may come */
    unsigned seconds;               /* it may take; 0: as long as it wants */
    /* Whether to go on; asked ten times a second. May be NULL. */
    wcl_status (*check)(void *context, wcl_error *error);
    void *context;
} wcl_command;

/*
 * Runs a command and takes what it writes. Its exit code, as of wcl_spawn_wait(), is left to the
 * caller. One that takes too long, writes too much to its output or is not to go on is killed; of
 * complaints the end is kept.
 */
wcl_status wcl_command_run(const wcl_command *command, wcl_buffer *output, int *exit_code,
                           wcl_error *error);

#endif
