/* Registries in a build without libcurl: an error that says so. */
#include <wcl/registry.h>

#include "base/error.h"

static wcl_status unsupported_fail(const char *operation, const char *reference, wcl_error *error)
{
    wcl_fail(
        error, WCL_CODE_NOT_SUPPORTED,
        "this wcl was built without libcurl, which speaking to registries needs; images can be "
        "loaded and saved");
    return wcl_error_context(error, operation, reference);
}

wcl_status wcl_image_pull(const wcl_driver *driver, const char *reference,
                          const wcl_registry_options *registry, const wcl_transfer_options *options,
                          wcl_image_info **info, wcl_error *error)
{
    (void)driver;
    (void)registry;
    (void)options;
    if (info)
        *info = NULL;
    return unsupported_fail("pull", reference, error);
}

wcl_status wcl_image_push(const wcl_driver *driver, const char *image, const char *reference,
                          const wcl_registry_options *registry, const wcl_transfer_options *options,
                          char digest[72], wcl_error *error)
{
    (void)driver;
    (void)image;
    (void)registry;
    (void)options;
    (void)digest;
    return unsupported_fail("push", reference, error);
}
