/* Checking the objects of HNS and working out what they mean here. */
#include "hns/linux/record.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MOST_VLAN 4094
#define MOST_VSID 0xFFFFFF
#define DEFAULT_MTU 1500

void wcl_network_record_free(wcl_network_record *record)
{
    if (!record)
        return;
    wcl_hns_network_free(record->object);
    free(record);
}

void wcl_endpoint_record_free(wcl_endpoint_record *record)
{
    if (!record)
        return;
    wcl_hns_endpoint_free(record->object);
    free(record);
}

static const struct {
    const char *name;
    wcl_network_kind kind;
} kinds[] = {
    { "nat", WCL_NETWORK_NAT },           { "transparent", WCL_NETWORK_TRANSPARENT },
    { "l2bridge", WCL_NETWORK_L2BRIDGE }, { "overlay", WCL_NETWORK_OVERLAY },
    { "private", WCL_NETWORK_PRIVATE },   { "internal", WCL_NETWORK_INTERNAL },
};

bool wcl_network_kind_parse(const char *type, wcl_network_kind *kind)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcasecmp(type, kinds[i].name) == 0) {
            *kind = kinds[i].kind;
            return true;
        }
    return false;
}

bool wcl_network_has_uplink(wcl_network_kind kind)
{
    return kind == WCL_NETWORK_TRANSPARENT || kind == WCL_NETWORK_L2BRIDGE;
}

/* Names of interfaces that can be quoted anywhere. */
static bool is_plain_interface(const char *name)
{
    size_t length = strlen(name);

    if (length == 0 || length >= IFNAMSIZ || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return false;
    for (const char *at = name; *at; at++)
        if (!isalnum((unsigned char)*at) && !strchr("._-@", *at))
            return false;
    return true;
}

/* The digits that names of interfaces are made of. */
static void make_tag(uint32_t home, const char *id, char *tag, size_t digits)
{
    char source[64], text[37];

    snprintf(source, sizeof(source), "%08" PRIx32 " %.40s", home, id);
    wcl_guid guid = wcl_guid_from_source(source);
    for (size_t i = 0; i < 6; i++)
        snprintf(text + i * 2, 3, "%02x", guid.bytes[i]);
    snprintf(tag, digits + 1, "%s", text);
}

/* ---- Networks ---- */

static wcl_status read_vlan(const wcl_hns_policy *policies, size_t count, uint32_t *vlan,
                            wcl_error *error)
{
    const wcl_hns_policy *policy = wcl_hns_find_policy(policies, count, WCL_HNS_POLICY_VLAN);

    if (!policy)
        return WCL_OK;
    if (policy->vlan.vlan == 0 || policy->vlan.vlan > MOST_VLAN)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "VLAN %u is not from 1 to %d",
                        policy->vlan.vlan, MOST_VLAN);
    *vlan = policy->vlan.vlan;
    return WCL_OK;
}

static wcl_status read_vsid(const wcl_hns_policy *policies, size_t count, uint32_t *vsid,
                            wcl_error *error)
{
    const wcl_hns_policy *policy = wcl_hns_find_policy(policies, count, WCL_HNS_POLICY_VSID);

    if (!policy)
        return WCL_OK;
    if (policy->vsid.vsid == 0 || policy->vsid.vsid > MOST_VSID)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "VSID %u is not from 1 to %d",
                        policy->vsid.vsid, MOST_VSID);
    if (*vsid && *vsid != policy->vsid.vsid)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "the network's subnets have the VSIDs %u and %u; make a network of each",
                        *vsid, policy->vsid.vsid);
    *vsid = policy->vsid.vsid;
    return WCL_OK;
}

static wcl_status read_subnet(wcl_network_record *record, const wcl_hns_subnet *subnet, size_t i,
                              wcl_error *error)
{
    wcl_prefix *prefix = &record->subnets[i].prefix;
    wcl_ip *gateway = &record->subnets[i].gateway;

    if (!subnet->address_prefix)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "a subnet has no AddressPrefix");
    if (!wcl_prefix_parse(subnet->address_prefix, prefix) || prefix->length == 0 ||
        !wcl_ip_is_host(&prefix->address))
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "the AddressPrefix '%s' is not the prefix of a network of hosts",
                        subnet->address_prefix);
    if (prefix->address.size == 16 && prefix->length > 126)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "the AddressPrefix '%s' has no room for endpoints", subnet->address_prefix);
    if (subnet->gateway_address &&
        (!wcl_ip_parse(subnet->gateway_address, gateway) || !wcl_prefix_is_host(prefix, gateway)))
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "the GatewayAddress '%s' is not a host address of the subnet %s",
                        subnet->gateway_address, subnet->address_prefix);
    for (size_t j = 0; j < i; j++)
        if (wcl_prefix_overlaps(&record->subnets[j].prefix, prefix))
            return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                            "the network's subnet %s overlaps with another one of it",
                            subnet->address_prefix);
    return read_vsid(subnet->policies, subnet->policy_count, &record->vsid, error);
}

