/* Requests about endpoints, but for attaching them. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "hns/linux/check.h"
#include "hns/linux/service.h"

wcl_status wcl_endpoints_list(wcl_service *service, cJSON **output, wcl_error *error)
{
    WCL_CLEANUP_FREE wcl_object_id *ids = NULL;
    size_t count;

    if (!(*output = cJSON_CreateArray()))
        return wcl_fail_memory(error);
    if (wcl_hns_store_list(service, "endpoints", &ids, &count, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i < count; i++) {
        WCL_CLEANUP_ENDPOINT wcl_endpoint_record *endpoint = NULL;
        cJSON *item = NULL;
        if (wcl_hns_store_load_endpoint(service, ids[i], &endpoint, error) != WCL_OK ||
            wcl_endpoint_output(endpoint, &item, error) != WCL_OK ||
            wcl_json_append(*output, item, error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

wcl_status wcl_endpoints_get(wcl_service *service, const char *id, cJSON **output, wcl_error *error)
{
    WCL_CLEANUP_ENDPOINT wcl_endpoint_record *endpoint = NULL;

    if (wcl_hns_store_load_endpoint(service, id, &endpoint, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_endpoint_output(endpoint, output, error);
}

/* ---- Making one ---- */

static wcl_status find_network_by_name(wcl_service *service, const char *name,
                                       wcl_network_record **network, wcl_error *error)
{
    WCL_CLEANUP_NETWORKS wcl_network_list list = { NULL, 0 };

    if (wcl_hns_store_load_networks(service, &list, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i < list.count; i++)
        if (strcasecmp(list.records[i]->object->name, name) == 0) {
            *network = list.records[i];
            list.records[i] = NULL;
            return WCL_OK;
        }
    return wcl_fail(error, WCL_CODE_ELEMENT_NOT_FOUND, "The network '%.100s' was not found", name);
}

static wcl_status find_network(wcl_service *service, const wcl_hns_endpoint *object,
                               wcl_network_record **network, wcl_error *error)
{
    char id[37];

    if (!object->virtual_network && object->virtual_network_name)
        return find_network_by_name(service, object->virtual_network_name, network, error);
    if (!object->virtual_network)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "the endpoint has no VirtualNetwork, the id of its network");
    if (wcl_hns_store_id(object->virtual_network, id, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_hns_store_load_network(service, id, network, error);
}

static wcl_status check_new_id(wcl_service *service, const wcl_hns_endpoint *object,
                               wcl_error *error)
{
    char id[37];

    if (!object->id)
        return WCL_OK;
    if (wcl_hns_store_id(object->id, id, error) != WCL_OK)
        return WCL_FAILED;
    if (!wcl_hns_store_has_endpoint(service, id))
        return WCL_OK;
    return wcl_fail(error, WCL_CODE_ALREADY_EXISTS,
                    "The object already exists: an endpoint has the id %s", id);
}

/* From disk to kernel; a failure takes both back. */
static wcl_status establish(wcl_service *service, const wcl_network_record *network,
                            const wcl_endpoint_record *endpoint, wcl_error *error)
{
    if (wcl_hns_store_save_endpoint(service, endpoint, error) != WCL_OK)
        return WCL_FAILED;
    if (!endpoint->object->is_remote_endpoint ||
        service->kernel->ops->endpoint_up(service->kernel, network, endpoint, -1, error) == WCL_OK)
        return WCL_OK;
    service->uncertain = true;
    wcl_hns_store_remove_endpoint(service, endpoint, NULL);
    return WCL_FAILED;
}

/* What answers add is not part of an object that a client sends back. */
static wcl_status read_object(const cJSON *request, wcl_hns_endpoint **object, wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *copy = cJSON_Duplicate(request, true);

    if (!copy)
        return wcl_fail_memory(error);
    cJSON_DeleteItemFromObjectCaseSensitive(copy, WCL_ANSWERED_CONTAINERS);
    cJSON_DeleteItemFromObjectCaseSensitive(copy, WCL_ANSWERED_COMPARTMENT);
    return wcl_hns_endpoint_from_json(copy, object, error);
}

wcl_status wcl_endpoints_create(wcl_service *service, const cJSON *request, cJSON **output,
                                wcl_error *error)
{
    WCL_CLEANUP_NETWORK_RECORD wcl_network_record *network = NULL;
    WCL_CLEANUP_ENDPOINT wcl_endpoint_record *endpoint = NULL;
    wcl_hns_endpoint *object = NULL;

    if (read_object(request, &object, error) != WCL_OK)
        return WCL_FAILED;
    if (check_new_id(service, object, error) != WCL_OK ||
        find_network(service, object, &network, error) != WCL_OK ||
        wcl_fill_endpoint(service, object, network, error) != WCL_OK) {
        wcl_hns_endpoint_free(object);
        return WCL_FAILED;
    }
    if (wcl_endpoint_record_new(object, network, service->home, &endpoint, error) != WCL_OK ||
        wcl_check_endpoint(object, object->is_remote_endpoint, error) != WCL_OK ||
        wcl_check_addresses(object, error) != WCL_OK ||
        wcl_claim_all(service, endpoint, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_endpoint_output(endpoint, output, error) == WCL_OK &&
        establish(service, network, endpoint, error) == WCL_OK)
        return WCL_OK;
    wcl_claim_release(service, endpoint);
    return WCL_FAILED;
}

/* ---- Changing one ---- */

static wcl_status check_unchanged(const char *field, const char *before, const char *after,
                                  wcl_error *error)
{
    if (!after || (before && strcasecmp(before, after) == 0))
        return WCL_OK;
    return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                    "cannot change the endpoint's %s, which is '%.60s'", field,
                    before ? before : "");
}

static wcl_status check_fixed_fields(const wcl_hns_endpoint *before, const wcl_hns_endpoint *after,
                                     wcl_error *error)
{
    const struct {
        const char *name, *before, *after;
    } fixed[] = {
        { "ID", before->id, after->id },
        { "VirtualNetwork", before->virtual_network, after->virtual_network },
        { "VirtualNetworkName", before->virtual_network_name, after->virtual_network_name },
        { "MacAddress", before->mac_address, after->mac_address },
        { "IPAddress", before->ip_address, after->ip_address },
        { "GatewayAddress", before->gateway_address, after->gateway_address },
        { "IPv6Address", before->ipv6_address, after->ipv6_address },
        { "GatewayAddressV6", before->gateway_address_v6, after->gateway_address_v6 },
    };

    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
        if (check_unchanged(fixed[i].name, fixed[i].before, fixed[i].after, error) != WCL_OK)
            return WCL_FAILED;
    if ((after->prefix_length && after->prefix_length != before->prefix_length) ||
        after->is_remote_endpoint != before->is_remote_endpoint)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "cannot change the endpoint's PrefixLength or IsRemoteEndpoint");
    return WCL_OK;
}

/* The object as it is, with the fields of the request put over it. */
static wcl_status merge(const wcl_hns_endpoint *before, const cJSON *request,
                        wcl_hns_endpoint **after, wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *merged = NULL;
    const cJSON *item;

    if (wcl_hns_endpoint_to_json(before, &merged, error) != WCL_OK)
        return WCL_FAILED;
    cJSON_ArrayForEach(item, request)
    {
        cJSON *copy = cJSON_Duplicate(item, true);
        if (!copy)
            return wcl_fail_memory(error);
        cJSON_DeleteItemFromObjectCaseSensitive(merged, item->string);
        if (!cJSON_AddItemToObject(merged, item->string, copy)) {
            cJSON_Delete(copy);
            return wcl_fail_memory(error);
        }
    }
    /* Through text, for a tree that was put together is not one that can be read. */
    WCL_CLEANUP_FREE char *text = wcl_json_print(merged);
    if (!text)
        return wcl_fail_memory(error);
    if (wcl_hns_endpoint_parse(text, after, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_hns_set_text(wcl_hns_region(*after), &(*after)->id, before->id, error) == WCL_OK)
        return WCL_OK;
    wcl_hns_endpoint_free(*after);
    return WCL_FAILED;
}

/* Kernel and disk go from `before` to `after`; a failure leaves `before`. */
static wcl_status endpoints_change(wcl_service *service, const wcl_network_record *network,
                                   const wcl_endpoint_record *before,
                                   const wcl_endpoint_record *after, wcl_error *error)
{
    bool is_up = before->attachment.kind || before->object->is_remote_endpoint;

    if (wcl_claim_all(service, after, error) != WCL_OK) {
        wcl_claim_all(service, before, NULL);
        return WCL_FAILED;
    }
    if (wcl_hns_store_save_endpoint(service, after, error) != WCL_OK) {
        wcl_claim_release_ports(service, after, before);
        return WCL_FAILED;
    }
    if (!is_up || service->kernel->ops->endpoint_change(service->kernel, network, before, after,
                                                        error) == WCL_OK) {
        wcl_claim_release_ports(service, before, after);
        return WCL_OK;
    }
    service->uncertain = true;
    service->kernel->ops->endpoint_change(service->kernel, network, NULL, before, NULL);
    wcl_hns_store_save_endpoint(service, before, NULL);
    wcl_claim_release_ports(service, after, before);
    return WCL_FAILED;
}

wcl_status wcl_endpoints_update(wcl_service *service, const char *id, const cJSON *request,
                                cJSON **output, wcl_error *error)
{
    WCL_CLEANUP_NETWORK_RECORD wcl_network_record *network = NULL;
    WCL_CLEANUP_ENDPOINT wcl_endpoint_record *before = NULL, *after = NULL;
    wcl_hns_endpoint *asked = NULL, *object = NULL;

    if (wcl_hns_store_load_both(service, id, &network, &before, error) != WCL_OK ||
        read_object(request, &asked, error) != WCL_OK)
        return WCL_FAILED;
    /* What is not said stays as it is. */
    if (!cJSON_HasObjectItem(request, "IsRemoteEndpoint"))
        asked->is_remote_endpoint = before->object->is_remote_endpoint;
    wcl_status status = check_fixed_fields(before->object, asked, error);
    if (status == WCL_OK)
        status = wcl_check_endpoint(asked, asked->is_remote_endpoint, error);
    wcl_hns_endpoint_free(asked);
    if (status != WCL_OK || merge(before->object, request, &object, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_fill_endpoint(service, object, network, error) != WCL_OK) {
        wcl_hns_endpoint_free(object);
        return WCL_FAILED;
    }
    if (wcl_endpoint_record_new(object, network, service->home, &after, error) != WCL_OK)
        return WCL_FAILED;
    after->attachment = before->attachment; /* its texts live as long as `before` */
    if (wcl_endpoint_output(after, output, error) != WCL_OK)
        return WCL_FAILED;
    return endpoints_change(service, network, before, after, error);
}

/* ---- Removing one ---- */

wcl_status wcl_endpoints_delete(wcl_service *service, const char *id, cJSON **output,
                                wcl_error *error)
{
    WCL_CLEANUP_NETWORK_RECORD wcl_network_record *network = NULL;
    WCL_CLEANUP_ENDPOINT wcl_endpoint_record *endpoint = NULL;

    if (wcl_hns_store_load_both(service, id, &network, &endpoint, error) != WCL_OK ||
        (endpoint->attachment.kind &&
         wcl_detach_endpoint(service, network, endpoint, error) != WCL_OK))
        return WCL_FAILED;
    if (endpoint->object->is_remote_endpoint &&
        service->kernel->ops->endpoint_down(service->kernel, network, endpoint, error) != WCL_OK) {
        service->uncertain = true;
        return WCL_FAILED;
    }
    if (wcl_endpoint_output(endpoint, output, error) != WCL_OK ||
        wcl_hns_store_remove_endpoint(service, endpoint, error) != WCL_OK)
        return WCL_FAILED;
    wcl_claim_release(service, endpoint);
    return WCL_OK;
}
