/* The snapshotter in a build without its libraries: an error that says so. */
#include <wcl/snapshotter.h>

#include "base/error.h"

wcl_status wcl_snapshotter_server_start(const wcl_snapshotter_server_options *options,
                                        wcl_snapshotter_server **server, wcl_error *error)
{
    (void)options;
    *server = NULL;
    wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
             "this wcl was built without libnghttp2 and libprotobuf-c, which serving containerd on "
             "Linux needs");
    return wcl_error_context(error, "serve snapshotter", NULL);
}

void wcl_snapshotter_server_stop(wcl_snapshotter_server *server)
{
    (void)server;
}
