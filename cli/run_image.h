/* Running a container of an image: its sandbox, and what the image says to run in it. */
#ifndef WCL_CLI_RUN_IMAGE_H
#define WCL_CLI_RUN_IMAGE_H

#include "cli/cli.h"

typedef struct cli_image_run {
    char sandbox[40];
    wcl_image_command *command;
    char **arguments; /* as of a command line: "run", the sandbox, and what to run in it */
    int argument_count;
    cli_list environment;
} cli_image_run;

/*
 * Makes a sandbox on an image, and puts together what to run in it: the image's entry point with
 * `arguments`, or without any with the image's own; and the image's environment with `environment`
 * over it. An exit code; 0 when all is well.
 */
int cli_image_run_begin(cli *cli, const char *image, char **arguments, int count,
                        const cli_list *environment, cli_image_run *run);
/* Frees, and removes the sandbox; an error of before is kept. */
void cli_image_run_end(cli *cli, cli_image_run *run, bool remove_sandbox);

#endif
