/* Reparse points: a link that decodes encodes to one that decodes to the same target. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <wcl/backupstream.h>

#include "base/utf16.h"
#include "tests/tools/check.h"

static void check_target(const char *target, bool is_mount_point)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_reparse_link link;
    void *encoded, *again;
    size_t size, again_size;
    uint32_t tag;

    if (wcl_reparse_encode_link(target, is_mount_point, &encoded, &size, &error) != WCL_OK) {
        CHECK(error.code == WCL_CODE_NAME_TOO_LONG || error.code == WCL_CODE_INVALID_NAME);
        return;
    }
    CHECK(size <= WCL_REPARSE_MAX);
    CHECK(wcl_reparse_tag(encoded, size, &tag, NULL) == WCL_OK);
    CHECK(wcl_reparse_decode_link(encoded, size, &link, NULL) == WCL_OK);
    CHECK(strcmp(link.target, target) == 0);
    CHECK(link.is_mount_point == is_mount_point);
    CHECK(wcl_reparse_encode_link(link.target, is_mount_point, &again, &again_size, NULL) ==
          WCL_OK);
    CHECK(again_size == size && memcmp(again, encoded, size) == 0);
    wcl_free(link.target);
    wcl_free(encoded);
    wcl_free(again);
}

/* The input as a target. */
static void check_text(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    CHECK(text);
    if (size)
        memcpy(text, data, size);
    text[size] = '\0';
    check_target(text, size % 2);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_reparse_link link;

    check_text(data, size);
    if (wcl_reparse_decode_link(data, size, &link, &error) != WCL_OK) {
        CHECK(error.code == WCL_CODE_BAD_REPARSE_DATA || error.code == WCL_CODE_NOT_SUPPORTED);
        CHECK(error.message[0]);
        return 0;
    }
    CHECK(wcl_wtf8_is_valid(link.target, strlen(link.target)));
    check_target(link.target, link.is_mount_point);
    wcl_free(link.target);
    return 0;
}
