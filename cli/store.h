/* The commands of the store. */
#ifndef WCL_CLI_STORE_H
#define WCL_CLI_STORE_H

#include "cli/cli.h"

/* Shows a layer's mount at a second place; and takes all such away again. */
int cli_bind_mount(cli *cli, const char *path, const char *target);
int cli_unbind_mounts(cli *cli, const char *path);

int command_import(cli *cli, int argc, char **argv);
int command_export(cli *cli, int argc, char **argv);
int command_create(cli *cli, int argc, char **argv);
int command_expand(cli *cli, int argc, char **argv);
int command_mount(cli *cli, int argc, char **argv);
int command_unmount(cli *cli, int argc, char **argv);
int command_remove(cli *cli, int argc, char **argv);
int command_layers(cli *cli, int argc, char **argv);
int command_diff(cli *cli, int argc, char **argv);
int command_verify(cli *cli, int argc, char **argv);

#endif
