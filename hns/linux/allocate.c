/* What HNS fills in where a request leaves it out: ids, subnets, gateways, addresses, MACs, ports,
 * DNS servers. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cursor.h"
#include "hns/linux/file.h"
#include "hns/linux/service.h"

/* Subnets of this size are cut from 172.16.0.0/12 for networks that name none. */
#define POOL_LENGTH 20
#define POOL_SUBNETS 256
/* Ports given out for ExternalPort 0. */
#define FIRST_PORT 49152
#define PORTS 16384
/* No more places than this are tried before a pool counts as exhausted. */
#define MOST_TRIES (UINT64_C(1) << 17)

/* A number that looks random and is the same for the same text. */
static uint64_t hash_of(const char *kind, const char *text)
{
    char source[128];

    snprintf(source, sizeof(source), "%s %.100s", kind, text);
    wcl_guid guid = wcl_guid_from_source(source);
    return wcl_load_le64(guid.bytes);
}

static wcl_status fill_id(wcl_region *region, const char **field, wcl_error *error)
{
    wcl_guid guid;
    char id[37];

    if (*field) {
        if (wcl_hns_store_id(*field, id, error) != WCL_OK)
            return WCL_FAILED;
    } else {
        if (wcl_guid_random(&guid, error) != WCL_OK)
            return WCL_FAILED;
        wcl_guid_format(&guid, id);
    }
    return wcl_hns_set_text(region, field, id, error);
}

/* ---- Networks ---- */

static bool overlaps_others(const wcl_prefix *prefix, const wcl_network_list *others)
{
    for (size_t i = 0; i < others->count; i++)
        for (size_t j = 0; j < others->records[i]->subnet_count; j++)
            if (wcl_prefix_overlaps(prefix, &others->records[i]->subnets[j].prefix))
                return true;
    return false;
}

static wcl_status fill_subnet(wcl_service *service, wcl_hns_network *object,
                              const wcl_network_list *others, wcl_error *error)
{
    wcl_region *region = wcl_hns_region(object);
    uint64_t start = hash_of("subnet", object->id);

    for (unsigned i = 0; i < POOL_SUBNETS; i++) {
        unsigned number = (unsigned)((start + i) % POOL_SUBNETS);
        wcl_prefix prefix = {
            { 4, { 172, (uint8_t)(16 + number / 16), (uint8_t)(number % 16 * 16), 0 } }, POOL_LENGTH
        };
        if (overlaps_others(&prefix, others) ||
            service->kernel->ops->check_prefix(service->kernel, &prefix, NULL) != WCL_OK)
            continue;
        char ip[WCL_IP_TEXT_SIZE], text[WCL_IP_TEXT_SIZE + 4];
        snprintf(text, sizeof(text), "%s/%u", wcl_ip_format(&prefix.address, ip), prefix.length);
        wcl_hns_subnet *subnet = wcl_region_alloc(region, 1, sizeof(*subnet));
        if (!subnet)
            return wcl_fail_memory(error);
        object->subnets = subnet;
        object->subnet_count = 1;
        return wcl_hns_set_text(region, &subnet->address_prefix, text, error);
    }
    return wcl_fail(error, WCL_CODE_DISK_FULL,
                    "no subnet of 172.16.0.0/12 is free; name one in the request");
}

