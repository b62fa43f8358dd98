/* Choosing the provider of compute systems. */
#include "container/provider.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"

wcl_status wcl_container_provider_choose(const wcl_container_options *options,
                                         const wcl_container_provider **provider, wcl_error *error)
{
    const char *name = options ? options->provider : NULL;
    WCL_CLEANUP_BUFFER wcl_buffer known = WCL_BUFFER_INIT;

    if (!name || !*name)
        name = getenv("WCL_PROVIDER");
    /* The store is the layers' portable provider, which containers' "oci" stands beside. */
    if (!name || !*name || strcmp(name, "store") == 0 || strcmp(name, "linux") == 0) {
        *provider = wcl_container_providers[0];
        return WCL_OK;
    }
    for (size_t i = 0; wcl_container_providers[i]; i++) {
        if (strcmp(wcl_container_providers[i]->name, name) == 0) {
            *provider = wcl_container_providers[i];
            return WCL_OK;
        }
        if (wcl_buffer_printf(&known, error, "%s%s", i ? ", " : "",
                              wcl_container_providers[i]->name) != WCL_OK)
            return WCL_FAILED;
    }
    return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                    "there is no provider '%s' of containers on this system, which has: %s", name,
                    wcl_buffer_text(&known));
}
