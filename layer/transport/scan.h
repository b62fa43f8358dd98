/* Looking through the stream headers of a backup stream in a file, without reading its data. */
#ifndef WCL_TRANSPORT_SCAN_H
#define WCL_TRANSPORT_SCAN_H

#include "layer/entry/stream_shape.h"

/* Checks the stream from `offset` to `size`, the file's end, and tells its shape. */
wcl_status wcl_scan_stream(int fd, uint64_t offset, uint64_t size, wcl_stream_shape *shape,
                           wcl_error *error);

#endif
