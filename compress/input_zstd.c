/* Zstandard input: any number of frames. */
#include <inttypes.h>
#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/error.h"
#include "compress/input_decoder.h"

/* 128 MiB, what `zstd` itself accepts when it is not asked for more. */
#define WINDOW_LOG_MAX 27

typedef struct zstd_decoder {
    wcl_decoder base;
    ZSTD_DCtx *context;
    size_t expected; /* what zstd said it wants next: 0 between frames */
} zstd_decoder;

static wcl_status fail_zstd(const wcl_input_source *source, size_t result, wcl_error *error)
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
            return fail_zstd(source, result, error);
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

wcl_status wcl_zstd_decoder_new(wcl_decoder **decoder, wcl_error *error)
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
