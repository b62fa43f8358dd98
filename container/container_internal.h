/* The handle of a container, which its processes' code looks into. */
#ifndef WCL_CONTAINER_INTERNAL_H
#define WCL_CONTAINER_INTERNAL_H

#include "container/handle.h"
#include "container/notifier.h"
#include "container/provider.h"

struct wcl_container {
    char *id;
    const wcl_container_provider *provider;
    wcl_provider_system *system;
    wcl_handle handle;
    wcl_notifier notifier;
    uint32_t wait_ms; /* for what the provider completes later */
};

/* What a public function makes of a provider's result: one that is pending is no failure. */
wcl_status wcl_container_result(wcl_status status, const wcl_error *own, wcl_error *error);

#endif
