/* Leases, which keep containerd from collecting what nothing else holds yet. */
#ifndef WCL_SNAPSHOTTER_LEASE_H
#define WCL_SNAPSHOTTER_LEASE_H

#include "snapshotter/grpc/client.h"

#define WCL_LEASE_SIZE 64

/* Makes one that ends by itself after an hour: nobody tells when who asked for a blob holds it. */
wcl_status wcl_lease_create(const wcl_grpc_target *target, char lease[WCL_LEASE_SIZE],
                            wcl_error *error);

#endif
