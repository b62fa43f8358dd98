/* What a compression implements to be written; output.c checks the order of calls and passes the
 * bytes on in pieces of a good size. */
#ifndef WCL_COMPRESS_OUTPUT_ENCODER_H
#define WCL_COMPRESS_OUTPUT_ENCODER_H

#include <wcl/base.h>

/* Where compressed bytes go. */
typedef struct wcl_sink {
    wcl_write_fn write;
    void *context;
} wcl_sink;

typedef struct wcl_encoder wcl_encoder;

typedef struct wcl_encoder_ops {
    wcl_status (*new)(wcl_sink sink, int level, wcl_encoder **encoder, wcl_error *error);
    wcl_status (*write)(wcl_encoder *encoder, const void *data, size_t size, wcl_error *error);
    wcl_status (*finish)(wcl_encoder *encoder, wcl_error *error);
    void (*free)(wcl_encoder *encoder);
} wcl_encoder_ops;

#endif
