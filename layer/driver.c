/* The checks of what a caller says of the layer that it means. */
#include "layer/driver.h"

#include <string.h>

#include "base/error.h"
#include "base/hooks.h"
#include "base/options.h"

#define ID_LENGTH_MAX 128

wcl_status wcl_driver_take_homeless(const wcl_driver **driver, wcl_driver *own,
                                    const char *function, wcl_error *error)
{
    *own = (wcl_driver)WCL_DRIVER_INIT;
    if (WCL_TAKE(wcl_driver, own, *driver, function, error) != WCL_OK ||
        wcl_hooks_check(own->hooks, function, error) != WCL_OK)
        return WCL_FAILED;
    if (own->flavour != WCL_FLAVOUR_FILTER)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "driver flavour %d is not supported; only the filter driver (1) is",
                        (int)own->flavour);
    *driver = own;
    return WCL_OK;
}

wcl_status wcl_driver_take(const wcl_driver **driver, wcl_driver *own, const char *function,
                           wcl_error *error)
{
    if (wcl_driver_take_homeless(driver, own, function, error) != WCL_OK)
        return WCL_FAILED;
    return *wcl_text(own->home_dir)
               ? WCL_OK
               : wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "the driver names no home folder");
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
    *id = wcl_text(path);
    for (const char *at = *id; *at; at++)
        if (*at == '/' || *at == '\\')
            *id = at + 1;
    return wcl_layer_id_check(*id, error);
}
