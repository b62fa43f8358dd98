/* The commands that make an image of another one, and that look into one. */
#ifndef WCL_CLI_APPEND_H
#define WCL_CLI_APPEND_H

#include "cli/cli.h"

int command_append(cli *cli, int argc, char **argv);
int command_inspect(cli *cli, int argc, char **argv);

#endif