static wcl_status check_mac_pools(const wcl_hns_network *object, wcl_error *error)
{
    for (size_t i = 0; i < object->mac_pool_count; i++) {
        const char *start_text = object->mac_pools[i].start_mac_address;
        const char *end_text = object->mac_pools[i].end_mac_address;
        wcl_mac start, end;
        if (!start_text || !end_text || !wcl_mac_parse(start_text, &start) ||
            !wcl_mac_parse(end_text, &end) || !wcl_mac_is_host(&start) || !wcl_mac_is_host(&end) ||
            wcl_mac_to_number(&end) < wcl_mac_to_number(&start))
            return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                            "the MAC pool from '%s' to '%s' is not a range of MACs",
                            start_text ? start_text : "", end_text ? end_text : "");
    }
    return WCL_OK;
}

static wcl_status check_adapter(const wcl_network_record *record, wcl_error *error)
{
    const char *name = record->object->network_adapter_name;

    if (name && !is_plain_interface(name))
        return wcl_fail(error, WCL_CODE_INVALID_NAME, "'%.40s' is not the name of an adapter",
                        name);
    if (!name && wcl_network_has_uplink(record->kind))
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "a network of type %s needs a NetworkAdapterName", record->object->type);
    return WCL_OK;
}

static wcl_status check_overlay(wcl_network_record *record, wcl_error *error)
{
    const wcl_hns_network *object = record->object;

    if (record->kind != WCL_NETWORK_OVERLAY)
        return WCL_OK;
    if (!record->vsid)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "an overlay network needs a subnet with a VSID policy");
    if (!object->management_ip || !wcl_ip_parse(object->management_ip, &record->local))
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "an overlay network needs a ManagementIP, or a NetworkAdapterName whose "
                        "adapter has an address");
    return WCL_OK;
}

static wcl_status read_network(wcl_network_record *record, wcl_error *error)
{
    const wcl_hns_network *object = record->object;
    wcl_ip management;

    if (!object->type)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "the network has no Type");
    if (!wcl_network_kind_parse(object->type, &record->kind))
        return wcl_fail(
            error, WCL_CODE_NOT_SUPPORTED,
            "cannot make networks of type '%.40s' here, only nat, transparent, l2bridge, "
            "overlay, private and internal ones",
            object->type);
    if (object->subnet_count > WCL_MOST_SUBNETS)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "the network has more than %d subnets",
                        WCL_MOST_SUBNETS);
    for (size_t i = 0; i < object->subnet_count; i++)
        if (read_subnet(record, &object->subnets[i], i, error) != WCL_OK)
            return WCL_FAILED;
    record->subnet_count = object->subnet_count;
    if (!object->source_mac || !wcl_mac_parse(object->source_mac, &record->mac) ||
        !wcl_mac_is_host(&record->mac))
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "the SourceMac '%.40s' is not a MAC",
                        object->source_mac ? object->source_mac : "");
    if (object->management_ip && !wcl_ip_parse(object->management_ip, &management))
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "the ManagementIP '%.60s' is not an address", object->management_ip);
    if (check_mac_pools(object, error) != WCL_OK || check_adapter(record, error) != WCL_OK ||
        read_vlan(object->policies, object->policy_count, &record->vlan, error) != WCL_OK ||
        read_vsid(object->policies, object->policy_count, &record->vsid, error) != WCL_OK)
        return WCL_FAILED;
    return check_overlay(record, error);
}

