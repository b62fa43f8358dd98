/* SHA-256 and SHA-1 through OpenSSL's libcrypto, which uses the processor's own instructions. */
#include <openssl/evp.h>
#include <stdlib.h>

#include "base/digest.h"
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

wcl_status wcl_sha1(const void *data, size_t size, uint8_t digest[20], wcl_error *error)
{
    unsigned length = 0;

    if (EVP_Digest(data, size, digest, &length, EVP_sha1(), NULL) != 1 || length != 20)
        return fail_crypto(error, "SHA-1");
    return WCL_OK;
}
