/* Attaching endpoints to containers and compartments, and the namespaces that stand for these. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hns/linux/file.h"
#include "hns/linux/service.h"

/* The compartment that is the host itself. */
#define HOST_COMPARTMENT 1
#define MOST_CONTAINER_ID 128

static wcl_status check_container_id(const char *id, wcl_error *error)
{
    size_t length = strlen(id);
    bool fine = length > 0 && length <= MOST_CONTAINER_ID && id[0] != '.';

    for (const char *at = id; fine && *at; at++)
        fine = *at != '/' && (unsigned char)*at >= ' ';
    return fine ? WCL_OK
                : wcl_fail(error, WCL_CODE_INVALID_NAME, "'%.60s' is not a container id", id);
}

static wcl_status namespace_path(wcl_service *service, const char *kind, const char *name,
                                 char **path, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;

    if (wcl_buffer_printf(&text, error, "%s/%s", service->run_dir, kind) != WCL_OK ||
        wcl_folder_make(wcl_buffer_text(&text), error) != WCL_OK ||
        wcl_buffer_printf(&text, error, "/%s", name) != WCL_OK)
        return WCL_FAILED;
    *path = wcl_buffer_detach(&text, NULL, error);
    return *path ? WCL_OK : WCL_FAILED;
}

wcl_status wcl_namespace_of_container(wcl_service *service, const char *container_id, char **path,
                                      wcl_error *error)
{
    if (check_container_id(container_id, error) != WCL_OK)
        return WCL_FAILED;
    return namespace_path(service, "netns", container_id, path, error);
}

wcl_status wcl_namespace_of_compartment(wcl_service *service, uint32_t id, char **path,
                                        wcl_error *error)
{
    char name[16];

    snprintf(name, sizeof(name), "%" PRIu32, id);
    return namespace_path(service, "compartments", name, path, error);
}

wcl_status wcl_attachment_open(const wcl_endpoint_record *endpoint, int *descriptor,
                               wcl_error *error)
{
    const wcl_attachment *attachment = &endpoint->attachment;
    struct stat found;

    *descriptor = -1;
    if (!attachment->path[0])
        return WCL_OK;
    int opened = open(attachment->path, O_RDONLY | O_CLOEXEC);
    if (opened < 0)
        return errno == ENOENT || errno == ESRCH
                   ? WCL_END
                   : wcl_fail_errno(error, errno, "cannot open the network namespace %s",
                                    attachment->path);
    if (fstat(opened, &found) == 0 && found.st_dev == attachment->device &&
        found.st_ino == attachment->inode) {
        *descriptor = opened;
        return WCL_OK;
    }
    close(opened);
    return WCL_END;
}

/* ---- Attaching ---- */

/* Opens the namespace that the attachment names and notes which one it is. */
static wcl_status open_target(wcl_attachment *attachment, int *descriptor, wcl_error *error)
{
    struct stat found;

    *descriptor = -1;
    if (!attachment->path[0])
        return WCL_OK;
    int opened = open(attachment->path, O_RDONLY | O_CLOEXEC);
    if (opened < 0)
        return wcl_fail_errno(error, errno, "cannot open the network namespace %s",
                              attachment->path);
    if (fstat(opened, &found) != 0) {
        close(opened);
        return wcl_fail_errno(error, errno, "cannot examine %s", attachment->path);
    }
    attachment->device = found.st_dev;
    attachment->inode = found.st_ino;
    *descriptor = opened;
    return WCL_OK;
}

