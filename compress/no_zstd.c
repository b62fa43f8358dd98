/* Zstandard in a build without libzstd: recognised and refused. */
#include "base/error.h"
#include "compress/input_decoder.h"
#include "compress/output_encoder.h"

static wcl_status no_zstd_refuse(wcl_error *error)
{
    return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                    "this build of wcl is without zstd; use gzip, or no compression");
}

wcl_status wcl_zstd_decoder_new(wcl_decoder **decoder, wcl_error *error)
{
    (void)decoder;
    return no_zstd_refuse(error);
}

static wcl_status no_zstd_new_encoder(wcl_sink sink, int level, wcl_encoder **encoder,
                                      wcl_error *error)
{
    (void)sink;
    (void)level;
    (void)encoder;
    return no_zstd_refuse(error);
}

const wcl_encoder_ops wcl_encoder_zstd = {
    .name = "zstd",
    .least_level = 1,
    .most_level = 19,
    .usual_level = 3,
    .new = no_zstd_new_encoder,
};
