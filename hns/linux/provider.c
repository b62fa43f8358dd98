/* The "linux" provider: the calls of provider.h on the service. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hns/linux/file.h"
#include "hns/linux/service.h"

static wcl_service *service_of(wcl_hns *hns)
{
    return (wcl_service *)hns;
}

static wcl_status open_service(const wcl_hns_options *options, wcl_hns **hns, wcl_error *error)
{
    const char *state_dir = options->state_dir ? options->state_dir : "/var/lib/wcl/hns";
    wcl_service *service = NULL;
    wcl_kernel *kernel = NULL;

    if (wcl_folder_make(state_dir, error) != WCL_OK)
        return WCL_FAILED;
    uint32_t home = wcl_service_home(state_dir);
    WCL_CLEANUP_BUFFER wcl_buffer owner = WCL_BUFFER_INIT;
    if (wcl_buffer_printf(&owner, error, "wcl networks of %s", state_dir) != WCL_OK ||
        wcl_kernel_open(home, wcl_buffer_text(&owner), &kernel, error) != WCL_OK ||
        wcl_service_new(options, kernel, home, &service, error) != WCL_OK)
        return WCL_FAILED;
    service->base.provider = &wcl_hns_linux_provider;
    *hns = &service->base;
    return WCL_OK;
}

static void close_service(wcl_hns *hns)
{
    wcl_service_free(service_of(hns));
}

static wcl_status call(wcl_hns *hns, const char *method, const char *path, const char *request,
                       char **response, wcl_error *error)
{
    return wcl_service_call(service_of(hns), method, path, request, response, error);
}

static wcl_status set_compartment(wcl_hns *hns, uint32_t id, wcl_error *error)
{
    wcl_service *service = service_of(hns);
    WCL_CLEANUP_FREE char *path = NULL;

    if (id > 1 && wcl_namespace_of_compartment(service, id, &path, error) != WCL_OK)
        return WCL_FAILED;
    return service->kernel->ops->namespace_enter(service->kernel, path, error);
}

static wcl_status restore(wcl_hns *hns, wcl_error *error)
{
    wcl_service *service = service_of(hns);

    /* Taking the lock restores by itself when it has to; once more does no harm. */
    if (wcl_service_lock(service, true, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = wcl_service_restore(service, false, error);
    if (status != WCL_OK)
        service->uncertain = true;
    wcl_service_unlock(service, true);
    return status;
}

static wcl_status namespace_create(wcl_hns *hns, const char *container_id, char **path,
                                   wcl_error *error)
{
    wcl_service *service = service_of(hns);
    char *made = NULL;

    if (wcl_namespace_of_container(service, container_id, &made, error) != WCL_OK ||
        service->kernel->ops->namespace_create(service->kernel, made, error) != WCL_OK) {
        wcl_free(made);
        return WCL_FAILED;
    }
    *path = made;
    return WCL_OK;
}

static wcl_status namespace_path(wcl_hns *hns, const char *container_id, char **path,
                                 wcl_error *error)
{
    char *found = NULL;

    if (wcl_namespace_of_container(service_of(hns), container_id, &found, error) != WCL_OK)
        return WCL_FAILED;
    if (access(found, F_OK) == 0) {
        *path = found;
        return WCL_OK;
    }
    wcl_free(found);
    return wcl_fail(error, WCL_CODE_HCS_NOT_EXIST, "the container has no network namespace here");
}

static wcl_status namespace_remove(wcl_hns *hns, const char *container_id, wcl_error *error)
{
    wcl_service *service = service_of(hns);

    if (wcl_service_lock(service, true, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = wcl_namespace_remove_container(service, container_id, error);
    wcl_service_unlock(service, true);
    return status;
}

static wcl_status attach_namespace(wcl_hns *hns, const char *endpoint_id, const char *container_id,
                                   const char *path, wcl_error *error)
{
    wcl_service *service = service_of(hns);
    char id[37];

    if (wcl_hns_store_id(endpoint_id, id, error) != WCL_OK ||
        wcl_service_lock(service, true, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = wcl_attach_to_namespace(service, id, container_id, path, error);
    wcl_service_unlock(service, true);
    return status;
}

static wcl_status statistics(wcl_hns *hns, const char *endpoint_id, wcl_hns_statistics *found,
                             wcl_error *error)
{
    wcl_service *service = service_of(hns);
    WCL_CLEANUP_ENDPOINT wcl_endpoint_record *endpoint = NULL;
    char id[37];
    int descriptor;

    if (wcl_hns_store_id(endpoint_id, id, error) != WCL_OK ||
        wcl_service_lock(service, false, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = wcl_hns_store_load_endpoint(service, id, &endpoint, error);
    if (status == WCL_OK && endpoint->attachment.kind) {
        status = wcl_attachment_open(endpoint, &descriptor, error);
        if (status == WCL_OK)
            status = service->kernel->ops->statistics(service->kernel, endpoint, descriptor, found,
                                                      error);
        if (descriptor >= 0)
            close(descriptor);
    }
    wcl_service_unlock(service, false);
    return status == WCL_FAILED ? WCL_FAILED : WCL_OK;
}

const wcl_hns_provider wcl_hns_linux_provider = {
    .name = "linux",
    .open = open_service,
    .close = close_service,
    .call = call,
    .set_compartment = set_compartment,
    .restore = restore,
    .namespace_create = namespace_create,
    .namespace_path = namespace_path,
    .namespace_remove = namespace_remove,
    .attach_namespace = attach_namespace,
    .statistics = statistics,
};
