/* The addresses and routes of the host's interfaces, and their way onto a bridge and back. */
#include "hns/linux/adapter.h"

#include <netlink/route/addr.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>
#include <string.h>

static wcl_status fail_netlink(wcl_error *error, int result, const char *what)
{
    return wcl_fail(error, WCL_CODE_GEN_FAILURE, "cannot %s: %s", what, nl_geterror(result));
}

static bool address_of(struct rtnl_addr *address, wcl_ip *ip)
{
    struct nl_addr *local = rtnl_addr_get_local(address);

    memset(ip, 0, sizeof(*ip));
    if (!local || (nl_addr_get_len(local) != 4 && nl_addr_get_len(local) != 16))
        return false;
    ip->size = (uint8_t)nl_addr_get_len(local);
    memcpy(ip->bytes, nl_addr_get_binary_addr(local), ip->size);
    return true;
}

static bool is_link_local(const wcl_ip *ip)
{
    return ip->size == 16 && ip->bytes[0] == 0xFE && (ip->bytes[1] & 0xC0) == 0x80;
}

/* Adds to `to` each address that `from` has. */
static wcl_status copy_addresses(wcl_rtnl *rtnl, struct nl_cache *addresses, const wcl_link *from,
                                 const wcl_link *to, wcl_error *error)
{
    for (struct nl_object *at = nl_cache_get_first(addresses); at; at = nl_cache_get_next(at)) {
        struct rtnl_addr *address = (struct rtnl_addr *)at;
        wcl_ip ip;
        if (rtnl_addr_get_ifindex(address) != from->index || !address_of(address, &ip) ||
            is_link_local(&ip))
            continue;
        struct rtnl_addr *copy = (struct rtnl_addr *)nl_object_clone(at);
        if (!copy)
            return wcl_fail_memory(error);
        rtnl_addr_set_ifindex(copy, to->index);
        if (ip.size == 4)
            rtnl_addr_set_label(copy, to->name);
        else
            rtnl_addr_set_flags(copy, IFA_F_NODAD);
        int result = rtnl_addr_add(rtnl->socket, copy, NLM_F_CREATE | NLM_F_REPLACE);
        rtnl_addr_put(copy);
        if (result < 0)
            return fail_netlink(error, result, "move an address of the adapter");
    }
    return WCL_OK;
}

static wcl_status delete_addresses(wcl_rtnl *rtnl, struct nl_cache *addresses, const wcl_link *from,
                                   wcl_error *error)
{
    for (struct nl_object *at = nl_cache_get_first(addresses); at; at = nl_cache_get_next(at)) {
        struct rtnl_addr *address = (struct rtnl_addr *)at;
        wcl_ip ip;
        if (rtnl_addr_get_ifindex(address) != from->index || !address_of(address, &ip) ||
            is_link_local(&ip))
            continue;
        int result = rtnl_addr_delete(rtnl->socket, address, 0);
        if (result < 0 && result != -NLE_NOADDR && result != -NLE_OBJ_NOTFOUND)
            return fail_netlink(error, result, "take an address off an interface");
    }
    return WCL_OK;
}

/* Makes the next hops that go through `from` go through `to`; false when there are none. What the
 * kernel says of their state, such as that the link is down, it does not take back. */
static bool redirect_route(struct rtnl_route *route, const wcl_link *from, const wcl_link *to)
{
    bool changed = false;

    for (int i = 0; i < rtnl_route_get_nnexthops(route); i++) {
        struct rtnl_nexthop *hop = rtnl_route_nexthop_n(route, i);
        if (rtnl_route_nh_get_ifindex(hop) == from->index) {
            rtnl_route_nh_set_ifindex(hop, to->index);
            changed = true;
        }
        rtnl_route_nh_unset_flags(hop, ~(unsigned)RTNH_F_ONLINK);
    }
    rtnl_route_unset_flags(route, ~(unsigned)RTNH_F_ONLINK);
    return changed;
}

