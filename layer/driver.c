/* The checks of what a caller says of the layer that it means. */
#include "layer/driver.h"

#include <string.h>

#include "base/error.h"

#define ID_LENGTH_MAX 128

wcl_status wcl_driver_check(const wcl_driver *driver, wcl_error *error)
{
    if (driver->struct_size != sizeof(*driver))
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "the wcl_driver does not say its size in struct_size");
    if (driver->flavour != WCL_FLAVOUR_FILTER)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "driver flavour %d is not supported; only the filter driver (1) is",
                        (int)driver->flavour);
    if (!driver->home_dir || !*driver->home_dir)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "the driver names no home folder");
    return WCL_OK;
}

wcl_status wcl_layer_id_check(const char *id, wcl_error *error)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t length = id ? strlen(id) : 0;

    if (length == 0)
        return wcl_fail(error, WCL_CODE_INVALID_NAME, "the layer's id is empty");
    if (length > ID_LENGTH_MAX)
        return wcl_fail(error, WCL_CODE_NAME_TOO_LONG,
                        "the id '%.40s...' is longer than %d characters", id, ID_LENGTH_MAX);
    if (strspn(id, allowed) != length || strchr("._-", id[0]))
        return wcl_fail(
            error, WCL_CODE_INVALID_NAME,
            "'%s' is not a layer id: letters, digits and . _ - make one, beginning with a "
            "letter or digit",
            id);
    return WCL_OK;
}

wcl_status wcl_layer_parent_id(const char *path, const char **id, wcl_error *error)
{
    const char *base = strrchr(path, '/');

    *id = base ? base + 1 : path;
    return wcl_layer_id_check(*id, error);
}
