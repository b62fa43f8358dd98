/* What requests ask for that nothing would come of here. */
#ifndef WCL_HNS_CHECK_H
#define WCL_HNS_CHECK_H

#include "hns/linux/record.h"

/* A network that is to be made. */
wcl_status wcl_check_network(const wcl_network_record *network, wcl_error *error);

/* What is asked of an endpoint that is to be made or changed, with what is filled in or without. */
wcl_status wcl_check_endpoint(const wcl_hns_endpoint *object, bool is_remote, wcl_error *error);

/* Of an endpoint that is to be made, with what is filled in: whether each field of an address has
 * its address. */
wcl_status wcl_check_addresses(const wcl_hns_endpoint *object, wcl_error *error);

#endif
