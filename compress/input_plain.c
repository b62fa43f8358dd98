/* Input that is not compressed. */
#include <stdlib.h>

#include "base/error.h"
#include "compress/input_decoder.h"

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

wcl_status wcl_plain_decoder_new(wcl_decoder **decoder, wcl_error *error)
{
    wcl_decoder *made = calloc(1, sizeof(*made));
    if (!made)
        return wcl_fail_memory(error);
    made->ops = &plain_ops;
    *decoder = made;
    return WCL_OK;
}
