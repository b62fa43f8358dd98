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

#endif
