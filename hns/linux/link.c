/* Interfaces of each kind that networks are made of, and their addresses, routes and neighbours. */
#include "hns/linux/link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/veth.h>

/* The port that IANA gave VXLAN, and Windows uses. */
#define VXLAN_PORT 4789

static int family_of(const wcl_ip *ip)
{
    return ip->size == 4 ? AF_INET : AF_INET6;
}

/* What is there already, or gone already, is as it should be. */
static wcl_status settled(wcl_status status)
{
    return status == WCL_FAILED ? WCL_FAILED : WCL_OK;
}

static wcl_rtnl_request begin_create(const char *name, uint32_t group, unsigned flags)
{
    struct ifinfomsg info = { .ifi_flags = flags, .ifi_change = flags };
    wcl_rtnl_request request =
        wcl_rtnl_request_begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &info, sizeof(info));

    wcl_rtnl_request_put_text(&request, IFLA_IFNAME, name);
    wcl_rtnl_request_put_u32(&request, IFLA_GROUP, group);
    return request;
}

wcl_status wcl_bridge_create(wcl_rtnl *rtnl, const wcl_bridge_options *options, wcl_error *error)
{
    wcl_rtnl_request request = begin_create(options->name, options->group, IFF_UP);

    wcl_rtnl_request_put(&request, IFLA_ADDRESS, options->mac->bytes, sizeof(options->mac->bytes));
    if (options->mtu)
        wcl_rtnl_request_put_u32(&request, IFLA_MTU, options->mtu);
    struct nlattr *info = wcl_rtnl_request_open(&request, IFLA_LINKINFO);
    wcl_rtnl_request_put_text(&request, IFLA_INFO_KIND, "bridge");
    struct nlattr *data = wcl_rtnl_request_open(&request, IFLA_INFO_DATA);
    wcl_rtnl_request_put_u32(&request, IFLA_BR_FORWARD_DELAY, 0);
    wcl_rtnl_request_close(&request, data);
    wcl_rtnl_request_close(&request, info);
    return wcl_rtnl_request_send(rtnl, &request, 0, error, "create the bridge %s", options->name);
}

static void put_peer(wcl_rtnl_request *request, const wcl_veth_options *options)
{
    struct ifinfomsg header = { 0 };
    struct nlattr *peer = wcl_rtnl_request_open(request, VETH_INFO_PEER);

    request->failed = request->failed ||
                      nlmsg_append(request->message, &header, sizeof(header), NLMSG_ALIGNTO) < 0;
    wcl_rtnl_request_put_text(request, IFLA_IFNAME, options->peer_name);
    wcl_rtnl_request_put(request, IFLA_ADDRESS, options->peer_mac->bytes, 6);
    wcl_rtnl_request_put_u32(request, IFLA_MTU, options->mtu);
    if (options->peer_namespace >= 0)
        wcl_rtnl_request_put_u32(request, IFLA_NET_NS_FD, (uint32_t)options->peer_namespace);
    wcl_rtnl_request_close(request, peer);
}

wcl_status wcl_veth_create(wcl_rtnl *rtnl, const wcl_veth_options *options, wcl_error *error)
{
    wcl_rtnl_request request = begin_create(options->name, options->group, 0);

    wcl_rtnl_request_put_u32(&request, IFLA_MTU, options->mtu);
    wcl_rtnl_request_put_u32(&request, IFLA_MASTER, (uint32_t)options->bridge);
    struct nlattr *info = wcl_rtnl_request_open(&request, IFLA_LINKINFO);
    wcl_rtnl_request_put_text(&request, IFLA_INFO_KIND, "veth");
    struct nlattr *data = wcl_rtnl_request_open(&request, IFLA_INFO_DATA);
    put_peer(&request, options);
    wcl_rtnl_request_close(&request, data);
    wcl_rtnl_request_close(&request, info);
    return wcl_rtnl_request_send(rtnl, &request, 0, error, "create the interface pair %s",
                                 options->name);
}

wcl_status wcl_vxlan_create(wcl_rtnl *rtnl, const wcl_vxlan_options *options, wcl_error *error)
{
    wcl_rtnl_request request = begin_create(options->name, options->group, 0);

    wcl_rtnl_request_put_u32(&request, IFLA_MTU, options->mtu);
    wcl_rtnl_request_put_u32(&request, IFLA_MASTER, (uint32_t)options->bridge);
    struct nlattr *info = wcl_rtnl_request_open(&request, IFLA_LINKINFO);
    wcl_rtnl_request_put_text(&request, IFLA_INFO_KIND, "vxlan");
    struct nlattr *data = wcl_rtnl_request_open(&request, IFLA_INFO_DATA);
    wcl_rtnl_request_put_u32(&request, IFLA_VXLAN_ID, options->vni);
    wcl_rtnl_request_put_u16(&request, IFLA_VXLAN_PORT, htons(VXLAN_PORT));
    wcl_rtnl_request_put_u8(&request, IFLA_VXLAN_LEARNING, 0);
    wcl_rtnl_request_put_u8(&request, IFLA_VXLAN_PROXY, 1);
    wcl_rtnl_request_put(&request, options->local->size == 4 ? IFLA_VXLAN_LOCAL : IFLA_VXLAN_LOCAL6,
                         options->local->bytes, options->local->size);
    wcl_rtnl_request_close(&request, data);
    wcl_rtnl_request_close(&request, info);
    return wcl_rtnl_request_send(rtnl, &request, 0, error, "create the VXLAN %u", options->vni);
}

