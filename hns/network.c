/* Networks to and from JSON. */
#include "hns/objects.h"

#include <stdlib.h>
#include <string.h>

struct parsed_network {
    wcl_hns_network network; /* first, so that a pointer to it is one to this */
    wcl_region region;
};

wcl_region *wcl_hns_network_region(wcl_hns_network *network)
{
    return &((struct parsed_network *)network)->region;
}

void wcl_hns_network_free(wcl_hns_network *network)
{
    if (!network)
        return;
    wcl_region_free(wcl_hns_network_region(network));
    free(network);
}

static wcl_status read_subnets(wcl_region *region, const cJSON *from, wcl_hns_network *network,
                               wcl_error *error)
{
    static const char *const known[] = { "AddressPrefix", "GatewayAddress", "Policies", NULL };
    const cJSON *array, *item;
    size_t count = 0, at = 0;
    wcl_status status = wcl_hns_read_list(from, "Subnets", &array, &count, error);

    if (status != WCL_OK)
        return status == WCL_END ? WCL_OK : WCL_FAILED;
    wcl_hns_subnet *subnets = wcl_region_alloc(region, count, sizeof(*subnets));
    if (!subnets)
        return wcl_fail_memory(error);
    cJSON_ArrayForEach(item, array)
    {
        wcl_hns_subnet *subnet = &subnets[at++];
        if (wcl_hns_read_text(region, item, known[0], &subnet->address_prefix, error) != WCL_OK ||
            wcl_hns_read_text(region, item, known[1], &subnet->gateway_address, error) != WCL_OK ||
            wcl_hns_read_policies(region, item, &subnet->policies, &subnet->policy_count, error) !=
                WCL_OK ||
            wcl_hns_read_extra(region, item, known, &subnet->extra, error) != WCL_OK)
            return WCL_FAILED;
    }
    network->subnets = subnets;
    network->subnet_count = count;
    return WCL_OK;
}

static wcl_status read_mac_pools(wcl_region *region, const cJSON *from, wcl_hns_network *network,
                                 wcl_error *error)
{
    static const char *const known[] = { "StartMacAddress", "EndMacAddress", NULL };
    const cJSON *array, *item;
    size_t count = 0, at = 0;
    wcl_status status = wcl_hns_read_list(from, "MacPools", &array, &count, error);

    if (status != WCL_OK)
        return status == WCL_END ? WCL_OK : WCL_FAILED;
    wcl_hns_mac_pool *pools = wcl_region_alloc(region, count, sizeof(*pools));
    if (!pools)
        return wcl_fail_memory(error);
    cJSON_ArrayForEach(item, array)
    {
        wcl_hns_mac_pool *pool = &pools[at++];
        if (wcl_hns_read_text(region, item, known[0], &pool->start_mac_address, error) != WCL_OK ||
            wcl_hns_read_text(region, item, known[1], &pool->end_mac_address, error) != WCL_OK ||
            wcl_hns_read_extra(region, item, known, &pool->extra, error) != WCL_OK)
            return WCL_FAILED;
    }
    network->mac_pools = pools;
    network->mac_pool_count = count;
    return WCL_OK;
}

static wcl_status read_network(wcl_region *region, const cJSON *from, wcl_hns_network *network,
                               wcl_error *error)
{
    static const char *const known[] = { "ID",
                                         "Name",
                                         "Type",
                                         "Policies",
                                         "MacPools",
                                         "Subnets",
                                         "SourceMac",
                                         "DNSSuffix",
                                         "NetworkAdapterName",
                                         "ManagementIP",
                                         "DNSServerList",
                                         "DNSServerCompartment",
                                         NULL };
    const struct {
        const char *name;
        const char **field;
    } texts[] = {
        { "ID", &network->id },
        { "Name", &network->name },
        { "Type", &network->type },
        { "NetworkAdapterName", &network->network_adapter_name },
        { "SourceMac", &network->source_mac },
        { "DNSSuffix", &network->dns_suffix },
        { "DNSServerList", &network->dns_server_list },
        { "ManagementIP", &network->management_ip },
    };
    uint64_t compartment = 0;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (wcl_hns_read_text(region, from, texts[i].name, texts[i].field, error) != WCL_OK)
            return WCL_FAILED;
    if (wcl_json_get_u64(from, "DNSServerCompartment", &compartment, error) != WCL_OK)
        return WCL_FAILED;
    if (compartment > UINT32_MAX)
        return wcl_fail(error, WCL_CODE_INVALID_DATA,
                        "the field 'DNSServerCompartment' does not fit into 32 bits");
    network->dns_server_compartment = (uint32_t)compartment;
    if (read_subnets(region, from, network, error) != WCL_OK ||
        read_mac_pools(region, from, network, error) != WCL_OK ||
        wcl_hns_read_policies(region, from, &network->policies, &network->policy_count, error) !=
            WCL_OK)
        return WCL_FAILED;
    return wcl_hns_read_extra(region, from, known, &network->extra, error);
}

