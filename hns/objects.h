/* The objects of HNS with the memory their texts live in, and their JSON as cJSON trees. */
#ifndef WCL_HNS_OBJECTS_H
#define WCL_HNS_OBJECTS_H

#include <wcl/hns.h>

#include "base/json_fields.h"

/* The largest request or record that is read. */
#define WCL_HNS_JSON_LIMIT (1024 * 1024)

/* `from` must be an object. The result is freed as what wcl_hns_network_parse() gives. */
wcl_status wcl_hns_network_from_json(const cJSON *from, wcl_hns_network **network,
                                     wcl_error *error);
wcl_status wcl_hns_network_to_json(const wcl_hns_network *network, cJSON **json, wcl_error *error);
wcl_status wcl_hns_endpoint_from_json(const cJSON *from, wcl_hns_endpoint **endpoint,
                                      wcl_error *error);
wcl_status wcl_hns_endpoint_to_json(const wcl_hns_endpoint *endpoint, cJSON **json,
                                    wcl_error *error);

/* Where further texts and lists of a parsed network or endpoint go. */
wcl_region *wcl_hns_region(const void *object);

/* Sets a text of a parsed object to a copy. */
wcl_status wcl_hns_set_text(wcl_region *region, const char **field, const char *text,
                            wcl_error *error);

/* The field of some object or policy that is spelt like `name`, but for case; NULL for none. */
const char *wcl_hns_field_like(const char *name);

/* "NAT" and so on; "" for WCL_HNS_POLICY_OTHER. */
const char *wcl_hns_policy_type_name(wcl_hns_policy_type type);

/* The first policy of that type, or NULL. */
const wcl_hns_policy *wcl_hns_find_policy(const wcl_hns_policy *list, size_t count,
                                          wcl_hns_policy_type type);

/* What separates the words of a DNSServerList and a DNSSuffix. */
#define WCL_HNS_LIST_SEPARATORS ", \t"

/* Whether the words can stand in a resolv.conf; either may be NULL. */
wcl_status wcl_hns_check_dns(const char *servers, const char *suffix, wcl_error *error);

#endif