wcl_status wcl_ifb_create(wcl_rtnl *rtnl, const char *name, uint32_t group, wcl_error *error)
{
    wcl_rtnl_request request = begin_create(name, group, IFF_UP);

    struct nlattr *info = wcl_rtnl_request_open(&request, IFLA_LINKINFO);
    wcl_rtnl_request_put_text(&request, IFLA_INFO_KIND, "ifb");
    wcl_rtnl_request_close(&request, info);
    return settled(
        wcl_rtnl_request_send(rtnl, &request, EEXIST, error, "create the shaping device %s", name));
}

wcl_status wcl_link_delete(wcl_rtnl *rtnl, int index, wcl_error *error)
{
    struct ifinfomsg info = { .ifi_index = index };
    wcl_rtnl_request request = wcl_rtnl_request_begin(RTM_DELLINK, 0, &info, sizeof(info));

    return settled(
        wcl_rtnl_request_send(rtnl, &request, ENODEV, error, "remove the interface %d", index));
}

wcl_status wcl_link_delete_named(wcl_rtnl *rtnl, const char *name, wcl_error *error)
{
    struct ifinfomsg info = { 0 };
    wcl_rtnl_request request = wcl_rtnl_request_begin(RTM_DELLINK, 0, &info, sizeof(info));

    wcl_rtnl_request_put_text(&request, IFLA_IFNAME, name);
    return settled(
        wcl_rtnl_request_send(rtnl, &request, ENODEV, error, "remove the interface %s", name));
}

