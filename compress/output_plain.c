/* Output that is not compressed: small writes are gathered, large ones passed on as they are. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "compress/output_encoder.h"

#define GATHER_SIZE (256u * 1024)

struct wcl_encoder {
    wcl_sink sink;
    size_t size;
    uint8_t data[GATHER_SIZE];
};

static wcl_status output_plain_new_encoder(wcl_sink sink, int level, wcl_encoder **encoder,
                                           wcl_error *error)
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

static wcl_status output_plain_flush(wcl_encoder *encoder, wcl_error *error)
{
    size_t size = encoder->size;
    encoder->size = 0;
    return size ? encoder->sink.write(encoder->sink.context, encoder->data, size, error) : WCL_OK;
}

static wcl_status write_plain(wcl_encoder *encoder, const void *data, size_t size, wcl_error *error)
{
    if (size > GATHER_SIZE - encoder->size && output_plain_flush(encoder, error) != WCL_OK)
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

const wcl_encoder_ops wcl_encoder_plain = {
    .name = "no compression",
    .new = output_plain_new_encoder,
    .write = write_plain,
    .finish = output_plain_flush,
    .free = free_encoder,
};
