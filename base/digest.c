/* Digests, through OpenSSL's libcrypto, which uses the processor's own SHA instructions. */
#include "base/digest.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

struct wcl_sha256 {
    EVP_MD_CTX *context;
};

static wcl_status fail_crypto(wcl_error *error, const char *algorithm)
{
    return wcl_fail(error, WCL_CODE_GEN_FAILURE, "libcrypto cannot compute %s", algorithm);
}

wcl_status wcl_sha256_new(wcl_sha256 **sha256, wcl_error *error)
{
    wcl_sha256 *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    made->context = EVP_MD_CTX_new();
    if (!made->context || EVP_DigestInit_ex(made->context, EVP_sha256(), NULL) != 1) {
        wcl_sha256_free(made);
        return fail_crypto(error, "SHA-256");
    }
    *sha256 = made;
    return WCL_OK;
}

wcl_status wcl_sha256_update(wcl_sha256 *sha256, const void *data, size_t size, wcl_error *error)
{
    if (EVP_DigestUpdate(sha256->context, data, size) != 1)
        return fail_crypto(error, "SHA-256");
    return WCL_OK;
}

wcl_status wcl_sha256_finish(wcl_sha256 *sha256, uint8_t digest[WCL_SHA256_SIZE], wcl_error *error)
{
    unsigned size = 0;

    if (EVP_DigestFinal_ex(sha256->context, digest, &size) != 1 || size != WCL_SHA256_SIZE ||
        EVP_DigestInit_ex(sha256->context, EVP_sha256(), NULL) != 1)
        return fail_crypto(error, "SHA-256");
    return WCL_OK;
}

void wcl_sha256_free(wcl_sha256 *sha256)
{
    if (sha256)
        EVP_MD_CTX_free(sha256->context);
    free(sha256);
}

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
                        "the digest '%.100s' has not 64 hexadecimal digits", text);
    for (size_t i = 0; i < WCL_SHA256_SIZE; i++) {
        int high = hex_digit(digits[2 * i]), low = hex_digit(digits[2 * i + 1]);
        if (high < 0 || low < 0)
            return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                            "the digest '%.100s' has a character that is no lower-case hexadecimal "
                            "digit",
                            text);
        digest[i] = (uint8_t)(high << 4 | low);
    }
    return WCL_OK;
}

wcl_status wcl_sha1(const void *data, size_t size, uint8_t digest[20], wcl_error *error)
{
    unsigned length = 0;

    if (EVP_Digest(data, size, digest, &length, EVP_sha1(), NULL) != 1 || length != 20)
        return fail_crypto(error, "SHA-1");
    return WCL_OK;
}
