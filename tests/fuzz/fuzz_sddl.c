/* SDDL: what is read makes a valid descriptor that prints to SDDL which makes the same again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <wcl/backupstream.h>

#include "tests/tools/check.h"

static void check_descriptor(const void *descriptor, size_t size)
{
    wcl_error error = WCL_ERROR_INIT;
    void *again;
    size_t again_size;
    char *printed, *second;
    wcl_sd sd;

    CHECK(wcl_sd_parse(descriptor, size, &sd, NULL) == WCL_OK);
    CHECK(wcl_sd_to_sddl(descriptor, size, &printed, &error) == WCL_OK);
    CHECK(wcl_sd_from_sddl(printed, &again, &again_size, NULL) == WCL_OK);
    CHECK(again_size == size && memcmp(again, descriptor, size) == 0);
    CHECK(wcl_sd_to_sddl(again, again_size, &second, NULL) == WCL_OK);
    CHECK(strcmp(printed, second) == 0);
    wcl_free(printed);
    wcl_free(second);
    wcl_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    wcl_error error = WCL_ERROR_INIT;
    char *sddl = malloc(size + 1);
    void *descriptor;
    size_t descriptor_size;

    if (!sddl)
        return 0;
    if (size)
        memcpy(sddl, data, size);
    sddl[size] = '\0';
    if (wcl_sd_from_sddl(sddl, &descriptor, &descriptor_size, &error) == WCL_OK) {
        check_descriptor(descriptor, descriptor_size);
        wcl_free(descriptor);
    } else {
        CHECK(error.code == WCL_CODE_INVALID_PARAMETER ||
              error.code == WCL_CODE_BAD_SECURITY_DESCRIPTOR);
        CHECK(error.message[0]);
    }
    free(sddl);
    return 0;
}
