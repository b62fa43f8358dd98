/* Networks, endpoints and their policies as JSON, by tables of their fields. */
#include "hns/objects.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "base/options.h"

#define FIELD(of, json, kind, member)                                                              \
    {                                                                                              \
        .name = (json), .type = (kind), .offset = offsetof(of, member)                             \
    }
#define TABLE(of, name, array)                                                                     \
    {                                                                                              \
        .what = (name), WCL_JSON_FIELDS(array), .size = sizeof(of),                                \
        .unknown = WCL_JSON_KEEP_UNKNOWN, .extra_offset = offsetof(of, extra)                      \
    }

/* ---- Policies -------------------------------------------------------------------------------- */

static const char *const type_names[] = { "", "NAT", "QOS", "VLAN", "VSID", "PA" };

const char *wcl_hns_policy_type_name(wcl_hns_policy_type type)
{
    return type_names[type];
}

static wcl_status write_type(const wcl_json_field *field, const void *from, cJSON *object,
                             wcl_error *error)
{
    const wcl_hns_policy *policy = from;
    const char *type = policy->type ? type_names[policy->type] : policy->type_name;

    return wcl_json_add_text(object, field->name, type) ? WCL_OK : wcl_fail_memory(error);
}

/* A policy's fields; which type it is, is read before them. */
#define TYPE                                                                                       \
    {                                                                                              \
        .name = "Type", .type = WCL_JSON_OTHER, .write = write_type                                \
    }
#define NUMBER(json, kind, member)                                                                 \
    {                                                                                              \
        .name = (json), .type = (kind), .keep_empty = true,                                        \
        .offset = offsetof(wcl_hns_policy, member)                                                 \
    }

static const wcl_json_field other_fields[] = { TYPE };
static const wcl_json_field nat_fields[] = {
    TYPE,
    FIELD(wcl_hns_policy, "Protocol", WCL_JSON_TEXT, nat.protocol),
    NUMBER("InternalPort", WCL_JSON_U16, nat.internal_port),
    NUMBER("ExternalPort", WCL_JSON_U16, nat.external_port),
};
static const wcl_json_field qos_fields[] = {
    TYPE,
    NUMBER("MaximumOutgoingBandwidthInBytes", WCL_JSON_U64,
           qos.maximum_outgoing_bandwidth_in_bytes),
};
static const wcl_json_field vlan_fields[] = { TYPE, NUMBER("VLAN", WCL_JSON_U32, vlan.vlan) };
static const wcl_json_field vsid_fields[] = { TYPE, NUMBER("VSID", WCL_JSON_U32, vsid.vsid) };
static const wcl_json_field pa_fields[] = { TYPE,
                                            FIELD(wcl_hns_policy, "PA", WCL_JSON_TEXT, pa.pa) };

#define TYPE_COUNT (sizeof(policy_tables) / sizeof(policy_tables[0]))
static const wcl_json_table policy_tables[] = {
    [WCL_HNS_POLICY_OTHER] = TABLE(wcl_hns_policy, "a policy", other_fields),
    [WCL_HNS_POLICY_NAT] = TABLE(wcl_hns_policy, "a NAT policy", nat_fields),
    [WCL_HNS_POLICY_QOS] = TABLE(wcl_hns_policy, "a QOS policy", qos_fields),
    [WCL_HNS_POLICY_VLAN] = TABLE(wcl_hns_policy, "a VLAN policy", vlan_fields),
    [WCL_HNS_POLICY_VSID] = TABLE(wcl_hns_policy, "a VSID policy", vsid_fields),
    [WCL_HNS_POLICY_PA] = TABLE(wcl_hns_policy, "a PA policy", pa_fields),
};

