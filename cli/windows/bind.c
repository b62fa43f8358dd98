/* Second places of a layer's mount, which a volume of vmcompute does not have. */
#include "cli/bind.h"

int cli_bind_mount(cli *cli, const char *path, const char *target)
{
    return cli_fail(cli, WCL_CODE_NOT_SUPPORTED, "mount", target,
                    "a layer is not shown at a second place on Windows; mount it without TARGET");
}

int cli_unbind_mounts(cli *cli, const char *path)
{
    return 0;
}
