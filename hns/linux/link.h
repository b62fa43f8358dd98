/* Interfaces of each kind that networks are made of, and their addresses, routes and neighbours. */
#ifndef WCL_HNS_LINK_H
#define WCL_HNS_LINK_H

#include "hns/linux/rtnl.h"

typedef struct wcl_bridge_options {
    const char *name;
    uint32_t group;
    const wcl_mac *mac;
    uint32_t mtu; /* 0: the kernel's choice */
} wcl_bridge_options;

/* The bridge, up. */
wcl_status wcl_bridge_create(wcl_rtnl *rtnl, const wcl_bridge_options *options, wcl_error *error);

typedef struct wcl_veth_options {
    const char *name; /* of the host's end */
    uint32_t group;
    int bridge; /* index */
    uint32_t mtu;
    const char *peer_name; /* may be a pattern ("eth%d") */
    const wcl_mac *peer_mac;
    int peer_namespace; /* descriptor; negative for the socket's own */
} wcl_veth_options;

/* A pair whose host's end is a port of the bridge and is down. */
wcl_status wcl_veth_create(wcl_rtnl *rtnl, const wcl_veth_options *options, wcl_error *error);

typedef struct wcl_vxlan_options {
    const char *name;
    uint32_t group;
    uint32_t vni;
    const wcl_ip *local;
    int bridge;
    uint32_t mtu;
} wcl_vxlan_options;

/* A VXLAN port of the bridge that learns nothing and answers for its neighbours; up. */
wcl_status wcl_vxlan_create(wcl_rtnl *rtnl, const wcl_vxlan_options *options, wcl_error *error);

wcl_status wcl_ifb_create(wcl_rtnl *rtnl, const char *name, uint32_t group, wcl_error *error);

/* An interface that is gone already is not an error. */
wcl_status wcl_link_delete(wcl_rtnl *rtnl, int index, wcl_error *error);
wcl_status wcl_link_delete_named(wcl_rtnl *rtnl, const char *name, wcl_error *error);
wcl_status wcl_link_set_up(wcl_rtnl *rtnl, int index, wcl_error *error);
/* Up without an IPv6 address of its own: a port, not a host. */
wcl_status wcl_link_set_up_as_port(wcl_rtnl *rtnl, int index, wcl_error *error);
/* Whether a port may be sent what came from it. */
wcl_status wcl_link_set_hairpin(wcl_rtnl *rtnl, int index, bool on, wcl_error *error);
/* A master of 0 takes it out of its bridge. */
wcl_status wcl_link_set_master(wcl_rtnl *rtnl, int index, int master, wcl_error *error);

/* One that is there already is left as it is. */
wcl_status wcl_address_add(wcl_rtnl *rtnl, int index, const wcl_ip *ip, unsigned length,
                           wcl_error *error);
wcl_status wcl_default_route_add(wcl_rtnl *rtnl, int index, const wcl_ip *gateway,
                                 wcl_error *error);
/* Says that `mac` is reached through the VXLAN `index` at node `node`. */
wcl_status wcl_fdb_set(wcl_rtnl *rtnl, int index, const wcl_mac *mac, const wcl_ip *node, bool add,
                       wcl_error *error);
/* A neighbour that never ages. */
wcl_status wcl_neighbour_set(wcl_rtnl *rtnl, int index, const wcl_ip *ip, const wcl_mac *mac,
                             bool add, wcl_error *error);

#endif
