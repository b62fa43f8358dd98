/* Requests about networks. */
#include <string.h>
#include <strings.h>

#include "hns/linux/check.h"
#include "hns/linux/service.h"

wcl_status wcl_networks_list(wcl_service *service, cJSON **output, wcl_error *error)
{
    WCL_CLEANUP_NETWORKS wcl_network_list list = { NULL, 0 };

    if (!(*output = cJSON_CreateArray()))
        return wcl_fail_memory(error);
    if (wcl_hns_store_load_networks(service, &list, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i < list.count; i++) {
        cJSON *item = NULL;
        if (wcl_hns_network_to_json(list.records[i]->object, &item, error) != WCL_OK ||
            wcl_json_append(*output, item, error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

wcl_status wcl_networks_get(wcl_service *service, const char *id, cJSON **output, wcl_error *error)
{
    WCL_CLEANUP_NETWORK_RECORD wcl_network_record *network = NULL;

    if (wcl_hns_store_load_network(service, id, &network, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_hns_network_to_json(network->object, output, error);
}

wcl_status wcl_networks_set_forwarding(wcl_service *service, const wcl_network_list *list,
                                       const wcl_network_record *extra, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer memory = WCL_BUFFER_INIT;
    bool ipv4 = false, ipv6 = false;

    for (size_t i = 0; i <= list->count; i++) {
        const wcl_network_record *network = i < list->count ? list->records[i] : extra;
        for (size_t j = 0; network && network->kind == WCL_NETWORK_NAT && j < network->subnet_count;
             j++) {
            ipv4 = ipv4 || network->subnets[j].prefix.address.size == 4;
            ipv6 = ipv6 || network->subnets[j].prefix.address.size == 16;
        }
    }
    if (wcl_buffer_printf(&memory, error, "%s/forwarding.json", service->state_dir) != WCL_OK)
        return WCL_FAILED;
    return service->kernel->ops->set_forwarding(service->kernel, wcl_buffer_text(&memory), ipv4,
                                                ipv6, error);
}

/* Refuses what another network has. */
static wcl_status check_conflicts(wcl_service *service, const wcl_network_record *network,
                                  const wcl_network_list *others, wcl_error *error)
{
    for (size_t i = 0; i < others->count; i++) {
        const wcl_network_record *other = others->records[i];
        if (strcmp(other->object->id, network->object->id) == 0 ||
            strcmp(other->tag, network->tag) == 0)
            return wcl_fail(error, WCL_CODE_ALREADY_EXISTS,
                            "The object already exists: a network has the id %s",
                            network->object->id);
        if (strcasecmp(other->object->name, network->object->name) == 0)
            return wcl_fail(error, WCL_CODE_ALREADY_EXISTS,
                            "The object already exists: a network has the name '%s'",
                            network->object->name);
        if (network->vsid && other->vsid == network->vsid)
            return wcl_fail(error, WCL_CODE_ALREADY_EXISTS,
                            "The object already exists: the network '%s' has the VSID %u",
                            other->object->name, network->vsid);
        for (size_t j = 0; j < network->subnet_count; j++)
            for (size_t k = 0; k < other->subnet_count; k++)
                if (wcl_prefix_overlaps(&network->subnets[j].prefix, &other->subnets[k].prefix))
                    return wcl_fail(error, WCL_CODE_ALREADY_EXISTS,
                                    "The subnet %s overlaps with %s of the network '%s'",
                                    network->object->subnets[j].address_prefix,
                                    other->object->subnets[k].address_prefix, other->object->name);
    }
    if (network->kind != WCL_NETWORK_NAT && network->kind != WCL_NETWORK_INTERNAL)
        return WCL_OK;
    for (size_t j = 0; j < network->subnet_count; j++)
        if (service->kernel->ops->check_prefix(service->kernel, &network->subnets[j].prefix,
                                               error) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}

/* The MTU that endpoints can use on the network's wire. */
static wcl_status find_mtu(wcl_service *service, wcl_network_record *network, wcl_error *error)
{
    const char *name = network->object->network_adapter_name;
    wcl_adapter adapter = { .mtu = network->mtu };

    if (name &&
        service->kernel->ops->find_adapter(service->kernel, name, &adapter, error) != WCL_OK)
        return WCL_FAILED;
    if (adapter.mtu < 1280 || adapter.mtu > UINT16_MAX)
        return WCL_OK;
    if (wcl_network_has_uplink(network->kind))
        network->mtu = adapter.mtu;
    if (network->kind == WCL_NETWORK_OVERLAY)
        network->mtu = adapter.mtu - (network->local.size == 4 ? 50 : 70);
    return WCL_OK;
}

/* From disk to kernel; a failure takes both back. */
static wcl_status establish(wcl_service *service, const wcl_network_record *network,
                            const wcl_network_list *others, wcl_error *error)
{
    if (wcl_hns_store_save_network(service, network, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_networks_set_forwarding(service, others, network, error) == WCL_OK &&
        service->kernel->ops->network_up(service->kernel, network, others->count, error) == WCL_OK)
        return WCL_OK;
    service->uncertain = true;
    wcl_networks_set_forwarding(service, others, NULL, NULL);
    wcl_hns_store_remove_network(service, network, NULL);
    return WCL_FAILED;
}

wcl_status wcl_networks_create(wcl_service *service, const cJSON *request, cJSON **output,
                               wcl_error *error)
{
    WCL_CLEANUP_NETWORKS wcl_network_list others = { NULL, 0 };
    WCL_CLEANUP_NETWORK_RECORD wcl_network_record *network = NULL;
    wcl_hns_network *object = NULL;

    if (wcl_hns_network_from_json(request, &object, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_hns_store_load_networks(service, &others, error) != WCL_OK ||
        wcl_fill_network(service, object, &others, error) != WCL_OK) {
        wcl_hns_network_free(object);
        return WCL_FAILED;
    }
    if (wcl_network_record_new(object, service->home, &network, error) != WCL_OK ||
        wcl_check_network(network, error) != WCL_OK ||
        check_conflicts(service, network, &others, error) != WCL_OK ||
        find_mtu(service, network, error) != WCL_OK ||
        wcl_hns_network_to_json(network->object, output, error) != WCL_OK)
        return WCL_FAILED;
    return establish(service, network, &others, error);
}

wcl_status wcl_networks_delete(wcl_service *service, const char *id, cJSON **output,
                               wcl_error *error)
{
    WCL_CLEANUP_NETWORKS wcl_network_list list = { NULL, 0 };
    const wcl_network_record *network = NULL;

    if (wcl_hns_store_load_networks(service, &list, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i < list.count; i++)
        if (strcmp(list.records[i]->object->id, id) == 0)
            network = list.records[i];
    if (!network)
        return wcl_fail(error, WCL_CODE_ELEMENT_NOT_FOUND, "The network %s was not found", id);
    if (wcl_claim_check_empty(service, network, error) != WCL_OK ||
        wcl_hns_network_to_json(network->object, output, error) != WCL_OK)
        return WCL_FAILED;
    if (service->kernel->ops->network_down(service->kernel, network, list.count - 1, error) !=
        WCL_OK) {
        service->uncertain = true;
        return WCL_FAILED;
    }
    if (wcl_hns_store_remove_network(service, network, error) != WCL_OK)
        return WCL_FAILED;
    WCL_CLEANUP_NETWORKS wcl_network_list left = { NULL, 0 };
    if (wcl_hns_store_load_networks(service, &left, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_networks_set_forwarding(service, &left, NULL, error);
}
