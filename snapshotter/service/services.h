/* containerd's services: from messages to the snapshotter and back. The context of each method is a
 * wcl_snapshot_services. */
#ifndef WCL_SNAPSHOTTER_SERVICES_H
#define WCL_SNAPSHOTTER_SERVICES_H

#include "snapshotter/driver.h"
#include "snapshotter/grpc/server.h"

typedef struct wcl_snapshot_services {
    wcl_snapshotter *snapshotter;
    const char *content_socket; /* NULL: there is no differ */
} wcl_snapshot_services;

const wcl_grpc_method *wcl_snapshot_service_methods(size_t *count);
const wcl_grpc_method *wcl_diff_service_methods(size_t *count);

#endif
