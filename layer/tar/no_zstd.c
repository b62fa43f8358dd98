/* Zstandard in a build without libzstd: recognised and refused. */
#include "base/error.h"
#include "layer/tar/input_decoder.h"
#include "layer/tar/output_encoder.h"

static wcl_status refuse(wcl_error *error)
{
    return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                    "this build of wcl is without zstd; use gzip, or no compression");
}

wcl_status wcl_zstd_decoder_new(wcl_decoder **decoder, wcl_error *error)
{
    (void)decoder;
    return refuse(error);
}

static wcl_status new_encoder(wcl_sink sink, int level, wcl_encoder **encoder, wcl_error *error)
{
    (void)sink;
    (void)level;
    (void)encoder;
    return refuse(error);
}

const wcl_encoder_ops wcl_encoder_zstd = {
    .name = "zstd",
    .least_level = 1,
    .most_level = 19,
    .usual_level = 3,
    .new = new_encoder,
};