static wcl_status establish(wcl_service *service, const wcl_network_record *network,
                            wcl_endpoint_record *endpoint, wcl_error *error)
{
    int descriptor;

    if (open_target(&endpoint->attachment, &descriptor, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = wcl_hns_store_save_attachment(service, endpoint, error);
    if (status == WCL_OK) {
        status = service->kernel->ops->endpoint_up(service->kernel, network, endpoint, descriptor,
                                                   error);
        if (status != WCL_OK) {
            service->uncertain = true;
            wcl_hns_store_remove_attachment(service, endpoint->object->id, NULL);
        }
    }
    if (descriptor >= 0)
        close(descriptor);
    return status;
}

static wcl_status check_attachable(const wcl_endpoint_record *endpoint, wcl_error *error)
{
    if (endpoint->object->is_remote_endpoint)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "cannot attach an endpoint that lives on another node");
    if (endpoint->attachment.kind == WCL_ATTACHED_CONTAINER)
        return wcl_fail(error, WCL_CODE_INVALID_STATE,
                        "The endpoint is already attached to the container '%s'",
                        endpoint->attachment.container_id);
    if (endpoint->attachment.kind == WCL_ATTACHED_HOST)
        return wcl_fail(error, WCL_CODE_INVALID_STATE,
                        "The endpoint is already attached to compartment %u",
                        endpoint->attachment.compartment);
    return WCL_OK;
}

wcl_status wcl_attach_to_namespace(wcl_service *service, const char *id, const char *container_id,
                                   const char *path, wcl_error *error)
{
    WCL_CLEANUP_NETWORK_RECORD wcl_network_record *network = NULL;
    WCL_CLEANUP_ENDPOINT wcl_endpoint_record *endpoint = NULL;

    if (check_container_id(container_id, error) != WCL_OK ||
        wcl_hns_store_load_both(service, id, &network, &endpoint, error) != WCL_OK ||
        check_attachable(endpoint, error) != WCL_OK)
        return WCL_FAILED;
    endpoint->attachment.kind = WCL_ATTACHED_CONTAINER;
    endpoint->attachment.container_id = container_id;
    endpoint->attachment.path = path;
    return establish(service, network, endpoint, error);
}

static wcl_status attach_to_container(wcl_service *service, const char *id, const cJSON *request,
                                      wcl_error *error)
{
    const char *container_id = NULL;
    WCL_CLEANUP_FREE char *path = NULL;

    if (wcl_json_get_text(request, "ContainerId", &container_id, error) != WCL_OK)
        return WCL_FAILED;
    if (!container_id || !*container_id)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "the request has no ContainerId");
    if (wcl_namespace_of_container(service, container_id, &path, error) != WCL_OK)
        return WCL_FAILED;
    if (access(path, F_OK) != 0) {
        wcl_free(path);
        path = NULL;
        if (!service->find_namespace)
            return wcl_fail(error, WCL_CODE_HCS_NOT_EXIST,
                            "no container '%s' with a network namespace is known", container_id);
        if (service->find_namespace(service->find_namespace_context, container_id, &path, error) !=
            WCL_OK)
            return WCL_FAILED;
    }
    return wcl_attach_to_namespace(service, id, container_id, path, error);
}

static wcl_status attach_to_compartment(wcl_service *service, const char *id, uint32_t compartment,
                                        wcl_error *error)
{
    WCL_CLEANUP_NETWORK_RECORD wcl_network_record *network = NULL;
    WCL_CLEANUP_ENDPOINT wcl_endpoint_record *endpoint = NULL;
    WCL_CLEANUP_FREE char *path = NULL;

    if (wcl_hns_store_load_both(service, id, &network, &endpoint, error) != WCL_OK ||
        check_attachable(endpoint, error) != WCL_OK)
        return WCL_FAILED;
    endpoint->attachment.kind = WCL_ATTACHED_HOST;
    endpoint->attachment.compartment = compartment;
    if (compartment == HOST_COMPARTMENT)
        return establish(service, network, endpoint, error);
    if (wcl_namespace_of_compartment(service, compartment, &path, error) != WCL_OK ||
        (access(path, F_OK) != 0 &&
         service->kernel->ops->namespace_create(service->kernel, path, error) != WCL_OK))
        return WCL_FAILED;
    endpoint->attachment.path = path;
    if (establish(service, network, endpoint, error) == WCL_OK)
        return WCL_OK;
    wcl_namespace_drop_compartment(service, compartment, NULL);
    return WCL_FAILED;
}

