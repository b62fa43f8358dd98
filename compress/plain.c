/* No compression. On output small writes are gathered, and large ones passed on as they are. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "compress/formats.h"

#define GATHER_SIZE (256u * 1024)

/* ---- Input ---------------------------------------------------------------------------------- */

static wcl_status input_plain_decode(wcl_decoder *decoder, wcl_input_source *source, uint8_t *data,
                                     size_t size, size_t *made, wcl_error *error)
{
    (void)decoder;
    *made = 0;
    while (*made < size) {
        size_t got;
        if (wcl_input_source_read(source, data + *made, size - *made, &got, error) != WCL_OK)
            return WCL_FAILED;
        if (got == 0)
            return WCL_END;
        *made += got;
    }
    return WCL_OK;
}

static void free_decoder(wcl_decoder *decoder)
{
    free(decoder);
}

static const wcl_decoder_ops plain_ops = { .decode = input_plain_decode, .free = free_decoder };

static wcl_status new_decoder(wcl_decoder **decoder, wcl_error *error)
{
    wcl_decoder *made = calloc(1, sizeof(*made));
    if (!made)
        return wcl_fail_memory(error);
    made->ops = &plain_ops;
    *decoder = made;
    return WCL_OK;
}

/* ---- Output --------------------------------------------------------------------------------- */

struct wcl_encoder {
    wcl_sink sink;
    size_t size;
    uint8_t data[GATHER_SIZE];
};

static wcl_status new_encoder(wcl_sink sink, int level, wcl_encoder **encoder, wcl_error *error)
{
    (void)level;
    wcl_encoder *made = malloc(sizeof(*made));
    if (!made)
        return wcl_fail_memory(error);
    made->sink = sink;
    made->size = 0;
    *encoder = made;
    return WCL_OK;
}

static wcl_status flush_gathered(wcl_encoder *encoder, wcl_error *error)
{
    size_t size = encoder->size;
    encoder->size = 0;
    return size ? encoder->sink.write(encoder->sink.context, encoder->data, size, error) : WCL_OK;
}

static wcl_status write_plain(wcl_encoder *encoder, const void *data, size_t size, wcl_error *error)
{
    if (size > GATHER_SIZE - encoder->size && flush_gathered(encoder, error) != WCL_OK)
        return WCL_FAILED;
    if (size >= GATHER_SIZE / 2 && encoder->size == 0)
        return encoder->sink.write(encoder->sink.context, data, size, error);
    memcpy(encoder->data + encoder->size, data, size);
    encoder->size += size;
    return WCL_OK;
}

static void free_encoder(wcl_encoder *encoder)
{
    free(encoder);
}

static const wcl_encoder_ops encoder_ops = {
    .new = new_encoder,
    .write = write_plain,
    .finish = flush_gathered,
    .free = free_encoder,
};

const wcl_format wcl_format_plain = {
    .info = { .compression = WCL_COMPRESSION_NONE,
              .name = "none",
              .oci_media_type = WCL_MEDIA_OCI_LAYER,
              .docker_media_type = WCL_MEDIA_DOCKER_LAYER,
              .can_write = true },
    .new_decoder = new_decoder,
    .encoder = &encoder_ops,
};
