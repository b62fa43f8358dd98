/* The command that serves Docker's graph driver plugin. */
#ifndef WCL_CLI_GRAPHDRIVER_H
#define WCL_CLI_GRAPHDRIVER_H

#include "cli/cli.h"

int command_graphdriver(cli *cli, int argc, char **argv);

#endif
