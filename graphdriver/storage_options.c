/* Reading storage options. */
#include "graphdriver/storage_options.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"

/* The power of 1024 that a unit stands for, or -1: "", b, k, kb, kib, ... in any case. */
static int unit_power(const char *unit)
{
    static const char letters[] = "kmgtpe";
    const char *found;

    if (!*unit || strcasecmp(unit, "b") == 0)
        return 0;
    found = strchr(letters, tolower((unsigned char)*unit));
    if (!found || (unit[1] && strcasecmp(unit + 1, "b") != 0 && strcasecmp(unit + 1, "ib") != 0))
        return -1;
    return (int)(found - letters) + 1;
}

/* Docker's units: a number, perhaps with a fraction, and a power of 1024. */
static wcl_status parse_size(const char *text, uint64_t *size, wcl_error *error)
{
    char *end;

    errno = 0;
    double number = isdigit((unsigned char)*text) ? strtod(text, &end) : -1;
    int power = -1;
    if (number >= 0 && errno == 0) {
        while (*end == ' ')
            end++;
        power = unit_power(end);
    }
    for (int i = 0; i < power; i++)
        number *= 1024;
    if (power < 0 || number < 1 || number >= 9e18)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "the storage option size is '%.60s', which is not a size like 10G", text);
    *size = (uint64_t)number;
    return WCL_OK;
}

wcl_status wcl_storage_options_parse(const char *const *options, size_t count, uint64_t *size,
                                     wcl_error *error)
{
    for (size_t i = 0; i < count; i++) {
        const char *equals = strchr(options[i], '=');
        size_t length = equals ? (size_t)(equals - options[i]) : strlen(options[i]);
        const char *dot = memrchr(options[i], '.', length);
        const char *key = dot ? dot + 1 : options[i];
        length -= (size_t)(key - options[i]);
        if (!equals || length != 4 || strncasecmp(key, "size", 4) != 0)
            return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                            "the storage option '%.80s' is not known; size=SIZE is", options[i]);
        if (parse_size(equals + 1, size, error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}
