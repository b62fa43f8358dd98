/* What is written of an image, gathered into large pieces. */
#include <string.h>

#include "erofs/write_private.h"

wcl_status wcl_erofs_output_flush(wcl_erofs_output *output, wcl_error *error)
{
    size_t used = output->used;

    output->used = 0;
    return used ? output->write(output->context, output->bytes, used, error) : WCL_OK;
}

wcl_status wcl_erofs_output_put(wcl_erofs_output *output, const void *data, size_t size,
                                wcl_error *error)
{
    const uint8_t *bytes = data;

    output->position += size;
    while (size) {
        size_t part = sizeof(output->bytes) - output->used;
        part = size < part ? size : part;
        memcpy(output->bytes + output->used, bytes, part);
        output->used += part;
        bytes += part;
        size -= part;
        if (output->used == sizeof(output->bytes) &&
            wcl_erofs_output_flush(output, error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

wcl_status wcl_erofs_output_pad(wcl_erofs_output *output, uint64_t position, wcl_error *error)
{
    static const uint8_t zeros[WCL_EROFS_BLOCK_SIZE];

    while (output->position < position) {
        uint64_t size = position - output->position;
        if (wcl_erofs_output_put(output, zeros, size < sizeof(zeros) ? (size_t)size : sizeof(zeros),
                                 error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}
