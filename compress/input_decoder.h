/* What a compression implements to be read; input.c runs it on the reading thread. */
#ifndef WCL_COMPRESS_INPUT_DECODER_H
#define WCL_COMPRESS_INPUT_DECODER_H

#include "compress/input_source.h"

typedef struct wcl_decoder wcl_decoder;

typedef struct wcl_decoder_ops {
    /*
     * Decompresses until `size` bytes are made or the stream ends (WCL_END). `*made` counts the
     * good bytes in every case, also before a failure.
     */
    wcl_status (*decode)(wcl_decoder *decoder, wcl_input_source *source, uint8_t *data, size_t size,
                         size_t *made, wcl_error *error);
    void (*free)(wcl_decoder *decoder);
} wcl_decoder_ops;

struct wcl_decoder {
    const wcl_decoder_ops *ops;
};

/* ---- Gzip ----------------------------------------------------------------------------------- */

/* One step of inflating a member: what is left of the input and of the room for output. */
typedef struct wcl_inflate_step {
    const uint8_t *in;
    size_t in_size;
    uint8_t *out;
    size_t out_size;
    bool done; /* the member is whole and its checksum right */
} wcl_inflate_step;

/* A library that inflates one gzip member, header and checksum included. */
typedef struct wcl_inflater wcl_inflater;

typedef struct wcl_inflater_ops {
    wcl_status (*new)(wcl_inflater **inflater, wcl_error *error);
    /* Makes ready for another member. */
    void (*reset)(wcl_inflater *inflater);
    wcl_status (*inflate)(wcl_inflater *inflater, wcl_inflate_step *step, wcl_error *error);
    void (*free)(wcl_inflater *inflater);
} wcl_inflater_ops;

extern const wcl_inflater_ops wcl_inflater_zlib;
#ifdef WCL_HAVE_ISAL
extern const wcl_inflater_ops wcl_inflater_isal;
#define WCL_INFLATER_BEST wcl_inflater_isal
#else
#define WCL_INFLATER_BEST wcl_inflater_zlib
#endif

wcl_status wcl_gzip_decoder_new(const wcl_inflater_ops *inflater_ops, wcl_decoder **decoder,
                                wcl_error *error);

#endif