static wcl_status read_policy(const cJSON *item, wcl_region *region, wcl_hns_policy *policy,
                              wcl_error *error)
{
    const char *type = NULL;

    if (!cJSON_IsObject(item))
        return wcl_fail(error, WCL_CODE_INVALID_DATA,
                        "an element of 'Policies' is not a JSON object");
    if (wcl_json_get_text(item, "Type", &type, error) != WCL_OK)
        return WCL_FAILED;
    if (!type || !*type)
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "a policy has no 'Type'");
    for (size_t i = WCL_HNS_POLICY_NAT; i < TYPE_COUNT; i++)
        if (strcasecmp(type, type_names[i]) == 0)
            policy->type = (wcl_hns_policy_type)i;
    if (policy->type == WCL_HNS_POLICY_OTHER &&
        wcl_hns_set_text(region, &policy->type_name, type, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_json_read(&policy_tables[policy->type], item, region, policy, error);
}

static wcl_status read_policies(const wcl_json_field *field, const cJSON *list, wcl_region *region,
                                void *to, wcl_error *error)
{
    size_t length = (size_t)cJSON_GetArraySize(list), count = 0;
    const cJSON *item;

    if (!cJSON_IsArray(list))
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "the field '%s' is not a list", field->name);
    wcl_hns_policy *policies = wcl_region_alloc(region, length + 1, sizeof(*policies));
    if (!policies)
        return wcl_fail_memory(error);
    cJSON_ArrayForEach(item, list)
    {
        if (read_policy(item, region, &policies[count++], error) != WCL_OK)
            return WCL_FAILED;
    }
    memcpy((char *)to + field->offset, &policies, sizeof(policies));
    memcpy((char *)to + field->count_offset, &count, sizeof(count));
    return WCL_OK;
}

/* Whether a policy that a caller put together can be written. */
static wcl_status check_policy(const wcl_hns_policy *policy, wcl_error *error)
{
    if ((size_t)policy->type >= TYPE_COUNT)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "a policy has the type %d, which is not a wcl_hns_policy_type",
                        (int)policy->type);
    if (policy->type == WCL_HNS_POLICY_OTHER && (!policy->type_name || !*policy->type_name))
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "a policy has no type_name");
    return WCL_OK;
}

