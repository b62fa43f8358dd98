/* Zstandard. Input is any number of frames; output is one, with a checksum, made by zstd's own
 * threads. */
#include <string.h>

#include "compress/formats.h"

#ifdef WCL_HAVE_ZSTD

#include <inttypes.h>
#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/error.h"
#include "base/thread.h"

/* 128 MiB, what `zstd` itself accepts when it is not asked for more. */
#define WINDOW_LOG_MAX 27

/* With a job of this size per worker, memory stays bounded on large machines. A job that sees half
 * a window of the one before makes up for the small size. Who asks for a high level asks for the
 * least bytes, and gets the large jobs that make them. */
#define MOST_WORKERS 8
#define MOST_FRUGAL_LEVEL 9
#define JOB_SIZE (2 * 1024 * 1024)
#define OVERLAP_LOG 8
#define OUT_SIZE (256u * 1024)

/* ---- Input ---------------------------------------------------------------------------------- */

typedef struct zstd_decoder {
    wcl_decoder base;
    ZSTD_DCtx *context;
    size_t expected; /* what zstd said it wants next: 0 between frames */
} zstd_decoder;

static wcl_status fail_input(const wcl_input_source *source, size_t result, wcl_error *error)
{
    switch (ZSTD_getErrorCode(result)) {
    case ZSTD_error_memory_allocation:
        return wcl_fail_memory(error);
    case ZSTD_error_checksum_wrong:
        return wcl_fail(error, WCL_CODE_CHECKSUM,
                        "the zstd data is damaged: its checksum does not match its contents");
    case ZSTD_error_frameParameter_windowTooLarge:
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "the zstd data needs a window of more than 128 MiB; "
                        "compress it without --ultra or --long");
    case ZSTD_error_prefix_unknown:
        return wcl_fail(error, WCL_CODE_CORRUPT,
                        "the zstd data is followed, at about byte %" PRIu64
                        ", by something that is not another frame",
                        wcl_input_source_offset(source));
    default:
        return wcl_fail(error, WCL_CODE_CORRUPT, "the zstd data is damaged: %s",
                        ZSTD_getErrorName(result));
    }
}

static wcl_status input_zstd_decode(wcl_decoder *base, wcl_input_source *source, uint8_t *data,
                                    size_t size, size_t *made, wcl_error *error)
{
    zstd_decoder *decoder = (zstd_decoder *)base;
    ZSTD_outBuffer out = { data, size, 0 };
    *made = 0;
    while (out.pos < size) {
        if (wcl_input_source_ready(source) == 0 &&
            wcl_input_source_fill(source, WCL_INPUT_SOURCE_SIZE / 2, error) != WCL_OK)
            return WCL_FAILED;
        ZSTD_inBuffer in = { wcl_input_source_data(source), wcl_input_source_ready(source), 0 };
        if (in.size == 0 && decoder->expected == 0)
            return WCL_END;
        size_t before = out.pos;
        size_t result = ZSTD_decompressStream(decoder->context, &out, &in);
        source->position += in.pos;
        *made = out.pos;
        if (ZSTD_isError(result))
            return fail_input(source, result, error);
        decoder->expected = result;
        if (result != 0 && in.size == 0 && out.pos == before)
            return wcl_fail(error, WCL_CODE_TRUNCATED,
                            "the zstd data ends within a frame after %" PRIu64
                            " bytes; it was not transferred whole",
                            wcl_input_source_offset(source));
    }
    return WCL_OK;
}

static void free_decoder(wcl_decoder *base)
{
    zstd_decoder *decoder = (zstd_decoder *)base;
    ZSTD_freeDCtx(decoder->context);
    free(decoder);
}

static const wcl_decoder_ops zstd_ops = { .decode = input_zstd_decode, .free = free_decoder };

