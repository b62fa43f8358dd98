/* Base64. */
#include "base/base64.h"

#include "base/error.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

wcl_status wcl_base64_encode(const void *data, size_t size, wcl_buffer *out, wcl_error *error)
{
    const uint8_t *bytes = data;

    if (size > SIZE_MAX / 2)
        return wcl_fail_memory(error);
    if (wcl_buffer_reserve(out, (size + 2) / 3 * 4, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i < size; i += 3) {
        size_t left = size - i;
        uint32_t group = (uint32_t)bytes[i] << 16;
        if (left > 1)
            group |= (uint32_t)bytes[i + 1] << 8;
        if (left > 2)
            group |= bytes[i + 2];
        char text[4] = { alphabet[group >> 18], alphabet[group >> 12 & 63],
                         left > 1 ? alphabet[group >> 6 & 63] : '=',
                         left > 2 ? alphabet[group & 63] : '=' };
        if (wcl_buffer_append(out, text, 4, error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

/* The six bits that `character` stands for, or -1. */
static int value_of(char character)
{
    if (character >= 'A' && character <= 'Z')
        return character - 'A';
    if (character >= 'a' && character <= 'z')
        return character - 'a' + 26;
    if (character >= '0' && character <= '9')
        return character - '0' + 52;
    if (character == '+')
        return 62;
    return character == '/' ? 63 : -1;
}

wcl_status wcl_base64_decode(const char *text, size_t size, wcl_buffer *out, wcl_error *error)
{
    size_t padding = 0;

    if (size % 4)
        return wcl_fail(error, WCL_CODE_INVALID_DATA,
                        "base64 of %zu characters, which is no multiple of 4", size);
    while (padding < 2 && padding < size && text[size - 1 - padding] == '=')
        padding++;
    if (wcl_buffer_reserve(out, size / 4 * 3, error) != WCL_OK)
        return WCL_FAILED;
    uint32_t group = 0;
    for (size_t i = 0; i < size; i++) {
        int value = i < size - padding ? value_of(text[i]) : 0;
        if (value < 0)
            return wcl_fail(error, WCL_CODE_INVALID_DATA,
                            "the character at %zu is not one of base64", i);
        group = group << 6 | (uint32_t)value;
        if (i % 4 != 3)
            continue;
        uint8_t bytes[3] = { (uint8_t)(group >> 16), (uint8_t)(group >> 8), (uint8_t)group };
        size_t count = i + 1 == size ? 3 - padding : 3;
        if (wcl_buffer_append(out, bytes, count, error) != WCL_OK)
            return WCL_FAILED;
        group = 0;
    }
    return WCL_OK;
}
