/* Detaching an endpoint from whatever it is attached to. */
#ifndef WCL_HNS_VMCOMPUTE_DETACH_H
#define WCL_HNS_VMCOMPUTE_DETACH_H

#include <wcl/hns.h>

/* As wcl_hns_detach(). */
wcl_status wcl_hns_vmcompute_detach(wcl_hns *hns, const char *endpoint_id, wcl_error *error);

#endif
