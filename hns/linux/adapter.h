/* Moving an adapter's addresses and routes to the bridge it becomes a port of, and back. */
#ifndef WCL_HNS_ADAPTER_H
#define WCL_HNS_ADAPTER_H

#include "hns/linux/rtnl.h"

/*
 * Moves what the interface `from` has to `to`: addresses other than link-local ones, and routes
 * that were not made by the kernel. Each is added there before it goes away here, so that an
 * interruption loses none; running it again completes it.
 */
wcl_status wcl_adapter_move(wcl_rtnl *rtnl, const wcl_link *from, const wcl_link *to,
                            wcl_error *error);

/* The interface's first IPv4 address, else its first IPv6 address that is not link-local. */
wcl_status wcl_adapter_address(wcl_rtnl *rtnl, int index, wcl_ip *ip, wcl_error *error);

/* Fails, naming it, when an interface of the host has an address in the prefix. */
wcl_status wcl_prefix_check_host(wcl_rtnl *rtnl, const wcl_prefix *prefix, wcl_error *error);

#endif
