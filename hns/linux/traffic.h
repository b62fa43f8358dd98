/* What is done to an endpoint's frames at the host's end of its pair: VLAN tags and rate limits. */
#ifndef WCL_HNS_TRAFFIC_H
#define WCL_HNS_TRAFFIC_H

#include "hns/linux/rtnl.h"

/*
 * Makes the interface an access port of the VLAN: what comes from the endpoint gets the tag, what
 * goes to it loses it, and frames of another tag are dropped both ways. With 0, tagged frames are
 * dropped, so that an endpoint cannot reach into a VLAN by tagging frames itself.
 */
wcl_status wcl_vlan_access(wcl_rtnl *rtnl, int index, uint32_t vlan, wcl_error *error);

/* Limits what comes from the interface to `rate` bytes a second, by way of the device `shaper`. */
wcl_status wcl_rate_limit(wcl_rtnl *rtnl, int index, int shaper, uint64_t rate, wcl_error *error);

/* Undoes both. */
wcl_status wcl_traffic_reset(wcl_rtnl *rtnl, int index, wcl_error *error);

#endif
