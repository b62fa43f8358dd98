/* The file that a command's -o names. */
#ifndef WCL_CLI_OUTPUT_H
#define WCL_CLI_OUTPUT_H

#include "cli/cli.h"

/*
 * A regular file appears under its name only once it is whole, at the end of symbolic links if the
 * name is one. A device, a FIFO and whatever else is no regular file is written into as it is.
 */
typedef struct cli_output {
    int fd;          /* what to write to */
    char *target;    /* the name that the file gets; NULL where it is written into directly */
    char *temporary; /* the name that it has until then, if it has one */
    int redirected;  /* what standard output was before, or -1 */
} cli_output;

/* NULL and "-" are standard output. Returns an exit code; nothing is to be closed unless it is 0.
 */
int cli_output_open(cli *cli, const char *operation, const char *name, cli_output *output);

/* Makes the file standard output until it is closed, for what writes to a name or to that. */
int cli_output_redirect(cli *cli, const char *operation, cli_output *output);

/* Ends it: the file gets its name if `result` is 0, and otherwise leaves no trace. Returns
 * `result`, or EXIT_FAILED where that failed. */
int cli_output_close(cli *cli, const char *operation, const char *name, cli_output *output,
                     int result);

#endif
