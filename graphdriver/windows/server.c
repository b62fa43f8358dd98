/* The plugin server, which Windows cannot have. */
#include <wcl/graphdriver.h>

#include "base/error.h"

wcl_status wcl_graphdriver_server_start(const wcl_graphdriver_server_options *options,
                                        wcl_graphdriver_server **server, wcl_error *error)
{
    (void)options;
    *server = NULL;
    return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                    "dockerd takes no graph driver plugins on Windows; it has its own driver, "
                    "windowsfilter, whose layers wcl understands");
}

void wcl_graphdriver_server_stop(wcl_graphdriver_server *server)
{
    (void)server;
}