static wcl_status write_policies(const wcl_json_field *field, const void *from, cJSON *object,
                                 wcl_error *error)
{
    const wcl_hns_policy *policies;
    size_t count;

    memcpy(&policies, (const char *)from + field->offset, sizeof(policies));
    memcpy(&count, (const char *)from + field->count_offset, sizeof(count));
    cJSON *list = count ? cJSON_AddArrayToObject(object, field->name) : NULL;
    if (count && !list)
        return wcl_fail_memory(error);
    for (size_t i = 0; i < count; i++) {
        cJSON *item = cJSON_CreateObject();
        if (wcl_json_append(list, item, error) != WCL_OK ||
            check_policy(&policies[i], error) != WCL_OK ||
            wcl_json_write(&policy_tables[policies[i].type], &policies[i], item, error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

#define POLICIES(of)                                                                               \
    {                                                                                              \
        .name = "Policies", .type = WCL_JSON_OTHER, .offset = offsetof(of, policies),              \
        .count_offset = offsetof(of, policy_count), .read = read_policies, .write = write_policies \
    }

wcl_status wcl_hns_policy_format(const wcl_hns_policy *policy, char **json, wcl_error *error)
{
    *json = NULL;
    if (check_policy(policy, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_json_write_text(&policy_tables[policy->type], policy, json, error);
}

const wcl_hns_policy *wcl_hns_find_policy(const wcl_hns_policy *list, size_t count,
                                          wcl_hns_policy_type type)
{
    for (size_t i = 0; i < count; i++)
        if (list[i].type == type)
            return &list[i];
    return NULL;
}

/* ---- Networks and endpoints ------------------------------------------------------------------ */

static const wcl_json_field mac_pool_fields[] = {
    FIELD(wcl_hns_mac_pool, "StartMacAddress", WCL_JSON_TEXT, start_mac_address),
    FIELD(wcl_hns_mac_pool, "EndMacAddress", WCL_JSON_TEXT, end_mac_address),
};
static const wcl_json_table mac_pool_table =
    TABLE(wcl_hns_mac_pool, "an element of 'MacPools'", mac_pool_fields);

static const wcl_json_field subnet_fields[] = {
    FIELD(wcl_hns_subnet, "AddressPrefix", WCL_JSON_TEXT, address_prefix),
    FIELD(wcl_hns_subnet, "GatewayAddress", WCL_JSON_TEXT, gateway_address),
    POLICIES(wcl_hns_subnet),
};
static const wcl_json_table subnet_table =
    TABLE(wcl_hns_subnet, "an element of 'Subnets'", subnet_fields);

#define NETWORK(json, kind, member) FIELD(wcl_hns_network, json, kind, member)
#define NETWORK_LIST(json, member, count, of)                                                      \
    {                                                                                              \
        .name = (json), .type = WCL_JSON_STRUCTS, .offset = offsetof(wcl_hns_network, member),     \
        .count_offset = offsetof(wcl_hns_network, count), .table = (of)                            \
    }
static const wcl_json_field network_fields[] = {
    NETWORK("ID", WCL_JSON_TEXT, id),
    NETWORK("Name", WCL_JSON_TEXT, name),
    NETWORK("Type", WCL_JSON_TEXT, type),
    NETWORK("NetworkAdapterName", WCL_JSON_TEXT, network_adapter_name),
    NETWORK("SourceMac", WCL_JSON_TEXT, source_mac),
    POLICIES(wcl_hns_network),
    NETWORK_LIST("MacPools", mac_pools, mac_pool_count, &mac_pool_table),
    NETWORK_LIST("Subnets", subnets, subnet_count, &subnet_table),
    NETWORK("DNSSuffix", WCL_JSON_TEXT, dns_suffix),
    NETWORK("DNSServerList", WCL_JSON_TEXT, dns_server_list),
    NETWORK("DNSServerCompartment", WCL_JSON_U32, dns_server_compartment),
    NETWORK("ManagementIP", WCL_JSON_TEXT, management_ip),
};
static const wcl_json_table network_table = TABLE(wcl_hns_network, "the network", network_fields);

#define ENDPOINT(json, kind, member) FIELD(wcl_hns_endpoint, json, kind, member)
static const wcl_json_field endpoint_fields[] = {
    ENDPOINT("ID", WCL_JSON_TEXT, id),
    ENDPOINT("Name", WCL_JSON_TEXT, name),
    ENDPOINT("VirtualNetwork", WCL_JSON_TEXT, virtual_network),
    ENDPOINT("VirtualNetworkName", WCL_JSON_TEXT, virtual_network_name),
    POLICIES(wcl_hns_endpoint),
    ENDPOINT("MacAddress", WCL_JSON_TEXT, mac_address),
    ENDPOINT("IPAddress", WCL_JSON_TEXT, ip_address),
    ENDPOINT("DNSSuffix", WCL_JSON_TEXT, dns_suffix),
    ENDPOINT("DNSServerList", WCL_JSON_TEXT, dns_server_list),
    ENDPOINT("GatewayAddress", WCL_JSON_TEXT, gateway_address),
    ENDPOINT("EnableInternalDNS", WCL_JSON_BOOL, enable_internal_dns),
    ENDPOINT("DisableICC", WCL_JSON_BOOL, disable_icc),
    ENDPOINT("PrefixLength", WCL_JSON_U8, prefix_length),
    ENDPOINT("IsRemoteEndpoint", WCL_JSON_BOOL, is_remote_endpoint),
    ENDPOINT("IPv6Address", WCL_JSON_TEXT, ipv6_address),
    ENDPOINT("IPv6PrefixLength", WCL_JSON_U8, ipv6_prefix_length),
    ENDPOINT("GatewayAddressV6", WCL_JSON_TEXT, gateway_address_v6),
};
static const wcl_json_table endpoint_table =
    TABLE(wcl_hns_endpoint, "the endpoint", endpoint_fields);

const char *wcl_hns_field_like(const char *name)
{
    static const wcl_json_table *const others[] = { &network_table, &endpoint_table, &subnet_table,
                                                    &mac_pool_table };

    for (size_t i = 0; i < TYPE_COUNT + sizeof(others) / sizeof(others[0]); i++) {
        const wcl_json_table *table = i < TYPE_COUNT ? &policy_tables[i] : others[i - TYPE_COUNT];
        for (size_t j = 0; j < table->field_count; j++)
            if (strcasecmp(name, table->fields[j].name) == 0)
                return table->fields[j].name;
    }
    return NULL;
}

/* ---- Objects with their memory --------------------------------------------------------------- */

struct parsed_object {
    wcl_region region;
    max_align_t object[];
};

static struct parsed_object *parsed_of(const void *object)
{
    return (struct parsed_object *)((uintptr_t)object - offsetof(struct parsed_object, object));
}

wcl_region *wcl_hns_region(const void *object)
{
    return &parsed_of(object)->region;
}

static void free_object(const void *object)
{
    if (!object)
        return;
    wcl_region_free(wcl_hns_region(object));
    free(parsed_of(object));
}

wcl_status wcl_hns_set_text(wcl_region *region, const char **field, const char *text,
                            wcl_error *error)
{
    *field = wcl_region_text(region, text);
    return *field ? WCL_OK : wcl_fail_memory(error);
}

/* NULL after a failure. */
static void *object_from_json(const wcl_json_table *table, const cJSON *from, wcl_error *error)
{
    struct parsed_object *parsed = calloc(1, sizeof(*parsed) + table->size);

    if (parsed) /* a network and an endpoint begin with it */
        memcpy(parsed->object, &table->size, sizeof(table->size));
    if (!parsed)
        wcl_fail_memory(error);
    else if (wcl_json_read(table, from, &parsed->region, parsed->object, error) == WCL_OK)
        return parsed->object;
    else
        free_object(parsed->object);
    return NULL;
}

static void *object_parse(const wcl_json_table *table, const char *json, wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *tree = NULL;

    if (wcl_json_parse(wcl_text(json), strlen(wcl_text(json)), WCL_HNS_JSON_LIMIT, &tree, error) !=
        WCL_OK)
        return NULL;
    return object_from_json(table, tree, error);
}

static wcl_status object_to_json(const wcl_json_table *table, const void *object, cJSON **json,
                                 wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *made = cJSON_CreateObject();

    if (!made)
        return wcl_fail_memory(error);
    if (wcl_json_write(table, object, made, error) != WCL_OK)
        return WCL_FAILED;
    *json = made;
    made = NULL;
    return WCL_OK;
}

wcl_status wcl_hns_network_from_json(const cJSON *from, wcl_hns_network **network, wcl_error *error)
{
    *network = object_from_json(&network_table, from, error);
    return *network ? WCL_OK : WCL_FAILED;
}

wcl_status wcl_hns_network_parse(const char *json, wcl_hns_network **network, wcl_error *error)
{
    *network = object_parse(&network_table, json, error);
    return *network ? WCL_OK : WCL_FAILED;
}

wcl_status wcl_hns_network_to_json(const wcl_hns_network *network, cJSON **json, wcl_error *error)
{
    return object_to_json(&network_table, network, json, error);
}

wcl_status wcl_hns_network_format(const wcl_hns_network *network, char **json, wcl_error *error)
{
    wcl_hns_network own = WCL_HNS_NETWORK_INIT;

    *json = NULL;
    return WCL_TAKE(wcl_hns_network, &own, network, __func__, error) == WCL_OK
               ? wcl_json_write_text(&network_table, &own, json, error)
               : WCL_FAILED;
}

void wcl_hns_network_free(wcl_hns_network *network)
{
    free_object(network);
}

wcl_status wcl_hns_endpoint_from_json(const cJSON *from, wcl_hns_endpoint **endpoint,
                                      wcl_error *error)
{
    *endpoint = object_from_json(&endpoint_table, from, error);
    return *endpoint ? WCL_OK : WCL_FAILED;
}

wcl_status wcl_hns_endpoint_parse(const char *json, wcl_hns_endpoint **endpoint, wcl_error *error)
{
    *endpoint = object_parse(&endpoint_table, json, error);
    return *endpoint ? WCL_OK : WCL_FAILED;
}

wcl_status wcl_hns_endpoint_to_json(const wcl_hns_endpoint *endpoint, cJSON **json,
                                    wcl_error *error)
{
    return object_to_json(&endpoint_table, endpoint, json, error);
}

wcl_status wcl_hns_endpoint_format(const wcl_hns_endpoint *endpoint, char **json, wcl_error *error)
{
    wcl_hns_endpoint own = WCL_HNS_ENDPOINT_INIT;

    *json = NULL;
    return WCL_TAKE(wcl_hns_endpoint, &own, endpoint, __func__, error) == WCL_OK
               ? wcl_json_write_text(&endpoint_table, &own, json, error)
               : WCL_FAILED;
}

void wcl_hns_endpoint_free(wcl_hns_endpoint *endpoint)
{
    free_object(endpoint);
}
