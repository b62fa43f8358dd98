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
    WCL_COMPRESSION_XZ = 3, /* this and those below are read only */
    WCL_COMPRESSION_BZIP2 = 4,
} wcl_compression;

/* A compression. Later versions may add fields at the end. */
typedef struct wcl_compression_info {
    wcl_compression compression;
    const char *name;              /* "gzip" */
    const char *suffixes[2];       /* of file names: ".gz"; NULL where there are fewer */
    const char *oci_media_type;    /* of layers; NULL where images cannot have it */
    const char *docker_media_type; /* likewise */
    bool can_write;                /* by this build */
    int least_level, most_level;   /* both 0 where there are no levels */
    int usual_level;               /* what level 0 stands for */
} wcl_compression_info;

/* NULL where there is no such compression: a loop from 0 on finds them all. */
WCL_API const wcl_compression_info *wcl_compression_info_of(wcl_compression compression);

/* Decompressed bytes up to which the ratio to the compressed ones is not checked. */
#define WCL_COMPRESSION_RATIO_FREE (UINT64_C(64) << 20)

#ifdef __cplusplus
}
#endif

#endif