static wcl_status new_decoder(wcl_decoder **decoder, wcl_error *error)
{
    zstd_decoder *made = calloc(1, sizeof(*made));
    if (!made)
        return wcl_fail_memory(error);
    made->base.ops = &zstd_ops;
    made->context = ZSTD_createDCtx();
    if (!made->context) {
        free(made);
        return wcl_fail_memory(error);
    }
    ZSTD_DCtx_setParameter(made->context, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
    *decoder = &made->base;
    return WCL_OK;
}

/* ---- Output --------------------------------------------------------------------------------- */

struct wcl_encoder {
    wcl_sink sink;
    ZSTD_CCtx *context;
    uint8_t data[OUT_SIZE];
};

static wcl_status fail_output(size_t result, wcl_error *error)
{
    return wcl_fail(error, WCL_CODE_GEN_FAILURE, "zstd cannot compress: %s",
                    ZSTD_getErrorName(result));
}

static void free_encoder(wcl_encoder *encoder)
{
    ZSTD_freeCCtx(encoder->context);
    free(encoder);
}

static wcl_status new_encoder(wcl_sink sink, int level, wcl_encoder **encoder, wcl_error *error)
{
    wcl_encoder *made = malloc(sizeof(*made));
    if (!made)
        return wcl_fail_memory(error);
    made->sink = sink;
    made->context = ZSTD_createCCtx();
    if (!made->context) {
        free(made);
        return wcl_fail_memory(error);
    }
    ZSTD_CCtx_setParameter(made->context, ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(made->context, ZSTD_c_checksumFlag, 1);
    /* Always a worker, even on one processor: with none the bytes would be others. A libzstd
     * without threads refuses both and compresses here. */
    unsigned workers = wcl_thread_count(MOST_WORKERS);
    bool threaded =
        !ZSTD_isError(ZSTD_CCtx_setParameter(made->context, ZSTD_c_nbWorkers, (int)workers));
    if (threaded && level <= MOST_FRUGAL_LEVEL) {
        ZSTD_CCtx_setParameter(made->context, ZSTD_c_jobSize, JOB_SIZE);
        ZSTD_CCtx_setParameter(made->context, ZSTD_c_overlapLog, OVERLAP_LOG);
    }
    *encoder = made;
    return WCL_OK;
}

/* Runs zstd once and passes on what it made; `*left` is what it says is still inside. */
static wcl_status compress_some(wcl_encoder *encoder, ZSTD_inBuffer *in,
                                ZSTD_EndDirective directive, size_t *left, wcl_error *error)
{
    ZSTD_outBuffer out = { encoder->data, OUT_SIZE, 0 };
    *left = ZSTD_compressStream2(encoder->context, &out, in, directive);
    if (ZSTD_isError(*left))
        return fail_output(*left, error);
    if (out.pos == 0)
        return WCL_OK;
    return encoder->sink.write(encoder->sink.context, encoder->data, out.pos, error);
}

static wcl_status write_zstd(wcl_encoder *encoder, const void *data, size_t size, wcl_error *error)
{
    ZSTD_inBuffer in = { data, size, 0 };
    size_t left;

    while (in.pos < in.size)
        if (compress_some(encoder, &in, ZSTD_e_continue, &left, error) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}

static wcl_status finish_zstd(wcl_encoder *encoder, wcl_error *error)
{
    ZSTD_inBuffer in = { NULL, 0, 0 };
    size_t left;

    do {
        if (compress_some(encoder, &in, ZSTD_e_end, &left, error) != WCL_OK)
            return WCL_FAILED;
    } while (left > 0);
    return WCL_OK;
}

static const wcl_encoder_ops encoder_ops = {
    .new = new_encoder,
    .write = write_zstd,
    .finish = finish_zstd,
    .free = free_encoder,
};

#endif

/* ---- The format ----------------------------------------------------------------------------- */

/* A frame, or one to skip, as parallel compressors write. */
static bool begins_as_zstd(const uint8_t *data, size_t size)
{
    if (size < 4)
        return false;
    bool is_skippable = (data[0] & 0xf0) == 0x50 && memcmp(data + 1, "\x2a\x4d\x18", 3) == 0;
    return is_skippable || memcmp(data, "\x28\xb5\x2f\xfd", 4) == 0;
}

const wcl_format wcl_format_zstd = {
    .info = { .compression = WCL_COMPRESSION_ZSTD,
              .name = "zstd",
              .suffixes = { ".zst", ".tzst" },
              .oci_media_type = WCL_MEDIA_OCI_LAYER "+zstd",
              .docker_media_type = WCL_MEDIA_DOCKER_LAYER ".zstd",
#ifdef WCL_HAVE_ZSTD
              .can_write = true,
#endif
              .least_level = 1,
              .most_level = 19,
              .usual_level = 3 },
    .begins = begins_as_zstd,
#ifdef WCL_HAVE_ZSTD
    .new_decoder = new_decoder,
    .encoder = &encoder_ops,
#endif
};
