/* Digests in documents of images: only whole ones of SHA-256. */
#include <string.h>

#include "base/error.h"
#include "image/document.h"

#define PREFIX "sha256:"
#define DIGITS 64

wcl_status wcl_digest_check(const char *digest, wcl_error *error)
{
    const char *colon = strchr(digest, ':');

    if (!colon)
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "'%.80s' is not a digest", digest);
    if (strncmp(digest, PREFIX, strlen(PREFIX)) != 0)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "digests of the algorithm '%.*s' are not supported; only sha256 is",
                        (int)(colon - digest > 40 ? 40 : colon - digest), digest);
    if (strlen(digest) != strlen(PREFIX) + DIGITS ||
        strspn(colon + 1, "0123456789abcdef") != DIGITS)
        return wcl_fail(
            error, WCL_CODE_INVALID_DATA,
            "'%.80s' is not a digest: %d hexadecimal digits in lower case follow '" PREFIX "'",
            digest, DIGITS);
    return WCL_OK;
}

wcl_status wcl_digest_of(const void *data, size_t size, char text[WCL_DIGEST_TEXT_SIZE],
                         wcl_error *error)
{
    uint8_t digest[WCL_SHA256_SIZE];

    if (wcl_sha256_of(data, size, digest, error) != WCL_OK)
        return WCL_FAILED;
    wcl_digest_format(digest, text);
    return WCL_OK;
}
