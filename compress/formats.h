/* What a compression implements, and the table of all of them. */
#ifndef WCL_COMPRESS_FORMATS_H
#define WCL_COMPRESS_FORMATS_H

#include "compress/compress.h"
#include "compress/input_decoder.h"
#include "compress/output_encoder.h"

typedef struct wcl_format {
    wcl_compression_info info;
    /* Whether input that begins with these bytes is of this format; NULL: what no other is. */
    bool (*begins)(const uint8_t *data, size_t size);
    /* Either is NULL where it is not supported, or not by this build. */
    wcl_status (*new_decoder)(wcl_decoder **decoder, wcl_error *error);
    const wcl_encoder_ops *encoder;
} wcl_format;

/* The table: a line for each compression, with its name in wcl_compression and here. */
#define WCL_FORMATS(FORMAT)                                                                        \
    FORMAT(NONE, plain)                                                                            \
    FORMAT(GZIP, gzip)                                                                             \
    FORMAT(ZSTD, zstd)                                                                             \
    FORMAT(XZ, xz)                                                                                 \
    FORMAT(BZIP2, bzip2)

#define WCL_FORMAT_DECLARE(NUMBER, name) extern const wcl_format wcl_format_##name;
WCL_FORMATS(WCL_FORMAT_DECLARE)

/* NULL where there is none. */
const wcl_format *wcl_format_find(wcl_compression compression);

#endif
