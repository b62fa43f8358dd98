/* Endpoints in the kernel: a pair of interfaces, one end a port of the network's bridge. */
#include <string.h>
#include <stdio.h>

#include "hns/linux/kernel_linux.h"
#include "hns/linux/link.h"
#include "hns/linux/traffic.h"

/* lo in a new namespace is always this one. */
#define LOOPBACK_INDEX 1

static wcl_status change_remote(wcl_linux_kernel *kernel, const wcl_network_record *network,
                                const wcl_endpoint_record *endpoint, bool add, wcl_error *error)
{
    wcl_link vxlan;
    wcl_status status =
        add ? wcl_link_require(&kernel->rtnl, "the VXLAN", network->vxlan,
                               "of the network is gone; restore brings it back", &vxlan, error)
            : wcl_link_find(&kernel->rtnl, network->vxlan, 0, &vxlan, error);

    if (status == WCL_END)
        return WCL_OK;
    if (status != WCL_OK || wcl_fdb_set(&kernel->rtnl, vxlan.index, &endpoint->mac, &endpoint->node,
                                        add, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i < endpoint->address_count; i++)
        if (wcl_neighbour_set(&kernel->rtnl, vxlan.index, &endpoint->addresses[i].ip,
                              &endpoint->mac, add, error) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}

static bool has_ports(const wcl_endpoint_record *endpoint)
{
    return wcl_hns_find_policy(endpoint->object->policies, endpoint->object->policy_count,
                               WCL_HNS_POLICY_NAT) != NULL;
}

/* Filters and limits on the host's end, and, where a mapped port may lead back to the endpoint that
 * asks for it, leave to do so. */
static wcl_status set_traffic(wcl_linux_kernel *kernel, const wcl_network_record *network,
                              const wcl_endpoint_record *endpoint, int index, wcl_error *error)
{
    wcl_link shaper;

    if ((endpoint->vlan || wcl_network_has_uplink(network->kind)) &&
        wcl_vlan_access(&kernel->rtnl, index, endpoint->vlan, error) != WCL_OK)
        return WCL_FAILED;
    if (has_ports(endpoint) && wcl_link_set_hairpin(&kernel->rtnl, index, true, error) != WCL_OK)
        return WCL_FAILED;
    if (!endpoint->rate)
        return WCL_OK;
    if (wcl_ifb_create(&kernel->rtnl, endpoint->shaper, kernel->home, error) != WCL_OK ||
        wcl_link_require(&kernel->rtnl, "the device", endpoint->shaper, "vanished", &shaper,
                         error) != WCL_OK)
        return WCL_FAILED;
    return wcl_rate_limit(&kernel->rtnl, index, shaper.index, endpoint->rate, error);
}

/* The container's end: addresses and routes. One that has addresses, but none of IPv6, is not to
 * give itself one either. */
static wcl_status set_inside(wcl_rtnl *inside, const wcl_endpoint_record *endpoint, int index,
                             wcl_error *error)
{
    bool ipv6 = endpoint->address_count == 0;

    for (size_t i = 0; i < endpoint->address_count; i++)
        ipv6 = ipv6 || endpoint->addresses[i].ip.size == 16;
    if ((ipv6 ? wcl_link_set_up : wcl_link_set_up_as_port)(inside, index, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i < endpoint->address_count; i++) {
        const wcl_ip *gateway = &endpoint->addresses[i].gateway;
        if (wcl_address_add(inside, index, &endpoint->addresses[i].ip,
                            endpoint->addresses[i].length, error) != WCL_OK ||
            (gateway->size && wcl_default_route_add(inside, index, gateway, error) != WCL_OK))
            return WCL_FAILED;
    }
    return WCL_OK;
}

/* The pair, with the container's end named eth0 or the next number that is free. */
static wcl_status create_pair(wcl_linux_kernel *kernel, const wcl_network_record *network,
                              const wcl_endpoint_record *endpoint, int namespace_fd,
                              wcl_link *outer, wcl_error *error)
{
    char peer_name[IFNAMSIZ] = "eth%d";
    wcl_link bridge;

    if (wcl_link_require(&kernel->rtnl, "the bridge", network->bridge,
                         "of the network is gone; restore brings it back", &bridge,
                         error) != WCL_OK)
        return WCL_FAILED;
    if (namespace_fd < 0)
        snprintf(peer_name, sizeof(peer_name), "%.13sh", endpoint->interface);
    const wcl_veth_options options = { .name = endpoint->interface,
                                       .group = kernel->home,
                                       .bridge = bridge.index,
                                       .mtu = network->mtu,
                                       .peer_name = peer_name,
                                       .peer_mac = &endpoint->mac,
                                       .peer_namespace = namespace_fd };
    if (wcl_veth_create(&kernel->rtnl, &options, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_link_require(&kernel->rtnl, "the interface", endpoint->interface, "vanished", outer,
                            error);
}

static wcl_status build_inside(wcl_linux_kernel *kernel, const wcl_endpoint_record *endpoint,
                               int namespace_fd, int index, wcl_error *error)
{
    wcl_rtnl inside;

    if (namespace_fd < 0)
        return set_inside(&kernel->rtnl, endpoint, index, error);
    if (wcl_rtnl_open(&inside, namespace_fd, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = wcl_link_set_up(&inside, LOOPBACK_INDEX, error);
    if (status == WCL_OK)
        status = set_inside(&inside, endpoint, index, error);
    wcl_rtnl_close(&inside);
    return status;
}

static wcl_status add_rules(wcl_linux_kernel *kernel, const wcl_endpoint_record *endpoint,
                            wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer change = WCL_BUFFER_INIT;

    if (wcl_firewall_add_endpoint(&kernel->firewall, endpoint, &change, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_firewall_apply(&kernel->firewall, &change, error);
}

static wcl_status build_endpoint(wcl_linux_kernel *kernel, const wcl_network_record *network,
                                 const wcl_endpoint_record *endpoint, int namespace_fd,
                                 wcl_error *error)
{
    wcl_link outer;

    if (create_pair(kernel, network, endpoint, namespace_fd, &outer, error) != WCL_OK ||
        set_traffic(kernel, network, endpoint, outer.index, error) != WCL_OK ||
        add_rules(kernel, endpoint, error) != WCL_OK ||
        build_inside(kernel, endpoint, namespace_fd, outer.peer, error) != WCL_OK)
        return WCL_FAILED;
    /* Last, so that one that is up is known to be complete. */
    return wcl_link_set_up_as_port(&kernel->rtnl, outer.index, error);
}

wcl_status wcl_linux_endpoint_down(wcl_kernel *base, const wcl_network_record *network,
                                   const wcl_endpoint_record *endpoint, wcl_error *error)
{
    wcl_linux_kernel *kernel = (wcl_linux_kernel *)base;
    WCL_CLEANUP_BUFFER wcl_buffer change = WCL_BUFFER_INIT;

    if (endpoint->object->is_remote_endpoint)
        return change_remote(kernel, network, endpoint, false, error);
    if (wcl_link_delete_named(&kernel->rtnl, endpoint->interface, error) != WCL_OK ||
        (endpoint->rate &&
         wcl_link_delete_named(&kernel->rtnl, endpoint->shaper, error) != WCL_OK) ||
        wcl_firewall_remove_endpoint(&kernel->firewall, endpoint, &change, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_firewall_apply(&kernel->firewall, &change, error);
}

wcl_status wcl_linux_endpoint_up(wcl_kernel *base, const wcl_network_record *network,
                                 const wcl_endpoint_record *endpoint, int namespace_fd,
                                 wcl_error *error)
{
    wcl_linux_kernel *kernel = (wcl_linux_kernel *)base;
    wcl_status status = endpoint->object->is_remote_endpoint
                            ? change_remote(kernel, network, endpoint, true, error)
                            : build_endpoint(kernel, network, endpoint, namespace_fd, error);

    if (status != WCL_OK)
        wcl_linux_endpoint_down(base, network, endpoint, NULL);
    return status;
}

wcl_status wcl_linux_endpoint_is_up(wcl_kernel *base, const wcl_endpoint_record *endpoint,
                                    bool *is_up, wcl_error *error)
{
    wcl_linux_kernel *kernel = (wcl_linux_kernel *)base;
    wcl_link outer;
    wcl_status status = wcl_link_find(&kernel->rtnl, endpoint->interface, 0, &outer, error);

    *is_up =
        status == WCL_OK && outer.group == kernel->home && outer.master && (outer.flags & IFF_UP);
    return status == WCL_FAILED ? WCL_FAILED : WCL_OK;
}

static wcl_status change_rules(wcl_linux_kernel *kernel, const wcl_endpoint_record *before,
                               const wcl_endpoint_record *after, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer change = WCL_BUFFER_INIT;

    if (wcl_firewall_remove_endpoint(&kernel->firewall, before, &change, error) != WCL_OK ||
        wcl_firewall_add_endpoint(&kernel->firewall, after, &change, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_firewall_apply(&kernel->firewall, &change, error);
}

wcl_status wcl_linux_endpoint_change(wcl_kernel *base, const wcl_network_record *network,
                                     const wcl_endpoint_record *before,
                                     const wcl_endpoint_record *after, wcl_error *error)
{
    wcl_linux_kernel *kernel = (wcl_linux_kernel *)base;
    wcl_link outer;

    if (after->object->is_remote_endpoint)
        return change_remote(kernel, network, before ? before : after, false, error) == WCL_OK
                   ? change_remote(kernel, network, after, true, error)
                   : WCL_FAILED;
    wcl_status status = wcl_link_find(&kernel->rtnl, after->interface, 0, &outer, error);
    if (status != WCL_OK)
        return status == WCL_END ? WCL_OK : WCL_FAILED;
    if (change_rules(kernel, before ? before : after, after, error) != WCL_OK)
        return WCL_FAILED;
    if (before && before->rate == after->rate && before->vlan == after->vlan &&
        has_ports(before) == has_ports(after))
        return WCL_OK;
    if (wcl_traffic_reset(&kernel->rtnl, outer.index, error) != WCL_OK ||
        wcl_link_set_hairpin(&kernel->rtnl, outer.index, false, error) != WCL_OK)
        return WCL_FAILED;
    if (before && before->rate && !after->rate &&
        wcl_link_delete_named(&kernel->rtnl, before->shaper, error) != WCL_OK)
        return WCL_FAILED;
    return set_traffic(kernel, network, after, outer.index, error);
}

wcl_status wcl_linux_statistics(wcl_kernel *base, const wcl_endpoint_record *endpoint,
                                int namespace_fd, wcl_hns_statistics *statistics, wcl_error *error)
{
    wcl_linux_kernel *kernel = (wcl_linux_kernel *)base;
    wcl_rtnl inside = kernel->rtnl;
    wcl_link outer, inner;
    wcl_status status = wcl_link_find(&kernel->rtnl, endpoint->interface, 0, &outer, error);

    if (status != WCL_OK)
        return status == WCL_END ? WCL_OK : WCL_FAILED;
    if (namespace_fd >= 0 && wcl_rtnl_open(&inside, namespace_fd, error) != WCL_OK)
        return WCL_FAILED;
    status = wcl_link_find(&inside, NULL, outer.peer, &inner, error);
    if (namespace_fd >= 0)
        wcl_rtnl_close(&inside);
    if (status != WCL_OK)
        return status == WCL_END ? WCL_OK : WCL_FAILED;
    statistics->bytes_received = inner.statistics.rx_bytes;
    statistics->bytes_sent = inner.statistics.tx_bytes;
    statistics->packets_received = inner.statistics.rx_packets;
    statistics->packets_sent = inner.statistics.tx_packets;
    statistics->dropped_packets_incoming = inner.statistics.rx_dropped;
    statistics->dropped_packets_outgoing = inner.statistics.tx_dropped;
    return WCL_OK;
}
