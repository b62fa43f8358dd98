/*
 * wcl/compression.h - how layers are compressed.
 */
#ifndef WCL_COMPRESSION_H
#define WCL_COMPRESSION_H

#include <wcl/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum wcl_compression {
    WCL_COMPRESSION_NONE = 0,
    WCL_COMPRESSION_GZIP = 1, /* several members on output, so that all cores can work */
    WCL_COMPRESSION_ZSTD = 2,
} wcl_compression;

/* Bytes that are made before the ratio of inflating is looked at. */
#define WCL_COMPRESSION_RATIO_FREE (UINT64_C(64) << 20)

#ifdef __cplusplus
}
#endif

#endif
