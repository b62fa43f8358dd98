/* Compressed output: the choice of compression and level, and the order of calls. */
#include <stdlib.h>

#include "base/error.h"
#include "compress/compress.h"
#include "compress/output_encoder.h"

struct wcl_output {
    const wcl_encoder_ops *ops;
    wcl_encoder *encoder;
    bool closed; /* finished, or something failed: no more may come */
};

static const wcl_encoder_ops *encoder_of(wcl_compression compression)
{
    switch (compression) {
    case WCL_COMPRESSION_NONE:
        return &wcl_encoder_plain;
    case WCL_COMPRESSION_GZIP:
        return &wcl_encoder_gzip;
    case WCL_COMPRESSION_ZSTD:
        return &wcl_encoder_zstd;
    }
    return NULL;
}

static wcl_status choose(const wcl_encoder_ops **ops, wcl_compression compression, int *level,
                         wcl_error *error)
{
    *ops = encoder_of(compression);
    if (!*ops)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "there is no compression %d",
                        (int)compression);
    if (*level == 0)
        *level = (*ops)->usual_level;
    else if ((*ops)->most_level == 0)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "level %d makes no sense without compression", *level);
    else if (*level < (*ops)->least_level || *level > (*ops)->most_level)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "%s has no level %d; its levels are %d to %d", (*ops)->name, *level,
                        (*ops)->least_level, (*ops)->most_level);
    return WCL_OK;
}

wcl_status wcl_output_open(wcl_write_fn write, void *context, wcl_compression compression,
                           int level, wcl_output **output, wcl_error *error)
{
    const wcl_encoder_ops *ops;

    if (choose(&ops, compression, &level, error) != WCL_OK)
        return WCL_FAILED;
    wcl_output *made = calloc(1, sizeof(*made));
    if (!made)
        return wcl_fail_memory(error);
    made->ops = ops;
    if (ops->new ((wcl_sink) { write, context }, level, &made->encoder, error) != WCL_OK) {
        free(made);
        return WCL_FAILED;
    }
    *output = made;
    return WCL_OK;
}

static wcl_status refuse_if_closed(const wcl_output *output, wcl_error *error)
{
    if (output->closed)
        return wcl_fail(error, WCL_CODE_INVALID_STATE,
                        "the output was finished, or failed before, and takes no more");
    return WCL_OK;
}

wcl_status wcl_output_write(wcl_output *output, const void *data, size_t size, wcl_error *error)
{
    if (refuse_if_closed(output, error) != WCL_OK)
        return WCL_FAILED;
    if (size == 0 || output->ops->write(output->encoder, data, size, error) == WCL_OK)
        return WCL_OK;
    output->closed = true;
    return WCL_FAILED;
}

wcl_status wcl_output_finish(wcl_output *output, wcl_error *error)
{
    if (refuse_if_closed(output, error) != WCL_OK)
        return WCL_FAILED;
    output->closed = true;
    return output->ops->finish(output->encoder, error);
}

void wcl_output_free(wcl_output *output)
{
    if (!output)
        return;
    output->ops->free(output->encoder);
    free(output);
}
