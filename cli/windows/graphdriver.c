/* What engines on Windows are not served. */
#include "cli/commands.h"

int command_graphdriver(cli *cli, int argc, char **argv)
{
    int result = cli_parse(cli, NULL, &argc, argv, 0, 0, 0);

    if (result)
        return result;
    return cli_fail(cli, WCL_CODE_NOT_SUPPORTED, "graphdriver", "",
                    "dockerd on Windows has no graph driver plugins");
}

int command_snapshotter(cli *cli, int argc, char **argv)
{
    int result = cli_parse(cli, NULL, &argc, argv, 0, 0, 0);

    if (result)
        return result;
    return cli_fail(
        cli, WCL_CODE_NOT_SUPPORTED, "snapshotter", "",
        "it serves containerd on Linux; on Windows containerd has a snapshotter of its own");
}
