/* Endpoints to and from JSON. */
#include "hns/objects.h"

#include <stdlib.h>
#include <string.h>

struct parsed_endpoint {
    wcl_hns_endpoint endpoint; /* first, so that a pointer to it is one to this */
    wcl_region region;
};

wcl_region *wcl_hns_endpoint_region(wcl_hns_endpoint *endpoint)
{
    return &((struct parsed_endpoint *)endpoint)->region;
}

void wcl_hns_endpoint_free(wcl_hns_endpoint *endpoint)
{
    if (!endpoint)
        return;
    wcl_region_free(wcl_hns_endpoint_region(endpoint));
    free(endpoint);
}

static wcl_status read_texts(wcl_region *region, const cJSON *from, wcl_hns_endpoint *endpoint,
                             wcl_error *error)
{
    const struct {
        const char *name;
        const char **field;
    } texts[] = {
        { "ID", &endpoint->id },
        { "Name", &endpoint->name },
        { "VirtualNetwork", &endpoint->virtual_network },
        { "VirtualNetworkName", &endpoint->virtual_network_name },
        { "MacAddress", &endpoint->mac_address },
        { "IPAddress", &endpoint->ip_address },
        { "DNSSuffix", &endpoint->dns_suffix },
        { "DNSServerList", &endpoint->dns_server_list },
        { "GatewayAddress", &endpoint->gateway_address },
        { "IPv6Address", &endpoint->ipv6_address },
        { "GatewayAddressV6", &endpoint->gateway_address_v6 },
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (wcl_hns_read_text(region, from, texts[i].name, texts[i].field, error) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}

static wcl_status read_prefix_length(const cJSON *from, const char *name, uint8_t *length,
                                     wcl_error *error)
{
    uint64_t value = 0;

    if (wcl_json_get_u64(from, name, &value, error) != WCL_OK)
        return WCL_FAILED;
    if (value > UINT8_MAX)
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "the field '%s' does not fit into 8 bits",
                        name);
    *length = (uint8_t)value;
    return WCL_OK;
}

static wcl_status read_endpoint(wcl_region *region, const cJSON *from, wcl_hns_endpoint *endpoint,
                                wcl_error *error)
{
    static const char *const known[] = { "ID",
                                         "Name",
                                         "VirtualNetwork",
                                         "VirtualNetworkName",
                                         "Policies",
                                         "MacAddress",
                                         "IPAddress",
                                         "DNSSuffix",
                                         "DNSServerList",
                                         "GatewayAddress",
                                         "DisableICC",
                                         "EnableInternalDNS",
                                         "PrefixLength",
                                         "IsRemoteEndpoint",
                                         "IPv6Address",
                                         "IPv6PrefixLength",
                                         "GatewayAddressV6",
                                         NULL };

    if (read_texts(region, from, endpoint, error) != WCL_OK ||
        wcl_hns_read_policies(region, from, &endpoint->policies, &endpoint->policy_count, error) !=
            WCL_OK ||
        wcl_json_get_bool(from, "EnableInternalDNS", &endpoint->enable_internal_dns, error) !=
            WCL_OK ||
        wcl_json_get_bool(from, "DisableICC", &endpoint->disable_icc, error) != WCL_OK ||
        wcl_json_get_bool(from, "IsRemoteEndpoint", &endpoint->is_remote_endpoint, error) !=
            WCL_OK ||
        read_prefix_length(from, "PrefixLength", &endpoint->prefix_length, error) != WCL_OK ||
        read_prefix_length(from, "IPv6PrefixLength", &endpoint->ipv6_prefix_length, error) !=
            WCL_OK)
        return WCL_FAILED;
    return wcl_hns_read_extra(region, from, known, &endpoint->extra, error);
}

wcl_status wcl_hns_endpoint_from_json(const cJSON *from, wcl_hns_endpoint **endpoint,
                                      wcl_error *error)
{
    if (!cJSON_IsObject(from))
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "the endpoint is not a JSON object");
    struct parsed_endpoint *parsed = calloc(1, sizeof(*parsed));
    if (!parsed)
        return wcl_fail_memory(error);
    if (read_endpoint(&parsed->region, from, &parsed->endpoint, error) != WCL_OK) {
        wcl_hns_endpoint_free(&parsed->endpoint);
        return WCL_FAILED;
    }
    *endpoint = &parsed->endpoint;
    return WCL_OK;
}

wcl_status wcl_hns_endpoint_parse(const char *json, wcl_hns_endpoint **endpoint, wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *tree = NULL;

    if (wcl_json_parse(json, strlen(json), WCL_HNS_JSON_LIMIT, &tree, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_hns_endpoint_from_json(tree, endpoint, error);
}

static bool add_flag(cJSON *to, const char *name, bool value)
{
    return !value || cJSON_AddTrueToObject(to, name);
}

static bool add_number(cJSON *to, const char *name, uint64_t value)
{
    return !value || wcl_json_add_u64(to, name, value);
}

static bool add_endpoint(cJSON *to, const wcl_hns_endpoint *endpoint)
{
    return wcl_hns_add_text(to, "ID", endpoint->id) &&
           wcl_hns_add_text(to, "Name", endpoint->name) &&
           wcl_hns_add_text(to, "VirtualNetwork", endpoint->virtual_network) &&
           wcl_hns_add_text(to, "VirtualNetworkName", endpoint->virtual_network_name) &&
           wcl_hns_add_policies(to, endpoint->policies, endpoint->policy_count) &&
           wcl_hns_add_text(to, "MacAddress", endpoint->mac_address) &&
           wcl_hns_add_text(to, "IPAddress", endpoint->ip_address) &&
           wcl_hns_add_text(to, "DNSSuffix", endpoint->dns_suffix) &&
           wcl_hns_add_text(to, "DNSServerList", endpoint->dns_server_list) &&
           wcl_hns_add_text(to, "GatewayAddress", endpoint->gateway_address) &&
           add_flag(to, "EnableInternalDNS", endpoint->enable_internal_dns) &&
           add_flag(to, "DisableICC", endpoint->disable_icc) &&
           add_number(to, "PrefixLength", endpoint->prefix_length) &&
           add_flag(to, "IsRemoteEndpoint", endpoint->is_remote_endpoint) &&
           wcl_hns_add_text(to, "IPv6Address", endpoint->ipv6_address) &&
           add_number(to, "IPv6PrefixLength", endpoint->ipv6_prefix_length) &&
           wcl_hns_add_text(to, "GatewayAddressV6", endpoint->gateway_address_v6) &&
           wcl_hns_add_extra(to, endpoint->extra);
}

wcl_status wcl_hns_endpoint_to_json(const wcl_hns_endpoint *endpoint, cJSON **json,
                                    wcl_error *error)
{
    if (wcl_hns_check_policies(endpoint->policies, endpoint->policy_count, error) != WCL_OK)
        return WCL_FAILED;
    cJSON *object = cJSON_CreateObject();

    if (!object || !add_endpoint(object, endpoint)) {
        cJSON_Delete(object);
        return wcl_fail_memory(error);
    }
    *json = object;
    return WCL_OK;
}

wcl_status wcl_hns_endpoint_format(const wcl_hns_endpoint *endpoint, char **json, wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *object = NULL;

    if (wcl_hns_endpoint_to_json(endpoint, &object, error) != WCL_OK)
        return WCL_FAILED;
    *json = wcl_json_print(object);
    return *json ? WCL_OK : wcl_fail_memory(error);
}
