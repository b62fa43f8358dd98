/* xz, which is read. Layers of images do not have it, but tars that people made do. */
#include <string.h>

#include "compress/formats.h"

#ifdef WCL_HAVE_LZMA

#include <inttypes.h>
#include <lzma.h>
#include <stdlib.h>

#include "base/error.h"

/* What `xz -9` takes to be read is a quarter of it. A stream says itself how much it wants. */
#define MEMORY_MAX ((uint64_t)256 * 1024 * 1024)

typedef struct xz_decoder {
    wcl_decoder base;
    lzma_stream stream;
} xz_decoder;

static wcl_status fail_xz(const wcl_input_source *source, lzma_ret result, wcl_error *error)
{
    switch (result) {
    case LZMA_MEM_ERROR:
        return wcl_fail_memory(error);
    case LZMA_MEMLIMIT_ERROR:
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "the xz data needs more than %" PRIu64
                        " MiB of memory; compress it with a smaller dictionary",
                        MEMORY_MAX / (1024 * 1024));
    case LZMA_OPTIONS_ERROR:
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "the xz data has filters or checks that are not supported");
    case LZMA_BUF_ERROR:
        return wcl_fail(error, WCL_CODE_TRUNCATED,
                        "the xz data ends too early, after %" PRIu64
                        " bytes; it was not transferred whole",
                        wcl_input_source_offset(source));
    default:
        return wcl_fail(error, WCL_CODE_CORRUPT,
                        "cannot decompress the xz data: it is damaged at about byte %" PRIu64,
                        wcl_input_source_offset(source));
    }
}

static wcl_status xz_decode(wcl_decoder *base, wcl_input_source *source, uint8_t *data, size_t size,
                            size_t *made, wcl_error *error)
{
    lzma_stream *stream = &((xz_decoder *)base)->stream;
    lzma_ret result = LZMA_OK;

    *made = 0;
    while (*made < size && result == LZMA_OK) {
        if (wcl_input_source_ready(source) == 0 &&
            wcl_input_source_fill(source, WCL_INPUT_SOURCE_SIZE / 2, error) != WCL_OK)
            return WCL_FAILED;
        size_t ready = wcl_input_source_ready(source);
        stream->next_in = wcl_input_source_data(source);
        stream->avail_in = ready;
        stream->next_out = data + *made;
        stream->avail_out = size - *made;
        result = lzma_code(stream, ready ? LZMA_RUN : LZMA_FINISH);
        source->position += ready - stream->avail_in;
        *made = size - stream->avail_out;
    }
    if (result == LZMA_STREAM_END)
        return WCL_END;
    return result == LZMA_OK ? WCL_OK : fail_xz(source, result, error);
}

static void free_xz(wcl_decoder *base)
{
    xz_decoder *decoder = (xz_decoder *)base;

    lzma_end(&decoder->stream);
    free(decoder);
}

static const wcl_decoder_ops xz_ops = { .decode = xz_decode, .free = free_xz };

static wcl_status new_xz_decoder(wcl_decoder **decoder, wcl_error *error)
{
    xz_decoder *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    made->base.ops = &xz_ops;
    made->stream = (lzma_stream)LZMA_STREAM_INIT;
    if (lzma_stream_decoder(&made->stream, MEMORY_MAX, LZMA_CONCATENATED) != LZMA_OK) {
        free_xz(&made->base);
        return wcl_fail_memory(error);
    }
    *decoder = &made->base;
    return WCL_OK;
}

#endif

static bool begins_as_xz(const uint8_t *data, size_t size)
{
    static const uint8_t magic[] = { 0xfd, '7', 'z', 'X', 'Z', 0 };

    return size >= sizeof(magic) && memcmp(data, magic, sizeof(magic)) == 0;
}

const wcl_format wcl_format_xz = {
    .info = { .compression = WCL_COMPRESSION_XZ, .name = "xz", .suffixes = { ".xz", ".txz" } },
    .begins = begins_as_xz,
#ifdef WCL_HAVE_LZMA
    .new_decoder = new_xz_decoder,
#endif
};
