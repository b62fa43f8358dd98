/* The commands that serve an engine. */
#ifndef WCL_CLI_GRAPHDRIVER_H
#define WCL_CLI_GRAPHDRIVER_H

#include "cli/cli.h"

int command_graphdriver(cli *cli, int argc, char **argv);
int command_snapshotter(cli *cli, int argc, char **argv);

#endif
