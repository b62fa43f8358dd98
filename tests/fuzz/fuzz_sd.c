/* Security descriptors: what parses builds, and means the same; SDDL gives it back. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <wcl/backupstream.h>

#include "tests/tools/check.h"

static bool same_part(wcl_sd_part a, wcl_sd_part b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* Parts may lie over each other, so what is built can be too large. */
static void check_rebuilt(const wcl_sd *sd)
{
    size_t parts = sd->owner.size + sd->group.size + sd->sacl.size + sd->dacl.size;
    void *built;
    size_t size;
    wcl_sd again;

    if (wcl_sd_build(sd, &built, &size, NULL) != WCL_OK) {
        CHECK(parts + 32 > WCL_SD_MAX);
        return;
    }
    CHECK(wcl_sd_parse(built, size, &again, NULL) == WCL_OK);
    CHECK(again.control == sd->control);
    CHECK(again.resource_manager_control == sd->resource_manager_control);
    CHECK(same_part(again.owner, sd->owner));
    CHECK(same_part(again.group, sd->group));
    CHECK(same_part(again.sacl, sd->sacl));
    CHECK(same_part(again.dacl, sd->dacl));
    wcl_free(built);
}

/* SDDL settles after one round: what it leaves out, it leaves out at once. */
static void check_sddl(const uint8_t *data, size_t size)
{
    wcl_error error = WCL_ERROR_INIT;
    void *descriptor, *again;
    size_t descriptor_size, again_size;
    char *first, *second;

    if (wcl_sd_to_sddl(data, size, &first, &error) != WCL_OK) {
        CHECK(error.code == WCL_CODE_NOT_SUPPORTED || error.code == WCL_CODE_BAD_ACL);
        return;
    }
    if (wcl_sd_from_sddl(first, &descriptor, &descriptor_size, &error) != WCL_OK) {
        /* Short tokens grow when they are read back, and parts may have lain over each other. */
        CHECK(size > 4096 || strstr(error.message, "65535") || strstr(error.message, "65536"));
        wcl_free(first);
        return;
    }
    CHECK(wcl_sd_to_sddl(descriptor, descriptor_size, &second, NULL) == WCL_OK);
    if (!strstr(first, "NO_ACCESS_CONTROL"))
        CHECK(strcmp(first, second) == 0);
    CHECK(wcl_sd_from_sddl(second, &again, &again_size, NULL) == WCL_OK);
    CHECK(again_size == descriptor_size && memcmp(again, descriptor, again_size) == 0);
    wcl_free(first);
    wcl_free(second);
    wcl_free(descriptor);
    wcl_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_sd sd;

    if (wcl_sd_parse(data, size, &sd, &error) != WCL_OK) {
        CHECK(error.code == WCL_CODE_BAD_SECURITY_DESCRIPTOR || error.code == WCL_CODE_BAD_ACL ||
              error.code == WCL_CODE_BAD_SID);
        CHECK(error.message[0]);
        return 0;
    }
    check_rebuilt(&sd);
    check_sddl(data, size);
    return 0;
}