wcl_status wcl_attach_request(wcl_service *service, const char *id, const cJSON *request,
                              cJSON **output, wcl_error *error)
{
    WCL_CLEANUP_ENDPOINT wcl_endpoint_record *endpoint = NULL;
    const char *type = "Container";
    uint64_t compartment = 0;
    wcl_status status;

    if (!wcl_hns_store_has_endpoint(service, id))
        return wcl_fail(error, WCL_CODE_ELEMENT_NOT_FOUND, "The endpoint %s was not found", id);
    if (wcl_json_get_text(request, "SystemType", &type, error) != WCL_OK ||
        wcl_json_get_u64(request, "CompartmentId", &compartment, error) != WCL_OK)
        return WCL_FAILED;
    if (compartment > UINT32_MAX)
        return wcl_fail(error, WCL_CODE_INVALID_DATA,
                        "the field 'CompartmentId' does not fit into 32 bits");
    if (strcasecmp(type, "Container") == 0)
        status = attach_to_container(service, id, request, error);
    else if (strcasecmp(type, "Host") == 0)
        status = attach_to_compartment(
            service, id, compartment ? (uint32_t)compartment : HOST_COMPARTMENT, error);
    else
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "cannot attach endpoints to a system of type '%.40s' here", type);
    if (status != WCL_OK || wcl_hns_store_load_endpoint(service, id, &endpoint, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_endpoint_output(endpoint, output, error);
}

/* ---- Detaching ---- */

wcl_status wcl_namespace_drop_compartment(wcl_service *service, uint32_t id, wcl_error *error)
{
    WCL_CLEANUP_FREE wcl_object_id *ids = NULL;
    WCL_CLEANUP_FREE char *path = NULL;
    size_t count;

    if (wcl_hns_store_list_attached(service, &ids, &count, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i < count; i++) {
        WCL_CLEANUP_ENDPOINT wcl_endpoint_record *endpoint = NULL;
        if (wcl_hns_store_load_endpoint(service, ids[i], &endpoint, NULL) == WCL_OK &&
            endpoint->attachment.kind == WCL_ATTACHED_HOST &&
            endpoint->attachment.compartment == id)
            return WCL_OK;
    }
    if (wcl_namespace_of_compartment(service, id, &path, error) != WCL_OK)
        return WCL_FAILED;
    return service->kernel->ops->namespace_remove(service->kernel, path, error);
}

wcl_status wcl_detach_endpoint(wcl_service *service, const wcl_network_record *network,
                               wcl_endpoint_record *endpoint, wcl_error *error)
{
    const wcl_attachment attachment = endpoint->attachment;

    if (service->kernel->ops->endpoint_down(service->kernel, network, endpoint, error) != WCL_OK) {
        service->uncertain = true;
        return WCL_FAILED;
    }
    if (wcl_hns_store_remove_attachment(service, endpoint->object->id, error) != WCL_OK)
        return WCL_FAILED;
    endpoint->attachment.kind = WCL_ATTACHED_NOWHERE;
    if (attachment.kind == WCL_ATTACHED_HOST && attachment.compartment != HOST_COMPARTMENT)
        return wcl_namespace_drop_compartment(service, attachment.compartment, error);
    return WCL_OK;
}

wcl_status wcl_detach_request(wcl_service *service, const char *id, const cJSON *request,
                              cJSON **output, wcl_error *error)
{
    WCL_CLEANUP_NETWORK_RECORD wcl_network_record *network = NULL;
    WCL_CLEANUP_ENDPOINT wcl_endpoint_record *endpoint = NULL;
    const char *container_id = "";

    if (wcl_json_get_text(request, "ContainerId", &container_id, error) != WCL_OK ||
        wcl_hns_store_load_both(service, id, &network, &endpoint, error) != WCL_OK)
        return WCL_FAILED;
    if (*container_id && endpoint->attachment.kind &&
        strcmp(container_id, endpoint->attachment.container_id) != 0)
        return wcl_fail(error, WCL_CODE_INVALID_STATE,
                        "The endpoint is not attached to the container '%.60s'", container_id);
    if (endpoint->attachment.kind &&
        wcl_detach_endpoint(service, network, endpoint, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_endpoint_output(endpoint, output, error);
}

wcl_status wcl_namespace_remove_container(wcl_service *service, const char *container_id,
                                          wcl_error *error)
{
    WCL_CLEANUP_FREE wcl_object_id *ids = NULL;
    WCL_CLEANUP_FREE char *path = NULL;
    size_t count;

    if (wcl_namespace_of_container(service, container_id, &path, error) != WCL_OK ||
        wcl_hns_store_list_attached(service, &ids, &count, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i < count; i++) {
        WCL_CLEANUP_NETWORK_RECORD wcl_network_record *network = NULL;
        WCL_CLEANUP_ENDPOINT wcl_endpoint_record *endpoint = NULL;
        if (wcl_hns_store_load_both(service, ids[i], &network, &endpoint, error) != WCL_OK)
            return WCL_FAILED;
        if (endpoint->attachment.kind == WCL_ATTACHED_CONTAINER &&
            strcmp(endpoint->attachment.container_id, container_id) == 0 &&
            wcl_detach_endpoint(service, network, endpoint, error) != WCL_OK)
            return WCL_FAILED;
    }
    return service->kernel->ops->namespace_remove(service->kernel, path, error);
}