/* Where the host is the gateway, the first address of a subnet is its. */
static wcl_status fill_gateways(wcl_hns_network *object, wcl_error *error)
{
    for (size_t i = 0; i < object->subnet_count; i++) {
        /* The list was made by the parser, in the object's own memory. */
        wcl_hns_subnet *subnet = (wcl_hns_subnet *)(uintptr_t)&object->subnets[i];
        char text[WCL_IP_TEXT_SIZE];
        wcl_prefix prefix;
        if (subnet->gateway_address || !subnet->address_prefix ||
            !wcl_prefix_parse(subnet->address_prefix, &prefix))
            continue;
        wcl_ip first = wcl_prefix_host(&prefix, 0);
        if (wcl_hns_set_text(wcl_hns_region(object), &subnet->gateway_address,
                             wcl_ip_format(&first, text), error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

/* The host's own name servers that a container can reach too, separated by commas. */
static wcl_status fill_host_dns(wcl_hns_network *object, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT, list = WCL_BUFFER_INIT;

    wcl_status status = wcl_file_read("/etc/resolv.conf", &text, error);
    if (status != WCL_OK)
        return status == WCL_END ? WCL_OK : WCL_FAILED;
    for (const char *at = wcl_buffer_text(&text); *at; at += strcspn(at, "\n"), at += *at == '\n') {
        char server[WCL_IP_TEXT_SIZE];
        wcl_ip ip;
        if (sscanf(at, "nameserver %45s", server) == 1 && wcl_ip_parse(server, &ip) &&
            wcl_ip_is_host(&ip) &&
            wcl_buffer_printf(&list, error, "%s%s", list.size ? "," : "", server) != WCL_OK)
            return WCL_FAILED;
    }
    return list.size ? wcl_hns_set_text(wcl_hns_region(object), &object->dns_server_list,
                                        wcl_buffer_text(&list), error)
                     : WCL_OK;
}

/* The adapter's MAC becomes the bridge's, so that the host keeps its identity on the wire. */
static wcl_status fill_from_adapter(wcl_service *service, wcl_hns_network *object,
                                    wcl_network_kind kind, wcl_error *error)
{
    wcl_region *region = wcl_hns_region(object);
    char mac[WCL_MAC_TEXT_SIZE], ip[WCL_IP_TEXT_SIZE];
    wcl_adapter adapter;

    if (!object->network_adapter_name || strlen(object->network_adapter_name) >= IFNAMSIZ)
        return WCL_OK;
    if (service->kernel->ops->find_adapter(service->kernel, object->network_adapter_name, &adapter,
                                           error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_network_has_uplink(kind) && adapter.bridge[0])
        return wcl_fail(error, WCL_CODE_BUSY, "the network adapter '%s' is a port of the bridge %s",
                        object->network_adapter_name, adapter.bridge);
    if (!object->management_ip && adapter.ip.size &&
        wcl_hns_set_text(region, &object->management_ip, wcl_ip_format(&adapter.ip, ip), error) !=
            WCL_OK)
        return WCL_FAILED;
    if (object->source_mac || !wcl_network_has_uplink(kind))
        return WCL_OK;
    return wcl_hns_set_text(region, &object->source_mac, wcl_mac_format(&adapter.mac, mac), error);
}

/* A MAC that is locally administered, from a number. */
static wcl_mac local_mac(uint64_t number)
{
    return wcl_mac_from_number(UINT64_C(0x021500000000) | (number & UINT64_C(0xFFFFFFFF)));
}

wcl_status wcl_fill_network(wcl_service *service, wcl_hns_network *object,
                            const wcl_network_list *others, wcl_error *error)
{
    wcl_region *region = wcl_hns_region(object);
    wcl_network_kind kind = WCL_NETWORK_PRIVATE;
    char mac_text[WCL_MAC_TEXT_SIZE];

    if (fill_id(region, &object->id, error) != WCL_OK)
        return WCL_FAILED;
    if (!object->name && wcl_hns_set_text(region, &object->name, object->id, error) != WCL_OK)
        return WCL_FAILED;
    if (object->type && wcl_network_kind_parse(object->type, &kind) &&
        fill_from_adapter(service, object, kind, error) != WCL_OK)
        return WCL_FAILED;
    wcl_mac mac = local_mac(hash_of("mac", object->id));
    if (!object->source_mac && wcl_hns_set_text(region, &object->source_mac,
                                                wcl_mac_format(&mac, mac_text), error) != WCL_OK)
        return WCL_FAILED;
    if (kind != WCL_NETWORK_NAT && kind != WCL_NETWORK_INTERNAL)
        return WCL_OK;
    if (object->subnet_count == 0 && fill_subnet(service, object, others, error) != WCL_OK)
        return WCL_FAILED;
    if (kind == WCL_NETWORK_NAT && !object->dns_server_list &&
        fill_host_dns(object, error) != WCL_OK)
        return WCL_FAILED;
    return fill_gateways(object, error);
}

/* ---- Endpoints ---- */

/* A free address of the subnet. */
static wcl_status find_ip(wcl_service *service, const wcl_hns_endpoint *object,
                          const wcl_network_record *network, size_t subnet, wcl_ip *ip,
                          wcl_error *error)
{
    const wcl_prefix *prefix = &network->subnets[subnet].prefix;
    uint64_t hosts = wcl_prefix_hosts(prefix), start = hash_of("ip", object->id) % hosts;
    char text[WCL_IP_TEXT_SIZE], name[64];

    for (uint64_t i = 0; i < hosts && i < MOST_TRIES; i++) {
        *ip = wcl_prefix_host(prefix, (start + i) % hosts);
        if (wcl_ip_equal(ip, &network->subnets[subnet].gateway))
            continue;
        snprintf(name, sizeof(name), "ip-%s", wcl_ip_format(ip, text));
        wcl_status status = wcl_claim(service, network->object->id, name, object->id, error);
        if (status != WCL_END)
            return status;
    }
    return wcl_fail(error, WCL_CODE_DISK_FULL,
                    "the addresses of the subnet %s/%u of the network '%s' are exhausted",
                    wcl_ip_format(&prefix->address, text), prefix->length, network->object->name);
}

/* Fills in an address from the first subnet of that size of address (0: any), and its gateway. */
static wcl_status fill_address(wcl_service *service, wcl_hns_endpoint *object,
                               const wcl_network_record *network, unsigned size, const char **field,
                               wcl_error *error)
{
    char text[WCL_IP_TEXT_SIZE];
    wcl_ip ip;

    for (size_t i = 0; !*field && i < network->subnet_count; i++) {
        if (size && network->subnets[i].prefix.address.size != size)
            continue;
        if (find_ip(service, object, network, i, &ip, error) != WCL_OK ||
            wcl_hns_set_text(wcl_hns_region(object), field, wcl_ip_format(&ip, text), error) !=
                WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

/* Prefix length and gateway of the subnet that an address is in. */
static wcl_status fill_subnet_of(wcl_hns_endpoint *object, const wcl_network_record *network,
                                 const char *address, uint8_t *length, const char **gateway,
                                 wcl_error *error)
{
    char text[WCL_IP_TEXT_SIZE];
    wcl_ip ip;

    if (!address || !wcl_ip_parse(address, &ip))
        return WCL_OK;
    for (size_t i = 0; i < network->subnet_count; i++) {
        if (!wcl_prefix_contains(&network->subnets[i].prefix, &ip))
            continue;
        if (!*length)
            *length = (uint8_t)network->subnets[i].prefix.length;
        if (!*gateway && network->subnets[i].gateway.size)
            return wcl_hns_set_text(wcl_hns_region(object), gateway,
                                    wcl_ip_format(&network->subnets[i].gateway, text), error);
    }
    return WCL_OK;
}

static wcl_status fill_addresses(wcl_service *service, wcl_hns_endpoint *object,
                                 const wcl_network_record *network, wcl_error *error)
{
    wcl_ip first;

    if (fill_address(service, object, network, 0, &object->ip_address, error) != WCL_OK)
        return WCL_FAILED;
    if (object->ip_address && wcl_ip_parse(object->ip_address, &first) && first.size == 4 &&
        fill_address(service, object, network, 16, &object->ipv6_address, error) != WCL_OK)
        return WCL_FAILED;
    if (fill_subnet_of(object, network, object->ip_address, &object->prefix_length,
                       &object->gateway_address, error) != WCL_OK)
        return WCL_FAILED;
    return fill_subnet_of(object, network, object->ipv6_address, &object->ipv6_prefix_length,
                          &object->gateway_address_v6, error);
}

static wcl_status try_mac(wcl_service *service, wcl_hns_endpoint *object,
                          const wcl_network_record *network, const wcl_mac *mac, wcl_error *error)
{
    char text[WCL_MAC_TEXT_SIZE], name[32];

    snprintf(name, sizeof(name), "mac-%012" PRIx64, wcl_mac_to_number(mac));
    wcl_status status = wcl_claim(service, network->object->id, name, object->id, error);
    if (status != WCL_OK)
        return status;
    return wcl_hns_set_text(wcl_hns_region(object), &object->mac_address, wcl_mac_format(mac, text),
                            error);
}

/* A free MAC of the network's pools, or a locally administered one where it has none. */
static wcl_status fill_mac(wcl_service *service, wcl_hns_endpoint *object,
                           const wcl_network_record *network, wcl_error *error)
{
    const wcl_hns_network *pools = network->object;
    uint64_t hash = hash_of("mac", object->id);

    for (size_t i = 0; i < pools->mac_pool_count; i++) {
        wcl_mac start, end;
        if (!wcl_mac_parse(pools->mac_pools[i].start_mac_address, &start) ||
            !wcl_mac_parse(pools->mac_pools[i].end_mac_address, &end))
            continue;
        uint64_t first = wcl_mac_to_number(&start), size = wcl_mac_to_number(&end) - first + 1;
        for (uint64_t j = 0; j < size && j < MOST_TRIES; j++) {
            wcl_mac mac = wcl_mac_from_number(first + (hash + j) % size);
            wcl_status status =
                wcl_mac_is_host(&mac) ? try_mac(service, object, network, &mac, error) : WCL_END;
            if (status != WCL_END)
                return status;
        }
    }
    if (pools->mac_pool_count)
        return wcl_fail(error, WCL_CODE_DISK_FULL,
                        "the MAC pools of the network '%s' are exhausted", pools->name);
    for (uint64_t j = 0; j < MOST_TRIES; j++) {
        wcl_mac mac = local_mac(hash + j);
        wcl_status status = try_mac(service, object, network, &mac, error);
        if (status != WCL_END)
            return status;
    }
    return wcl_fail(error, WCL_CODE_DISK_FULL, "no MAC is free");
}

/* Gives NAT policies whose ExternalPort is 0 a free port of the host. */
static wcl_status fill_ports(wcl_service *service, wcl_hns_endpoint *object, wcl_error *error)
{
    uint64_t hash = hash_of("port", object->id);

    for (size_t i = 0; i < object->policy_count; i++) {
        /* The list was made by the parser, in the object's own memory. */
        wcl_hns_policy *policy = (wcl_hns_policy *)(uintptr_t)&object->policies[i];
        if (policy->type != WCL_HNS_POLICY_NAT || policy->nat.external_port ||
            !policy->nat.protocol)
            continue;
        wcl_status status = WCL_END;
        for (unsigned j = 0; status == WCL_END && j < PORTS; j++) {
            char name[32];
            policy->nat.external_port = (uint16_t)(FIRST_PORT + (hash + i * 977 + j) % PORTS);
            bool taken = false;
            for (size_t k = 0; k < object->policy_count; k++)
                taken =
                    taken || (k != i && object->policies[k].type == WCL_HNS_POLICY_NAT &&
                              object->policies[k].nat.external_port == policy->nat.external_port);
            snprintf(name, sizeof(name), "%s-%u", wcl_nat_protocol(&policy->nat),
                     policy->nat.external_port);
            if (!taken)
                status = wcl_claim(service, "ports", name, object->id, error);
        }
        if (status == WCL_END)
            return wcl_fail(error, WCL_CODE_DISK_FULL, "no port of the host is free");
        if (status != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

/* A text that the request leaves out, if there is one to fill in. */
static wcl_status fill_text(wcl_region *region, const char **field, const char *text,
                            wcl_error *error)
{
    return *field || !text ? WCL_OK : wcl_hns_set_text(region, field, text, error);
}

wcl_status wcl_fill_endpoint(wcl_service *service, wcl_hns_endpoint *object,
                             const wcl_network_record *network, wcl_error *error)
{
    wcl_region *region = wcl_hns_region(object);
    const wcl_hns_network *its = network->object;

    if (fill_id(region, &object->id, error) != WCL_OK ||
        fill_text(region, &object->name, object->id, error) != WCL_OK ||
        wcl_hns_set_text(region, &object->virtual_network, its->id, error) != WCL_OK ||
        wcl_hns_set_text(region, &object->virtual_network_name, its->name, error) != WCL_OK ||
        fill_text(region, &object->dns_server_list, its->dns_server_list, error) != WCL_OK ||
        fill_text(region, &object->dns_suffix, its->dns_suffix, error) != WCL_OK)
        return WCL_FAILED;
    if (!object->mac_address && fill_mac(service, object, network, error) != WCL_OK)
        return WCL_FAILED;
    if (fill_addresses(service, object, network, error) != WCL_OK)
        return WCL_FAILED;
    return fill_ports(service, object, error);
}
