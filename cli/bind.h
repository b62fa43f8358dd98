/* Second places of a layer's mount. */
#ifndef WCL_CLI_BIND_H
#define WCL_CLI_BIND_H

#include "cli/cli.h"

/* Shows a layer's mount at a second place; and removes all such places again. */
int cli_bind_mount(cli *cli, const char *path, const char *target);
int cli_unbind_mounts(cli *cli, const char *path);

#endif
