/* The files of blobs, for the reader of blobs alone. */
#ifndef WCL_SNAPSHOTTER_BLOB_H
#define WCL_SNAPSHOTTER_BLOB_H

#include "snapshotter/grpc/client.h"

/* Fails where there is no such blob. `fd` is its file, or -1 where that cannot be opened. */
wcl_status wcl_blob_open(const wcl_grpc_target *target, const char *digest, int *fd,
                         wcl_error *error);

#endif
