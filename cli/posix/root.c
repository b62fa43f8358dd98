/* The root of a container, which the oci provider prepares by itself. */
#include "cli/root.h"

int cli_root_begin(cli *cli, const char *layer, wcl_container_config *config, cli_root *root)
{
    *root = (cli_root) { NULL, NULL, 0 };
    return 0;
}

void cli_root_end(cli *cli, const char *layer, bool give_back, cli_root *root)
{
}

bool cli_root_ends_by_itself(void)
{
    return true;
}
