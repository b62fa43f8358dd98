/* SHA-256 and SHA-1 through Windows' own cryptography (bcrypt.dll). */
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#include <bcrypt.h>
#include <stdlib.h>

#include "base/digest.h"
#include "base/error.h"

struct wcl_sha256 {
    BCRYPT_ALG_HANDLE algorithm;
    BCRYPT_HASH_HANDLE hash;
};

static wcl_status fail_crypto(wcl_error *error, const char *algorithm)
{
    return wcl_fail(error, WCL_CODE_GEN_FAILURE, "bcrypt.dll cannot compute %s", algorithm);
}

static wcl_status feed(BCRYPT_HASH_HANDLE hash, const void *data, size_t size,
                       const char *algorithm, wcl_error *error)
{
    const uint8_t *bytes = data;

    while (size > 0) {
        ULONG part = size > 0x40000000 ? 0x40000000 : (ULONG)size;
        if (BCryptHashData(hash, (PUCHAR)(uintptr_t)bytes, part, 0) < 0)
            return fail_crypto(error, algorithm);
        bytes += part;
        size -= part;
    }
    return WCL_OK;
}

static wcl_status digest_windows_start(wcl_sha256 *sha256, wcl_error *error)
{
    sha256->hash = NULL;
    if (BCryptCreateHash(sha256->algorithm, &sha256->hash, NULL, 0, NULL, 0, 0) < 0)
        return fail_crypto(error, "SHA-256");
    return WCL_OK;
}

wcl_status wcl_sha256_new(wcl_sha256 **sha256, wcl_error *error)
{
    wcl_sha256 *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    if (BCryptOpenAlgorithmProvider(&made->algorithm, BCRYPT_SHA256_ALGORITHM, NULL, 0) < 0) {
        free(made);
        return fail_crypto(error, "SHA-256");
    }
    if (digest_windows_start(made, error) != WCL_OK) {
        wcl_sha256_free(made);
        return WCL_FAILED;
    }
    *sha256 = made;
    return WCL_OK;
}

wcl_status wcl_sha256_update(wcl_sha256 *sha256, const void *data, size_t size, wcl_error *error)
{
    return feed(sha256->hash, data, size, "SHA-256", error);
}

wcl_status wcl_sha256_finish(wcl_sha256 *sha256, uint8_t digest[WCL_SHA256_SIZE], wcl_error *error)
{
    if (BCryptFinishHash(sha256->hash, digest, WCL_SHA256_SIZE, 0) < 0)
        return fail_crypto(error, "SHA-256");
    BCryptDestroyHash(sha256->hash);
    return digest_windows_start(sha256, error);
}

void wcl_sha256_free(wcl_sha256 *sha256)
{
    if (!sha256)
        return;
    if (sha256->hash)
        BCryptDestroyHash(sha256->hash);
    BCryptCloseAlgorithmProvider(sha256->algorithm, 0);
    free(sha256);
}

wcl_status wcl_sha1(const void *data, size_t size, uint8_t digest[20], wcl_error *error)
{
    BCRYPT_ALG_HANDLE algorithm;
    BCRYPT_HASH_HANDLE hash = NULL;

    if (BCryptOpenAlgorithmProvider(&algorithm, BCRYPT_SHA1_ALGORITHM, NULL, 0) < 0)
        return fail_crypto(error, "SHA-1");
    wcl_status status = WCL_FAILED;
    if (BCryptCreateHash(algorithm, &hash, NULL, 0, NULL, 0, 0) < 0)
        fail_crypto(error, "SHA-1");
    else if (feed(hash, data, size, "SHA-1", error) == WCL_OK)
        status = BCryptFinishHash(hash, digest, 20, 0) < 0 ? fail_crypto(error, "SHA-1") : WCL_OK;
    if (hash)
        BCryptDestroyHash(hash);
    BCryptCloseAlgorithmProvider(algorithm, 0);
    return status;
}
