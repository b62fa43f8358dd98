/* SHA-256 and SHA-1, and digests as OCI writes them ("sha256:" and 64 hexadecimal digits). */
#ifndef WCL_BASE_DIGEST_H
#define WCL_BASE_DIGEST_H

#include <wcl/base.h>

#define WCL_SHA256_SIZE 32
/* "sha256:", the digits and a NUL */
#define WCL_DIGEST_TEXT_SIZE 72

typedef struct wcl_sha256 wcl_sha256;

wcl_status wcl_sha256_new(wcl_sha256 **sha256, wcl_error *error);
wcl_status wcl_sha256_update(wcl_sha256 *sha256, const void *data, size_t size, wcl_error *error);
/* The digest of all that was given; afterwards it starts anew. */
wcl_status wcl_sha256_finish(wcl_sha256 *sha256, uint8_t digest[WCL_SHA256_SIZE], wcl_error *error);
void wcl_sha256_free(wcl_sha256 *sha256);
/* The digest of `size` bytes. */
wcl_status wcl_sha256_of(const void *data, size_t size, uint8_t digest[WCL_SHA256_SIZE],
                         wcl_error *error);

void wcl_digest_format(const uint8_t digest[WCL_SHA256_SIZE], char text[WCL_DIGEST_TEXT_SIZE]);
/* Reads "sha256:..." (the prefix may be missing); other algorithms are refused by name. */
wcl_status wcl_digest_parse(const char *text, uint8_t digest[WCL_SHA256_SIZE], wcl_error *error);

/* SHA-1 of `size` bytes, for GUIDs only. */
wcl_status wcl_sha1(const void *data, size_t size, uint8_t digest[20], wcl_error *error);

#endif
