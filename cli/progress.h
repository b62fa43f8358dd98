/* The progress bar, Ctrl-C, and the library's log messages. */
#ifndef WCL_CLI_PROGRESS_H
#define WCL_CLI_PROGRESS_H

#include "cli/cli.h"

void cli_progress_start(cli *cli);
void cli_progress_stop(cli *cli);

#endif
