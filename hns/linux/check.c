/* What requests ask for that nothing would come of here: refused, for what is kept and does nothing
 * looks as if it did. Records that are on disk already are not held to it. */
#include "hns/linux/check.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define MOST_NAME 256

/* Whether it is a field of later versions of HNS that asks for something, which nothing here does.
 */
static bool is_inert(const cJSON *item)
{
    static const char *const inert[] = { "EncapOverhead", "EnableLowMetric",
                                         "ExternalPortReserved" };

    for (size_t i = 0; i < sizeof(inert) / sizeof(inert[0]); i++)
        if (strcasecmp(item->string, inert[i]) == 0)
            return !cJSON_IsNull(item) && !cJSON_IsFalse(item) &&
                   !(cJSON_IsNumber(item) && item->valuedouble == 0);
    return false;
}

/* A field that has a meaning in the one or other object, or that is spelt in another way. */
static wcl_status check_extra(const char *extra, const char *where, wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *fields = NULL;
    const cJSON *item;

    if (!extra)
        return WCL_OK;
    if (wcl_json_parse(extra, strlen(extra), WCL_HNS_JSON_LIMIT, &fields, error) != WCL_OK)
        return WCL_FAILED;
    cJSON_ArrayForEach(item, fields)
    {
        const char *field = wcl_hns_field_like(item->string);
        if (is_inert(item))
            return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                            "nothing here acts on the field '%s'; leave it out", item->string);
        if (field)
            return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                            "%s has no field '%s'; HNS's fields are spelt as '%s' is, and each "
                            "belongs to its object",
                            where, item->string, field);
    }
    return WCL_OK;
}

static wcl_status check_object_name(const char *name, wcl_error *error)
{
    for (const char *at = name; at && *at; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7F)
            return wcl_fail(error, WCL_CODE_INVALID_NAME, "the Name has a control character");
    if (name && strlen(name) > MOST_NAME)
        return wcl_fail(error, WCL_CODE_INVALID_NAME, "the Name has more than %d bytes", MOST_NAME);
    return WCL_OK;
}

static wcl_status check_dns(const char *servers, const char *suffix, wcl_error *error)
{
    char text[WCL_IP_TEXT_SIZE];
    wcl_ip ip;

    if (wcl_hns_check_dns(servers, suffix, error) != WCL_OK)
        return WCL_FAILED;
    for (const char *at = servers ? servers : ""; *at; at += strspn(at, WCL_HNS_LIST_SEPARATORS)) {
        size_t size = strcspn(at, WCL_HNS_LIST_SEPARATORS);
        snprintf(text, sizeof(text), "%.*s", (int)size, at);
        if (size && (size >= sizeof(text) || !wcl_ip_parse(text, &ip)))
            return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                            "'%.*s' in the DNSServerList is not an address", (int)size, at);
        at += size;
    }
    return WCL_OK;
}

/* ---- Policies ---- */

#define ONE(type) (1U << (type))

/* `allowed` are the types that mean something to `where`; of all but NAT one has room. */
static wcl_status check_policies(const wcl_hns_policy *list, size_t count, unsigned allowed,
                                 const char *where, wcl_error *error)
{
    unsigned seen = 0;

    for (size_t i = 0; i < count; i++) {
        if (list[i].type == WCL_HNS_POLICY_OTHER)
            return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                            "cannot build policies of type '%.40s' here, only NAT, QOS, "
                            "VLAN, VSID and PA",
                            list[i].type_name ? list[i].type_name : "");
        if (!(allowed & ONE(list[i].type)))
            return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                            "a policy of type %s does nothing for %s",
                            wcl_hns_policy_type_name(list[i].type), where);
        if (list[i].type != WCL_HNS_POLICY_NAT && (seen & ONE(list[i].type)))
            return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                            "two policies of type %s contradict each other",
                            wcl_hns_policy_type_name(list[i].type));
        seen |= ONE(list[i].type);
        if (check_extra(list[i].extra, "such a policy", error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

/* ---- Networks ---- */

static wcl_status check_lists(const wcl_hns_network *object, unsigned allowed, const char *where,
                              wcl_error *error)
{
    for (size_t i = 0; i < object->subnet_count; i++)
        if (check_policies(object->subnets[i].policies, object->subnets[i].policy_count, allowed,
                           where, error) != WCL_OK ||
            check_extra(object->subnets[i].extra, "a subnet", error) != WCL_OK)
            return WCL_FAILED;
    for (size_t i = 0; i < object->mac_pool_count; i++)
        if (check_extra(object->mac_pools[i].extra, "a MAC pool", error) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}

wcl_status wcl_check_network(const wcl_network_record *network, wcl_error *error)
{
    const wcl_hns_network *object = network->object;
    bool is_overlay = network->kind == WCL_NETWORK_OVERLAY;
    unsigned vsid = is_overlay ? ONE(WCL_HNS_POLICY_VSID) : 0;
    unsigned vlan = wcl_network_has_uplink(network->kind) ? ONE(WCL_HNS_POLICY_VLAN) : 0;
    char where[64];

    snprintf(where, sizeof(where), "a network of type %.40s", object->type);
    if (check_object_name(object->name, error) != WCL_OK ||
        check_dns(object->dns_server_list, object->dns_suffix, error) != WCL_OK ||
        check_policies(object->policies, object->policy_count, vsid | vlan, where, error) !=
            WCL_OK ||
        check_lists(object, vsid, where, error) != WCL_OK ||
        check_extra(object->extra, "a network", error) != WCL_OK)
        return WCL_FAILED;
    if (object->dns_server_compartment)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "name servers are asked by the containers themselves here, and not in the "
                        "DNSServerCompartment %u",
                        object->dns_server_compartment);
    if (object->network_adapter_name && !is_overlay && !vlan)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "%s is not built on an adapter; leave NetworkAdapterName out", where);
    return WCL_OK;
}

/* ---- Endpoints ---- */

wcl_status wcl_check_endpoint(const wcl_hns_endpoint *object, bool is_remote, wcl_error *error)
{
    const unsigned local =
        ONE(WCL_HNS_POLICY_NAT) | ONE(WCL_HNS_POLICY_QOS) | ONE(WCL_HNS_POLICY_VLAN);

    if (check_object_name(object->name, error) != WCL_OK ||
        check_dns(object->dns_server_list, object->dns_suffix, error) != WCL_OK ||
        check_policies(
            object->policies, object->policy_count, is_remote ? ONE(WCL_HNS_POLICY_PA) : local,
            is_remote ? "a remote endpoint" : "an endpoint of this node", error) != WCL_OK ||
        check_extra(object->extra, "an endpoint", error) != WCL_OK)
        return WCL_FAILED;
    if (is_remote && object->disable_icc)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "DisableICC does nothing for a remote endpoint");
    return WCL_OK;
}

static wcl_status check_address(const char *address, unsigned length, const char *gateway,
                                const char *name, wcl_error *error)
{
    if (address || (!length && !gateway))
        return WCL_OK;
    return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                    "the endpoint has a prefix length or a gateway, but no %s: its network has no "
                    "such subnet",
                    name);
}

wcl_status wcl_check_addresses(const wcl_hns_endpoint *object, wcl_error *error)
{
    if (check_address(object->ip_address, object->prefix_length, object->gateway_address,
                      "IPAddress", error) != WCL_OK)
        return WCL_FAILED;
    return check_address(object->ipv6_address, object->ipv6_prefix_length,
                         object->gateway_address_v6, "IPv6Address", error);
}