wcl_status wcl_hns_network_from_json(const cJSON *from, wcl_hns_network **network, wcl_error *error)
{
    if (!cJSON_IsObject(from))
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "the network is not a JSON object");
    struct parsed_network *parsed = calloc(1, sizeof(*parsed));
    if (!parsed)
        return wcl_fail_memory(error);
    if (read_network(&parsed->region, from, &parsed->network, error) != WCL_OK) {
        wcl_hns_network_free(&parsed->network);
        return WCL_FAILED;
    }
    *network = &parsed->network;
    return WCL_OK;
}

wcl_status wcl_hns_network_parse(const char *json, wcl_hns_network **network, wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *tree = NULL;

    if (wcl_json_parse(json, strlen(json), WCL_HNS_JSON_LIMIT, &tree, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_hns_network_from_json(tree, network, error);
}

/* Adds an empty object to a list; NULL when out of memory. */
static cJSON *append_object(cJSON *array)
{
    cJSON *item = cJSON_CreateObject();

    if (item && cJSON_AddItemToArray(array, item))
        return item;
    cJSON_Delete(item);
    return NULL;
}

static bool add_subnets(cJSON *to, const wcl_hns_network *network)
{
    cJSON *array = network->subnet_count ? cJSON_AddArrayToObject(to, "Subnets") : NULL;

    for (size_t i = 0; i < network->subnet_count; i++) {
        const wcl_hns_subnet *subnet = &network->subnets[i];
        cJSON *item = array ? append_object(array) : NULL;
        if (!item || !wcl_hns_add_text(item, "AddressPrefix", subnet->address_prefix) ||
            !wcl_hns_add_text(item, "GatewayAddress", subnet->gateway_address) ||
            !wcl_hns_add_policies(item, subnet->policies, subnet->policy_count) ||
            !wcl_hns_add_extra(item, subnet->extra))
            return false;
    }
    return true;
}

static bool add_mac_pools(cJSON *to, const wcl_hns_network *network)
{
    cJSON *array = network->mac_pool_count ? cJSON_AddArrayToObject(to, "MacPools") : NULL;

    for (size_t i = 0; i < network->mac_pool_count; i++) {
        const wcl_hns_mac_pool *pool = &network->mac_pools[i];
        cJSON *item = array ? append_object(array) : NULL;
        if (!item || !wcl_hns_add_text(item, "StartMacAddress", pool->start_mac_address) ||
            !wcl_hns_add_text(item, "EndMacAddress", pool->end_mac_address) ||
            !wcl_hns_add_extra(item, pool->extra))
            return false;
    }
    return true;
}

static bool add_network(cJSON *to, const wcl_hns_network *network)
{
    return wcl_hns_add_text(to, "ID", network->id) && wcl_hns_add_text(to, "Name", network->name) &&
           wcl_hns_add_text(to, "Type", network->type) &&
           wcl_hns_add_text(to, "NetworkAdapterName", network->network_adapter_name) &&
           wcl_hns_add_text(to, "SourceMac", network->source_mac) &&
           wcl_hns_add_policies(to, network->policies, network->policy_count) &&
           add_mac_pools(to, network) && add_subnets(to, network) &&
           wcl_hns_add_text(to, "DNSSuffix", network->dns_suffix) &&
           wcl_hns_add_text(to, "DNSServerList", network->dns_server_list) &&
           (!network->dns_server_compartment ||
            wcl_json_add_u64(to, "DNSServerCompartment", network->dns_server_compartment)) &&
           wcl_hns_add_text(to, "ManagementIP", network->management_ip) &&
           wcl_hns_add_extra(to, network->extra);
}

static wcl_status check_all_policies(const wcl_hns_network *network, wcl_error *error)
{
    if (wcl_hns_check_policies(network->policies, network->policy_count, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i < network->subnet_count; i++)
        if (wcl_hns_check_policies(network->subnets[i].policies, network->subnets[i].policy_count,
                                   error) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}

wcl_status wcl_hns_network_to_json(const wcl_hns_network *network, cJSON **json, wcl_error *error)
{
    if (check_all_policies(network, error) != WCL_OK)
        return WCL_FAILED;
    cJSON *object = cJSON_CreateObject();

    if (!object || !add_network(object, network)) {
        cJSON_Delete(object);
        return wcl_fail_memory(error);
    }
    *json = object;
    return WCL_OK;
}

wcl_status wcl_hns_network_format(const wcl_hns_network *network, char **json, wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *object = NULL;

    if (wcl_hns_network_to_json(network, &object, error) != WCL_OK)
        return WCL_FAILED;
    *json = wcl_json_print(object);
    return *json ? WCL_OK : wcl_fail_memory(error);
}
