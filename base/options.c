/* Structs that say their size. */
#include "base/options.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

static size_t size_of(const void *theirs)
{
    size_t size;

    memcpy(&size, theirs, sizeof(size));
    return size;
}

static wcl_status fail_size(const void *theirs, const char *type, const char *function,
                            wcl_error *error)
{
    char macro[64];

    snprintf(macro, sizeof(macro), "%s_INIT", type);
    for (char *letter = macro; *letter; letter++)
        *letter = (char)toupper((unsigned char)*letter);
    return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                    "the %s that %s() was given has struct_size %zu: begin it as %s", type,
                    function, size_of(theirs), macro);
}

wcl_status wcl_struct_check(const void *theirs, const char *type, const char *function,
                            wcl_error *error)
{
    return theirs && size_of(theirs) < sizeof(size_t) ? fail_size(theirs, type, function, error)
                                                      : WCL_OK;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

wcl_status wcl_struct_take(void *own, size_t size, const void *theirs, const char *type,
                           const char *function, wcl_error *error)
{
    if (wcl_struct_check(theirs, type, function, error) != WCL_OK)
        return WCL_FAILED;
    if (theirs)
        memcpy((char *)own + sizeof(size_t), (const char *)theirs + sizeof(size_t),
               smaller(size_of(theirs), size) - sizeof(size_t));
    memcpy(own, &size, sizeof(size));
    return WCL_OK;
}

void wcl_struct_give(void *theirs, const void *own, size_t size)
{
    if (theirs)
        memcpy((char *)theirs + sizeof(size_t), (const char *)own + sizeof(size_t),
               smaller(size_of(theirs), size) - sizeof(size_t));
}
