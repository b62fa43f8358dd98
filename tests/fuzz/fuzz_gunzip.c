/* Compressed input: no damage crashes or hangs it, and the library that inflates fast gives the
 * very bytes that zlib gives. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "compress/compress.h"
#include "compress/input_decoder.h"
#include "tests/tools/check.h"

#define MOST_BYTES (256u * 1024)

typedef struct source {
    const uint8_t *data;
    size_t size;
    size_t piece; /* bytes given at once, at most */
} source;

static wcl_status give(void *context, void *buffer, size_t size, size_t *got, wcl_error *error)
{
    source *from = context;

    (void)error;
    if (size > from->piece)
        size = from->piece;
    if (size > from->size)
        size = from->size;
    if (size > 0)
        memcpy(buffer, from->data, size);
    from->data += size;
    from->size -= size;
    *got = size;
    return WCL_OK;
}

static wcl_status decompress(source from, wcl_compression *compression, wcl_buffer *contents)
{
    wcl_input_options options = { .max_size = MOST_BYTES };
    wcl_input *input;
    wcl_block *block;
    wcl_status status = wcl_input_open(give, &from, &options, &input, NULL);

    if (status != WCL_OK)
        return status;
    *compression = wcl_input_compression(input);
    while ((status = wcl_input_next(input, &block, NULL)) == WCL_OK) {
        CHECK(block->size > 0 && block->offset == contents->size);
        CHECK(wcl_buffer_append(contents, block->data, block->size, NULL) == WCL_OK);
        wcl_block_unref(block);
    }
    CHECK(contents->size <= MOST_BYTES);
    wcl_input_free(input);
    return status;
}

static wcl_status gunzip_with_zlib(source from, wcl_buffer *contents)
{
    wcl_input_source input = { .read = give, .context = &from };
    wcl_decoder *decoder;
    uint8_t piece[4096];
    size_t made;
    wcl_status status;

    CHECK(wcl_input_source_init(&input, NULL) == WCL_OK);
    CHECK(wcl_gzip_decoder_new(&wcl_inflater_zlib, &decoder, NULL) == WCL_OK);
    do {
        status = decoder->ops->decode(decoder, &input, piece, sizeof(piece), &made, NULL);
        CHECK(made <= sizeof(piece));
        CHECK(wcl_buffer_append(contents, piece, made, NULL) == WCL_OK);
    } while (status == WCL_OK && contents->size <= MOST_BYTES);
    decoder->ops->free(decoder);
    wcl_input_source_free(&input);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    WCL_CLEANUP_BUFFER wcl_buffer contents = WCL_BUFFER_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer expected = WCL_BUFFER_INIT;
    wcl_compression compression = WCL_COMPRESSION_NONE;

    if (size == 0)
        return 0;
    source from = { data + 1, size - 1, 1 + (size_t)data[0] * data[0] };
    wcl_status status = decompress(from, &compression, &contents);
    if (compression == WCL_COMPRESSION_NONE && status == WCL_END) {
        CHECK(contents.size == from.size);
        CHECK(from.size == 0 || memcmp(contents.data, from.data, from.size) == 0);
    }
    if (compression != WCL_COMPRESSION_GZIP)
        return 0;
    wcl_status expected_status = gunzip_with_zlib(from, &expected);
    if (status == WCL_END && expected_status == WCL_END) {
        CHECK(contents.size == expected.size);
        CHECK(expected.size == 0 || memcmp(contents.data, expected.data, expected.size) == 0);
    }
    /* zlib checks more of a header, and so refuses more; what it takes must be taken. */
    if (expected_status == WCL_END && expected.size <= MOST_BYTES)
        CHECK(status == WCL_END);
    return 0;
}
