/* Extended attributes: a list that can be walked can be built again, and walks to the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <wcl/backupstream.h>

#include "tests/tools/check.h"

#define MOST 64

/* The number of attributes, or -1 where the list is damaged or has more than MOST. */
static int walk(const void *list, size_t size, wcl_ea *eas)
{
    size_t position = 0;
    int count = 0;

    for (;;) {
        wcl_error error = WCL_ERROR_INIT;
        size_t before = position;
        wcl_ea ea;
        wcl_status status = wcl_ea_next(list, size, &position, &ea, &error);
        if (status == WCL_END)
            return count;
        if (status != WCL_OK) {
            CHECK(error.code == WCL_CODE_BAD_EA);
            return -1;
        }
        CHECK(position > before && position <= size);
        CHECK(strlen(ea.name) > 0 && strlen(ea.name) < 256);
        if (count == MOST)
            return -1;
        eas[count++] = ea;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    wcl_ea eas[MOST], again[MOST];
    int count = walk(data, size, eas);
    void *built;
    size_t built_size;

    if (count < 0 || wcl_ea_build(eas, (size_t)count, &built, &built_size, NULL) != WCL_OK) {
        CHECK(count < 0 || size + 4 * MOST > WCL_EA_MAX);
        return 0;
    }
    CHECK(walk(built, built_size, again) == count);
    for (int i = 0; i < count; i++) {
        CHECK(strcmp(eas[i].name, again[i].name) == 0);
        CHECK(eas[i].flags == again[i].flags);
        CHECK(eas[i].value_size == again[i].value_size);
        CHECK(memcmp(eas[i].value, again[i].value, eas[i].value_size) == 0);
    }
    CHECK(built_size % 4 == 0);
    wcl_free(built);
    return 0;
}
