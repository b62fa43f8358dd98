/* Windows' own provider: the Host Network Service, through HNSCall of vmcompute.dll. */
#include <stdlib.h>

#include "base/error.h"
#include "hns/provider.h"
#include "hns/vmcompute/detach.h"
#include "platform/windows/vmcompute.h"

static wcl_status open_service(const wcl_hns_options *options, wcl_hns **hns, wcl_error *error)
{
    wcl_hns *made = malloc(sizeof(*made));

    (void)options;
    if (!made)
        return wcl_fail_memory(error);
    made->provider = &wcl_hns_vmcompute_provider;
    *hns = made;
    return WCL_OK;
}

static void close_service(wcl_hns *hns)
{
    free(hns);
}

static wcl_status call(wcl_hns *hns, const char *method, const char *path, const char *request,
                       char **response, wcl_error *error)
{
    (void)hns;
    if (wcl_vm_hns_call(method, path, request, response, error) != WCL_OK)
        return WCL_FAILED;
    return *response ? WCL_OK
                     : wcl_fail(error, WCL_CODE_UNEXPECTED_VALUE, "HNS gave no answer at all");
}

static wcl_status set_compartment(wcl_hns *hns, uint32_t id, wcl_error *error)
{
    (void)hns;
    return wcl_vm_set_thread_compartment(id, error);
}

const wcl_hns_provider wcl_hns_vmcompute_provider = {
    .name = "vmcompute",
    .open = open_service,
    .close = close_service,
    .call = call,
    .set_compartment = set_compartment,
    .detach = wcl_hns_vmcompute_detach,
};
