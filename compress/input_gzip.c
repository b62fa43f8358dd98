/* Gzip input: the sequence of members, over a library that inflates one. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/error.h"
#include "compress/input_decoder.h"

typedef struct gzip_decoder {
    wcl_decoder base;
    const wcl_inflater_ops *inflater_ops;
    wcl_inflater *inflater;
    bool in_member;
    bool after_member; /* at least one member was read */
} gzip_decoder;

static wcl_status fail_trailing(const wcl_input_source *source, wcl_error *error)
{
    return wcl_fail(error, WCL_CODE_CORRUPT,
                    "the gzip data is followed, at byte %" PRIu64
                    ", by something that is neither another member nor padding of zeros",
                    wcl_input_source_offset(source));
}

static wcl_status fail_truncated(const wcl_input_source *source, wcl_error *error)
{
    return wcl_fail(error, WCL_CODE_TRUNCATED,
                    "the gzip data ends within a member after %" PRIu64
                    " bytes; it was not transferred whole",
                    wcl_input_source_offset(source));
}

static wcl_status skip_padding(wcl_input_source *source, wcl_error *error)
{
    for (;;) {
        if (wcl_input_source_fill(source, 1, error) != WCL_OK)
            return WCL_FAILED;
        if (wcl_input_source_ready(source) == 0)
            return WCL_END;
        if (*wcl_input_source_data(source) != 0)
            return fail_trailing(source, error);
        source->position++;
    }
}

/* Goes into the next member; WCL_END when there is none. */
static wcl_status begin_member(gzip_decoder *decoder, wcl_input_source *source, wcl_error *error)
{
    if (wcl_input_source_fill(source, 2, error) != WCL_OK)
        return WCL_FAILED;
    size_t ready = wcl_input_source_ready(source);
    const uint8_t *data = wcl_input_source_data(source);
    if (ready == 0)
        return decoder->after_member ? WCL_END : fail_truncated(source, error);
    if (decoder->after_member && data[0] == 0)
        return skip_padding(source, error);
    if (data[0] != 0x1f || (ready > 1 && data[1] != 0x8b))
        return fail_trailing(source, error);
    if (decoder->after_member)
        decoder->inflater_ops->reset(decoder->inflater);
    decoder->in_member = true;
    return WCL_OK;
}

/* Inflates what is ready. Without progress at the end of the input, the member is cut short. */
static wcl_status inflate_some(gzip_decoder *decoder, wcl_input_source *source, uint8_t *data,
                               size_t size, size_t *made, wcl_error *error)
{
    *made = 0;
    if (wcl_input_source_ready(source) == 0 &&
        wcl_input_source_fill(source, WCL_INPUT_SOURCE_SIZE / 2, error) != WCL_OK)
        return WCL_FAILED;
    size_t ready = wcl_input_source_ready(source);
    wcl_inflate_step step = { wcl_input_source_data(source), ready, data, size, false };
    wcl_status status = decoder->inflater_ops->inflate(decoder->inflater, &step, error);
    source->position += ready - step.in_size;
    *made = size - step.out_size;
    if (status != WCL_OK)
        return WCL_FAILED;
    if (step.done) {
        decoder->in_member = false;
        decoder->after_member = true;
    } else if (ready == step.in_size && *made == 0) {
        return ready == 0 ? fail_truncated(source, error)
                          : wcl_fail(error, WCL_CODE_CORRUPT, "the gzip data is damaged");
    }
    return WCL_OK;
}

static wcl_status input_gzip_decode(wcl_decoder *base, wcl_input_source *source, uint8_t *data,
                                    size_t size, size_t *made, wcl_error *error)
{
    gzip_decoder *decoder = (gzip_decoder *)base;
    *made = 0;
    while (*made < size) {
        if (!decoder->in_member) {
            wcl_status status = begin_member(decoder, source, error);
            if (status != WCL_OK)
                return status;
        }
        size_t more;
        wcl_status status = inflate_some(decoder, source, data + *made, size - *made, &more, error);
        *made += more;
        if (status != WCL_OK)
            return status;
    }
    return WCL_OK;
}

static void free_decoder(wcl_decoder *base)
{
    gzip_decoder *decoder = (gzip_decoder *)base;
    if (decoder->inflater)
        decoder->inflater_ops->free(decoder->inflater);
    free(decoder);
}

static const wcl_decoder_ops gzip_ops = { .decode = input_gzip_decode, .free = free_decoder };

wcl_status wcl_gzip_decoder_new(const wcl_inflater_ops *inflater_ops, wcl_decoder **decoder,
                                wcl_error *error)
{
    gzip_decoder *made = calloc(1, sizeof(*made));
    if (!made)
        return wcl_fail_memory(error);
    made->base.ops = &gzip_ops;
    made->inflater_ops = inflater_ops;
    if (inflater_ops->new (&made->inflater, error) != WCL_OK) {
        free(made);
        return WCL_FAILED;
    }
    *decoder = &made->base;
    return WCL_OK;
}