wcl_status wcl_network_record_new(wcl_hns_network *object, uint32_t home,
                                  wcl_network_record **record, wcl_error *error)
{
    wcl_network_record *made = calloc(1, sizeof(*made));

    if (!made) {
        wcl_hns_network_free(object);
        return wcl_fail_memory(error);
    }
    made->object = object;
    made->mtu = DEFAULT_MTU;
    if (read_network(made, error) != WCL_OK) {
        wcl_network_record_free(made);
        return WCL_FAILED;
    }
    make_tag(home, object->id, made->tag, 8);
    snprintf(made->bridge, sizeof(made->bridge), "wcl-%s", made->tag);
    if (made->kind == WCL_NETWORK_OVERLAY)
        snprintf(made->vxlan, sizeof(made->vxlan), "wclx-%s", made->tag);
    *record = made;
    return WCL_OK;
}

/* ---- Endpoints ---- */

const char *wcl_nat_protocol(const wcl_hns_nat_policy *nat)
{
    return strcasecmp(nat->protocol, "udp") == 0 ? "udp" : "tcp";
}

static wcl_status check_nat(const wcl_hns_nat_policy *nat, const wcl_network_record *network,
                            wcl_error *error)
{
    if (network->kind != WCL_NETWORK_NAT)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "port mappings need a nat network; '%s' is of type %s",
                        network->object->name, network->object->type);
    if (!nat->protocol ||
        (strcasecmp(nat->protocol, "tcp") != 0 && strcasecmp(nat->protocol, "udp") != 0))
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "the NAT policy's Protocol '%.20s' is neither TCP nor UDP",
                        nat->protocol ? nat->protocol : "");
    if (nat->internal_port == 0 || nat->external_port == 0)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "the NAT policy has no InternalPort");
    return WCL_OK;
}

/* The subnet that an address lies in, as an index, or -1. */
static int find_subnet(const wcl_network_record *network, const wcl_ip *ip)
{
    for (size_t i = 0; i < network->subnet_count; i++)
        if (wcl_prefix_contains(&network->subnets[i].prefix, ip))
            return (int)i;
    return -1;
}

/* Takes an address on, with its prefix length and gateway. */
static wcl_status read_address(wcl_endpoint_record *record, const wcl_network_record *network,
                               const char *text, unsigned length, const char *gateway_text,
                               wcl_error *error)
{
    wcl_ip ip, gateway = { 0 };

    if (!wcl_ip_parse(text, &ip) || !wcl_ip_is_host(&ip))
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "'%.60s' is not an address that a host can have", text);
    int subnet = find_subnet(network, &ip);
    if (subnet < 0 || !wcl_prefix_is_host(&network->subnets[subnet].prefix, &ip))
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "the address %s is outside the subnets of the network '%s'", text,
                        network->object->name);
    const wcl_prefix *prefix = &network->subnets[subnet].prefix;
    if (length && length != prefix->length)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "the prefix length %u is not the subnet's, which is %u", length,
                        prefix->length);
    if (gateway_text && (!wcl_ip_parse(gateway_text, &gateway) ||
                         !wcl_prefix_is_host(prefix, &gateway) || wcl_ip_equal(&gateway, &ip)))
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "the gateway '%.60s' is not another host address of the subnet",
                        gateway_text);
    if (network->subnets[subnet].gateway.size &&
        wcl_ip_equal(&ip, &network->subnets[subnet].gateway))
        return wcl_fail(error, WCL_CODE_ALREADY_EXISTS, "the address %s is the gateway's", text);
    size_t at = record->address_count++;
    record->addresses[at].ip = ip;
    record->addresses[at].length = prefix->length;
    record->addresses[at].gateway = gateway;
    return WCL_OK;
}

static wcl_status read_addresses(wcl_endpoint_record *record, const wcl_network_record *network,
                                 wcl_error *error)
{
    const wcl_hns_endpoint *object = record->object;

    if (object->ip_address &&
        read_address(record, network, object->ip_address, object->prefix_length,
                     object->gateway_address, error) != WCL_OK)
        return WCL_FAILED;
    if (!object->ipv6_address)
        return WCL_OK;
    if (read_address(record, network, object->ipv6_address, object->ipv6_prefix_length,
                     object->gateway_address_v6, error) != WCL_OK)
        return WCL_FAILED;
    if (record->addresses[record->address_count - 1].ip.size == 16 &&
        !(record->address_count == 2 && record->addresses[0].ip.size == 16))
        return WCL_OK;
    return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                    "IPv6Address '%s' must be the endpoint's only IPv6 address",
                    object->ipv6_address);
}