wcl_status wcl_link_set_up(wcl_rtnl *rtnl, int index, wcl_error *error)
{
    struct ifinfomsg info = { .ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
    wcl_rtnl_request request = wcl_rtnl_request_begin(RTM_NEWLINK, 0, &info, sizeof(info));

    return wcl_rtnl_request_send(rtnl, &request, 0, error, "set interface %d up", index);
}

wcl_status wcl_link_set_up_as_port(wcl_rtnl *rtnl, int index, wcl_error *error)
{
    struct ifinfomsg info = { .ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
    wcl_rtnl_request request = wcl_rtnl_request_begin(RTM_NEWLINK, 0, &info, sizeof(info));

    struct nlattr *families = wcl_rtnl_request_open(&request, IFLA_AF_SPEC);
    struct nlattr *family = wcl_rtnl_request_open(&request, AF_INET6);
    wcl_rtnl_request_put_u8(&request, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
    wcl_rtnl_request_close(&request, family);
    wcl_rtnl_request_close(&request, families);
    wcl_status status =
        wcl_rtnl_request_send(rtnl, &request, EAFNOSUPPORT, error, "set interface %d up", index);
    return status == WCL_END ? wcl_link_set_up(rtnl, index, error) : status;
}

wcl_status wcl_link_set_hairpin(wcl_rtnl *rtnl, int index, bool on, wcl_error *error)
{
    struct ifinfomsg info = { .ifi_index = index };
    wcl_rtnl_request request = wcl_rtnl_request_begin(RTM_NEWLINK, 0, &info, sizeof(info));

    struct nlattr *link = wcl_rtnl_request_open(&request, IFLA_LINKINFO);
    wcl_rtnl_request_put_text(&request, IFLA_INFO_SLAVE_KIND, "bridge");
    struct nlattr *port = wcl_rtnl_request_open(&request, IFLA_INFO_SLAVE_DATA);
    wcl_rtnl_request_put_u8(&request, IFLA_BRPORT_MODE, on);
    wcl_rtnl_request_close(&request, port);
    wcl_rtnl_request_close(&request, link);
    return wcl_rtnl_request_send(rtnl, &request, 0, error, "let interface %d reach itself", index);
}

wcl_status wcl_link_set_master(wcl_rtnl *rtnl, int index, int master, wcl_error *error)
{
    struct ifinfomsg info = { .ifi_index = index };
    wcl_rtnl_request request = wcl_rtnl_request_begin(RTM_NEWLINK, 0, &info, sizeof(info));

    wcl_rtnl_request_put_u32(&request, IFLA_MASTER, (uint32_t)master);
    return wcl_rtnl_request_send(rtnl, &request, 0, error, "make interface %d a port of bridge %d",
                                 index, master);
}

wcl_status wcl_address_add(wcl_rtnl *rtnl, int index, const wcl_ip *ip, unsigned length,
                           wcl_error *error)
{
    struct ifaddrmsg header = { .ifa_family = (unsigned char)family_of(ip),
                                .ifa_prefixlen = (unsigned char)length,
                                .ifa_flags = ip->size == 16 ? IFA_F_NODAD : 0,
                                .ifa_index = (unsigned)index };
    wcl_rtnl_request request =
        wcl_rtnl_request_begin(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof(header));
    char text[WCL_IP_TEXT_SIZE];

    wcl_rtnl_request_put(&request, IFA_LOCAL, ip->bytes, ip->size);
    wcl_rtnl_request_put(&request, IFA_ADDRESS, ip->bytes, ip->size);
    if (ip->size == 4 && length < 31) {
        wcl_prefix prefix = wcl_prefix_of(ip, length);
        wcl_ip last = wcl_prefix_host(&prefix, wcl_prefix_hosts(&prefix));
        wcl_rtnl_request_put(&request, IFA_BROADCAST, last.bytes, last.size);
    }
    return settled(wcl_rtnl_request_send(rtnl, &request, EEXIST, error,
                                         "give interface %d the address %s/%u", index,
                                         wcl_ip_format(ip, text), length));
}

wcl_status wcl_default_route_add(wcl_rtnl *rtnl, int index, const wcl_ip *gateway, wcl_error *error)
{
    struct rtmsg header = { .rtm_family = (unsigned char)family_of(gateway),
                            .rtm_table = RT_TABLE_MAIN,
                            .rtm_protocol = RTPROT_STATIC,
                            .rtm_scope = RT_SCOPE_UNIVERSE,
                            .rtm_type = RTN_UNICAST };
    wcl_rtnl_request request =
        wcl_rtnl_request_begin(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof(header));
    char text[WCL_IP_TEXT_SIZE];

    wcl_rtnl_request_put(&request, RTA_GATEWAY, gateway->bytes, gateway->size);
    wcl_rtnl_request_put_u32(&request, RTA_OIF, (uint32_t)index);
    return settled(wcl_rtnl_request_send(rtnl, &request, EEXIST, error,
                                         "route through the gateway %s",
                                         wcl_ip_format(gateway, text)));
}

wcl_status wcl_fdb_set(wcl_rtnl *rtnl, int index, const wcl_mac *mac, const wcl_ip *node, bool add,
                       wcl_error *error)
{
    struct ndmsg header = { .ndm_family = AF_BRIDGE,
                            .ndm_ifindex = index,
                            .ndm_state = NUD_PERMANENT | NUD_NOARP,
                            .ndm_flags = NTF_SELF };
    wcl_rtnl_request request =
        wcl_rtnl_request_begin(add ? RTM_NEWNEIGH : RTM_DELNEIGH,
                               add ? NLM_F_CREATE | NLM_F_REPLACE : 0, &header, sizeof(header));
    char text[WCL_MAC_TEXT_SIZE];

    wcl_rtnl_request_put(&request, NDA_LLADDR, mac->bytes, sizeof(mac->bytes));
    wcl_rtnl_request_put(&request, NDA_DST, node->bytes, node->size);
    return settled(wcl_rtnl_request_send(rtnl, &request, add ? 0 : ENOENT, error,
                                         "set the node that has the MAC %s",
                                         wcl_mac_format(mac, text)));
}

wcl_status wcl_neighbour_set(wcl_rtnl *rtnl, int index, const wcl_ip *ip, const wcl_mac *mac,
                             bool add, wcl_error *error)
{
    struct ndmsg header = { .ndm_family = (unsigned char)family_of(ip),
                            .ndm_ifindex = index,
                            .ndm_state = NUD_PERMANENT };
    wcl_rtnl_request request =
        wcl_rtnl_request_begin(add ? RTM_NEWNEIGH : RTM_DELNEIGH,
                               add ? NLM_F_CREATE | NLM_F_REPLACE : 0, &header, sizeof(header));
    char text[WCL_IP_TEXT_SIZE];

    wcl_rtnl_request_put(&request, NDA_DST, ip->bytes, ip->size);
    if (add)
        wcl_rtnl_request_put(&request, NDA_LLADDR, mac->bytes, sizeof(mac->bytes));
    return settled(wcl_rtnl_request_send(rtnl, &request, add ? 0 : ENOENT, error,
                                         "set the neighbour %s", wcl_ip_format(ip, text)));
}
