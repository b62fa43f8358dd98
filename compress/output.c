/* Compressed output: the choice of compression and level, and the order of calls. */
#include <stdlib.h>

#include "base/error.h"
#include "compress/formats.h"

struct wcl_output {
    const wcl_encoder_ops *ops;
    wcl_encoder *encoder;
    bool closed; /* finished, or something failed: no more may come */
};

static wcl_status choose_level(const wcl_compression_info *info, int *level, wcl_error *error)
{
    if (*level == 0)
        *level = info->usual_level;
    else if (info->most_level == 0)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "level %d makes no sense without compression", *level);
    else if (*level < info->least_level || *level > info->most_level)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "%s does not have the level %d; its levels are %d to %d", info->name,
                        *level, info->least_level, info->most_level);
    return WCL_OK;
}

static wcl_status choose(const wcl_encoder_ops **ops, wcl_compression compression, int *level,
                         wcl_error *error)
{
    const wcl_format *format = wcl_format_find(compression);

    if (!format)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "there is no compression %d",
                        (int)compression);
    if (!format->encoder)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "this build of wcl cannot compress with %s; use gzip, or no compression",
                        format->info.name);
    *ops = format->encoder;
    return choose_level(&format->info, level, error);
}

wcl_status wcl_output_open(wcl_write_fn write, void *context, wcl_compression compression,
                           int level, wcl_output **output, wcl_error *error)
{
    const wcl_encoder_ops *ops = NULL;

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
