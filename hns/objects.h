/* The objects of HNS with the memory their texts live in, and their JSON as cJSON trees. */
#ifndef WCL_HNS_OBJECTS_H
#define WCL_HNS_OBJECTS_H

#include <wcl/hns.h>

#include "base/json.h"
#include "base/region.h"

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

/* Where further texts and lists of a parsed object go. */
wcl_region *wcl_hns_network_region(wcl_hns_network *network);
wcl_region *wcl_hns_endpoint_region(wcl_hns_endpoint *endpoint);

/* Sets a text of a parsed object to a copy. */
wcl_status wcl_hns_set_text(wcl_region *region, const char **field, const char *text,
                            wcl_error *error);

/* Whether policies that a caller put together can be written as JSON. */
wcl_status wcl_hns_check_policies(const wcl_hns_policy *list, size_t count, wcl_error *error);

/* The parts that networks and endpoints share; the names are the JSON's. */
wcl_status wcl_hns_read_text(wcl_region *region, const cJSON *from, const char *name,
                             const char **field, wcl_error *error);
wcl_status wcl_hns_read_policies(wcl_region *region, const cJSON *from, const wcl_hns_policy **list,
                                 size_t *count, wcl_error *error);
/* What `from` holds besides the `known` names (ended by NULL), as text; NULL for nothing. */
wcl_status wcl_hns_read_extra(wcl_region *region, const cJSON *from, const char *const *known,
                              const char **extra, wcl_error *error);
/* A list of objects that is to become structs: WCL_END when the field is missing. */
wcl_status wcl_hns_read_list(const cJSON *from, const char *name, const cJSON **list, size_t *count,
                             wcl_error *error);

/* These return false when out of memory. */
bool wcl_hns_add_text(cJSON *to, const char *name, const char *text);
bool wcl_hns_add_policies(cJSON *to, const wcl_hns_policy *list, size_t count);
/* Adds the fields of the JSON object `extra`; those that `to` has already are skipped. */
bool wcl_hns_add_extra(cJSON *to, const char *extra);

/* The first policy of that type, or NULL. */
const wcl_hns_policy *wcl_hns_find_policy(const wcl_hns_policy *list, size_t count,
                                          wcl_hns_policy_type type);

/* What separates the words of a DNSServerList and a DNSSuffix. */
#define WCL_HNS_LIST_SEPARATORS ", \t"

/* Whether the words can stand in a resolv.conf; either may be NULL. */
wcl_status wcl_hns_check_dns(const char *servers, const char *suffix, wcl_error *error);

#endif