static wcl_status move_routes(wcl_rtnl *rtnl, struct nl_cache *routes, const wcl_link *from,
                              const wcl_link *to, wcl_error *error)
{
    for (struct nl_object *at = nl_cache_get_first(routes); at; at = nl_cache_get_next(at)) {
        struct rtnl_route *route = (struct rtnl_route *)at;
        if (rtnl_route_get_protocol(route) == RTPROT_KERNEL ||
            rtnl_route_get_table(route) == RT_TABLE_LOCAL ||
            (rtnl_route_get_flags(route) & RTM_F_CLONED))
            continue;
        struct rtnl_route *copy = (struct rtnl_route *)nl_object_clone(at);
        if (!copy)
            return wcl_fail_memory(error);
        int result = 0;
        if (redirect_route(copy, from, to)) {
            result = rtnl_route_add(rtnl->socket, copy, NLM_F_CREATE | NLM_F_REPLACE);
            if (result >= 0) /* gone already where it was replaced */
                rtnl_route_delete(rtnl->socket, route, 0);
        }
        rtnl_route_put(copy);
        if (result < 0)
            return fail_netlink(error, result, "move a route of the adapter");
    }
    return WCL_OK;
}

wcl_status wcl_adapter_move(wcl_rtnl *rtnl, const wcl_link *from, const wcl_link *to,
                            wcl_error *error)
{
    struct nl_cache *addresses = NULL, *routes = NULL;
    wcl_status status = WCL_OK;

    int result = rtnl_addr_alloc_cache(rtnl->socket, &addresses);
    if (result >= 0)
        result = rtnl_route_alloc_cache(rtnl->socket, AF_UNSPEC, 0, &routes);
    if (result < 0)
        status = fail_netlink(error, result, "read the addresses and routes of the host");
    if (status == WCL_OK)
        status = copy_addresses(rtnl, addresses, from, to, error);
    if (status == WCL_OK)
        status = move_routes(rtnl, routes, from, to, error);
    if (status == WCL_OK)
        status = delete_addresses(rtnl, addresses, from, error);
    nl_cache_free(addresses);
    nl_cache_free(routes);
    return status;
}

wcl_status wcl_adapter_address(wcl_rtnl *rtnl, int index, wcl_ip *ip, wcl_error *error)
{
    struct nl_cache *addresses = NULL;
    int result = rtnl_addr_alloc_cache(rtnl->socket, &addresses);

    memset(ip, 0, sizeof(*ip));
    if (result < 0)
        return fail_netlink(error, result, "read the addresses of the host");
    for (struct nl_object *at = nl_cache_get_first(addresses); at; at = nl_cache_get_next(at)) {
        struct rtnl_addr *address = (struct rtnl_addr *)at;
        wcl_ip found;
        if (rtnl_addr_get_ifindex(address) == index && address_of(address, &found) &&
            !is_link_local(&found) && (ip->size == 0 || (ip->size == 16 && found.size == 4)))
            *ip = found;
    }
    nl_cache_free(addresses);
    return WCL_OK;
}

wcl_status wcl_prefix_check_host(wcl_rtnl *rtnl, const wcl_prefix *prefix, wcl_error *error)
{
    struct nl_cache *addresses = NULL;
    wcl_status status = WCL_OK;
    int result = rtnl_addr_alloc_cache(rtnl->socket, &addresses);

    if (result < 0)
        return fail_netlink(error, result, "read the addresses of the host");
    for (struct nl_object *at = nl_cache_get_first(addresses); at && status == WCL_OK;
         at = nl_cache_get_next(at)) {
        struct rtnl_addr *address = (struct rtnl_addr *)at;
        wcl_ip ip;
        if (!address_of(address, &ip))
            continue;
        wcl_prefix other = wcl_prefix_of(&ip, (unsigned)rtnl_addr_get_prefixlen(address));
        char text[WCL_IP_TEXT_SIZE], wanted[WCL_IP_TEXT_SIZE];
        if (other.address.size == prefix->address.size && wcl_prefix_overlaps(&other, prefix))
            status = wcl_fail(error, WCL_CODE_ALREADY_EXISTS,
                              "the subnet %s/%u overlaps with the address %s/%u of the host",
                              wcl_ip_format(&prefix->address, wanted), prefix->length,
                              wcl_ip_format(&ip, text), other.length);
    }
    nl_cache_free(addresses);
    return status;
}
