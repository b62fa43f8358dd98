/* Opening the service: which provider it is. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/hooks.h"
#include "base/options.h"
#include "hns/provider.h"

static const wcl_hns_provider *const providers[] = {
#ifdef __linux__
    &wcl_hns_linux_provider,
#endif
#ifdef _WIN32
    &wcl_hns_vmcompute_provider,
#endif
    NULL,
};

/* The provider of that name, else the platform's own where `required` is false; NULL for none. */
static const wcl_hns_provider *choose_provider(const char *name, bool required)
{
    for (const wcl_hns_provider *const *at = providers; *at; at++)
        if (!name || !*name || strcmp(name, (*at)->name) == 0)
            return *at;
    return required ? NULL : providers[0];
}

wcl_status wcl_hns_open(const wcl_hns_options *options, wcl_hns **hns, wcl_error *error)
{
    wcl_hns_options used = WCL_HNS_OPTIONS_INIT;

    *hns = NULL;
    if (WCL_TAKE(wcl_hns_options, &used, options, __func__, error) != WCL_OK ||
        wcl_hooks_check(used.hooks, __func__, error) != WCL_OK)
        return wcl_error_context(error, "open networks", NULL);
    used.provider = wcl_text_or_null(used.provider);
    used.state_dir = wcl_text_or_null(used.state_dir);
    used.run_dir = wcl_text_or_null(used.run_dir);
    /* The variable may name a provider that other modules have and this one does not. */
    const char *name = used.provider ? used.provider : getenv("WCL_PROVIDER");
    const wcl_hns_provider *provider = choose_provider(name, used.provider != NULL);
    wcl_status status =
        provider ? provider->open(&used, hns, error)
                 : wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                            "this machine has no network provider '%s'", name ? name : "");
    return status == WCL_OK ? WCL_OK : wcl_error_context(error, "open networks", NULL);
}
