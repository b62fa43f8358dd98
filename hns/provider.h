/* What a way of reaching HNS implements: a table of functions, chosen by name in hns.c. */
#ifndef WCL_HNS_PROVIDER_H
#define WCL_HNS_PROVIDER_H

#include <wcl/hns.h>

typedef struct wcl_hns_provider {
    const char *name;
    wcl_status (*open)(const wcl_hns_options *options, wcl_hns **hns, wcl_error *error);
    void (*close)(wcl_hns *hns);
    /* As wcl_hns_call(); `request` is never NULL. */
    wcl_status (*call)(wcl_hns *hns, const char *method, const char *path, const char *request,
                       char **response, wcl_error *error);
    wcl_status (*set_compartment)(wcl_hns *hns, uint32_t id, wcl_error *error);
    /* The rest may be NULL where the system does it by itself or cannot do it. */
    wcl_status (*restore)(wcl_hns *hns, wcl_error *error);
    wcl_status (*namespace_create)(wcl_hns *hns, const char *container_id, char **path,
                                   wcl_error *error);
    wcl_status (*namespace_path)(wcl_hns *hns, const char *container_id, char **path,
                                 wcl_error *error);
    wcl_status (*namespace_remove)(wcl_hns *hns, const char *container_id, wcl_error *error);
    wcl_status (*attach_namespace)(wcl_hns *hns, const char *endpoint_id, const char *container_id,
                                   const char *namespace_path, wcl_error *error);
    /* Out of whatever it is attached to, where one request to detach it does not say that. */
    wcl_status (*detach)(wcl_hns *hns, const char *endpoint_id, wcl_error *error);
    wcl_status (*statistics)(wcl_hns *hns, const char *endpoint_id, wcl_hns_statistics *statistics,
                             wcl_error *error);
} wcl_hns_provider;

/* A provider's handle begins with this. */
struct wcl_hns {
    const wcl_hns_provider *provider;
};

#ifdef __linux__
extern const wcl_hns_provider wcl_hns_linux_provider;
#endif
#ifdef _WIN32
extern const wcl_hns_provider wcl_hns_vmcompute_provider;
#endif

#endif
