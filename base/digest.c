/* Digests as OCI writes them. */
#include "base/digest.h"

#include <string.h>

#include "base/error.h"

void wcl_digest_format(const uint8_t digest[WCL_SHA256_SIZE], char text[WCL_DIGEST_TEXT_SIZE])
{
    static const char digits[] = "0123456789abcdef";

    memcpy(text, "sha256:", 7);
    for (size_t i = 0; i < WCL_SHA256_SIZE; i++) {
        text[7 + 2 * i] = digits[digest[i] >> 4];
        text[8 + 2 * i] = digits[digest[i] & 15];
    }
    text[WCL_DIGEST_TEXT_SIZE - 1] = '\0';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

wcl_status wcl_digest_parse(const char *text, uint8_t digest[WCL_SHA256_SIZE], wcl_error *error)
{
    const char *digits = text;

    if (strncmp(text, "sha256:", 7) == 0)
        digits += 7;
    else if (strchr(text, ':'))
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "the digest '%.100s' is not SHA-256, the only algorithm in use", text);
    if (strlen(digits) != 2 * WCL_SHA256_SIZE)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "the digest '%.100s' does not have 64 hexadecimal digits", text);
    for (size_t i = 0; i < WCL_SHA256_SIZE; i++) {
        int high = hex_digit(digits[2 * i]), low = hex_digit(digits[2 * i + 1]);
        if (high < 0 || low < 0)
            return wcl_fail(
                error, WCL_CODE_INVALID_PARAMETER,
                "the digest '%.100s' has a character that is not a lower-case hexadecimal "
                "digit",
                text);
        digest[i] = (uint8_t)(high << 4 | low);
    }
    return WCL_OK;
}

wcl_status wcl_sha256_of(const void *data, size_t size, uint8_t digest[WCL_SHA256_SIZE],
                         wcl_error *error)
{
    wcl_sha256 *sha256 = NULL;

    wcl_status status = wcl_sha256_new(&sha256, error);
    if (status == WCL_OK)
        status = wcl_sha256_update(sha256, data, size, error);
    if (status == WCL_OK)
        status = wcl_sha256_finish(sha256, digest, error);
    wcl_sha256_free(sha256);
    return status;
}
