/* Rights are taken there when they are needed (cli_system_take_rights()), and none given up. */
#include "cli/cli.h"

void cli_drop_rights(cli *cli, const cli_option *options, int argc, char **argv)
{
}