static wcl_status read_policies(wcl_endpoint_record *record, const wcl_network_record *network,
                                wcl_error *error)
{
    const wcl_hns_endpoint *object = record->object;
    const wcl_hns_policy *found;

    for (size_t i = 0; i < object->policy_count; i++)
        if (object->policies[i].type == WCL_HNS_POLICY_NAT &&
            check_nat(&object->policies[i].nat, network, error) != WCL_OK)
            return WCL_FAILED;
    found = wcl_hns_find_policy(object->policies, object->policy_count, WCL_HNS_POLICY_QOS);
    record->rate = found ? found->qos.maximum_outgoing_bandwidth_in_bytes : 0;
    record->vlan = network->vlan;
    if (read_vlan(object->policies, object->policy_count, &record->vlan, error) != WCL_OK)
        return WCL_FAILED;
    if (record->vlan && !wcl_network_has_uplink(network->kind))
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "VLANs need a transparent or l2bridge network; '%s' is of type %s",
                        network->object->name, network->object->type);
    return WCL_OK;
}

static wcl_status read_node(wcl_endpoint_record *record, const wcl_network_record *network,
                            wcl_error *error)
{
    const wcl_hns_endpoint *object = record->object;
    const wcl_hns_policy *pa =
        wcl_hns_find_policy(object->policies, object->policy_count, WCL_HNS_POLICY_PA);

    if (pa &&
        (!pa->pa.pa || !wcl_ip_parse(pa->pa.pa, &record->node) || !wcl_ip_is_host(&record->node)))
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "the PA '%.60s' is not a node's address",
                        pa->pa.pa ? pa->pa.pa : "");
    if (!object->is_remote_endpoint)
        return WCL_OK;
    if (network->kind != WCL_NETWORK_OVERLAY)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "remote endpoints need an overlay network; '%s' is of type %s",
                        network->object->name, network->object->type);
    if (!pa)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "a remote endpoint needs a PA policy with its node's address");
    if (record->node.size != network->local.size)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "the PA %s is not of the family of the network's ManagementIP", pa->pa.pa);
    return WCL_OK;
}

wcl_status wcl_endpoint_record_new(wcl_hns_endpoint *object, const wcl_network_record *network,
                                   uint32_t home, wcl_endpoint_record **record, wcl_error *error)
{
    wcl_endpoint_record *made = calloc(1, sizeof(*made));
    char tag[11];

    if (!made) {
        wcl_hns_endpoint_free(object);
        return wcl_fail_memory(error);
    }
    made->object = object;
    wcl_status status = WCL_OK;
    if (!object->mac_address || !wcl_mac_parse(object->mac_address, &made->mac) ||
        !wcl_mac_is_host(&made->mac))
        status = wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "the MacAddress '%.40s' is not a MAC",
                          object->mac_address ? object->mac_address : "");
    if (status != WCL_OK || read_addresses(made, network, error) != WCL_OK ||
        read_policies(made, network, error) != WCL_OK ||
        read_node(made, network, error) != WCL_OK) {
        wcl_endpoint_record_free(made);
        return WCL_FAILED;
    }
    make_tag(home, object->id, tag, 10);
    snprintf(made->interface, sizeof(made->interface), "wcl%s", tag);
    snprintf(made->shaper, sizeof(made->shaper), "wclq%s", tag);
    made->attachment.container_id = "";
    made->attachment.path = "";
    *record = made;
    return WCL_OK;
}

wcl_status wcl_endpoint_output(const wcl_endpoint_record *endpoint, cJSON **output,
                               wcl_error *error)
{
    const wcl_attachment *attachment = &endpoint->attachment;
    WCL_CLEANUP_JSON cJSON *json = NULL;

    if (wcl_hns_endpoint_to_json(endpoint->object, &json, error) != WCL_OK)
        return WCL_FAILED;
    if (attachment->kind == WCL_ATTACHED_CONTAINER &&
        wcl_json_append(cJSON_AddArrayToObject(json, WCL_ANSWERED_CONTAINERS),
                        cJSON_CreateString(attachment->container_id), error) != WCL_OK)
        return WCL_FAILED;
    if (attachment->kind == WCL_ATTACHED_HOST &&
        !wcl_json_add_u64(json, WCL_ANSWERED_COMPARTMENT, attachment->compartment))
        return wcl_fail_memory(error);
    *output = json;
    json = NULL;
    return WCL_OK;
}
