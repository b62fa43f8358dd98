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

/* The six bits that each character stands for; NO for what is none of base64's. */
#define NO 0xFF
#define NO_4 NO, NO, NO, NO
#define NO_16 NO_4, NO_4, NO_4, NO_4
static const uint8_t values[256] = {
    /* clang-format off */
    NO_16, NO_16,
    NO_4, NO_4, NO, NO, NO, 62, NO, NO, NO, 63,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, NO, NO, NO_4,
    NO, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
    15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, NO, NO, NO, NO, NO,
    NO, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
    41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, NO, NO, NO, NO, NO,
    NO_16, NO_16, NO_16, NO_16, NO_16, NO_16, NO_16, NO_16,
    /* clang-format on */
};

static wcl_status fail_character(const char *text, size_t size, wcl_error *error)
{
    size_t at = 0;

    while (at < size && values[(uint8_t)text[at]] != NO)
        at++;
    return wcl_fail(error, WCL_CODE_INVALID_DATA, "the character at %zu is not one of base64", at);
}

wcl_status wcl_base64_decode(const char *text, size_t size, wcl_buffer *out, wcl_error *error)
{
    size_t padding = 0;

    if (size % 4)
        return wcl_fail(error, WCL_CODE_INVALID_DATA,
                        "base64 of %zu characters, which is not a multiple of 4", size);
    while (padding < 2 && padding < size && text[size - 1 - padding] == '=')
        padding++;
    if (wcl_buffer_reserve(out, size / 4 * 3, error) != WCL_OK)
        return WCL_FAILED;
    const size_t digits = size - padding;
    uint8_t *to = out->data + out->size;
    for (size_t i = 0; i < digits; i += 4) {
        uint32_t group = 0;
        uint8_t wrong = 0;
        for (size_t j = 0; j < 4; j++) {
            uint8_t value = i + j < digits ? values[(uint8_t)text[i + j]] : 0;
            wrong |= value;
            group = group << 6 | value;
        }
        if (wrong & 0xC0)
            return fail_character(text, digits, error);
        *to++ = (uint8_t)(group >> 16);
        *to++ = (uint8_t)(group >> 8);
        *to++ = (uint8_t)group;
    }
    out->size += size / 4 * 3 - padding;
    out->data[out->size] = '\0';
    return WCL_OK;
}

wcl_status wcl_base64_decode_loose(const char *text, size_t size, wcl_buffer *out, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer padded = WCL_BUFFER_INIT;

    if (wcl_buffer_append(&padded, text, size, error) != WCL_OK)
        return WCL_FAILED;
    while (padded.size % 4)
        if (wcl_buffer_append_byte(&padded, '=', error) != WCL_OK)
            return WCL_FAILED;
    return wcl_base64_decode(wcl_buffer_text(&padded), padded.size, out, error);
}
