/* The graph driver plugin, which dockerd on Windows does not know. */
#include "cli/graphdriver.h"

int command_graphdriver(cli *cli, int argc, char **argv)
{
    const cli_option table[] = { { .name = NULL } };
    int result = cli_parse(cli, table, &argc, argv, 0, 0, 0);

    if (result)
        return result;
    return cli_fail(cli, WCL_CODE_NOT_SUPPORTED, "graphdriver", "",
                    "dockerd on Windows has no graph driver plugins");
}
