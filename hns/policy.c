/* Policies, and what else the JSON of networks and endpoints has in common. */
#include "hns/objects.h"

#include <string.h>
#include <strings.h>

#define TYPE_COUNT (sizeof(type_names) / sizeof(type_names[0]))

static const char *const type_names[] = { NULL, "NAT", "QOS", "VLAN", "VSID", "PA" };

wcl_status wcl_hns_set_text(wcl_region *region, const char **field, const char *text,
                            wcl_error *error)
{
    *field = wcl_region_text(region, text);
    return *field ? WCL_OK : wcl_fail_memory(error);
}

wcl_status wcl_hns_read_text(wcl_region *region, const cJSON *from, const char *name,
                             const char **field, wcl_error *error)
{
    const char *text = NULL;

    if (wcl_json_get_text(from, name, &text, error) != WCL_OK)
        return WCL_FAILED;
    return text && *text ? wcl_hns_set_text(region, field, text, error) : WCL_OK;
}

wcl_status wcl_hns_read_extra(wcl_region *region, const cJSON *from, const char *const *known,
                              const char **extra, wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *rest = NULL;
    const cJSON *item;

    cJSON_ArrayForEach(item, from)
    {
        size_t i = 0;
        while (known[i] && strcmp(known[i], item->string) != 0)
            i++;
        if (known[i])
            continue;
        if (!rest && !(rest = cJSON_CreateObject()))
            return wcl_fail_memory(error);
        cJSON *copy = cJSON_Duplicate(item, true);
        if (!copy || !cJSON_AddItemToObject(rest, item->string, copy)) {
            cJSON_Delete(copy);
            return wcl_fail_memory(error);
        }
    }
    if (!rest)
        return WCL_OK;
    WCL_CLEANUP_FREE char *text = wcl_json_print(rest);
    return text ? wcl_hns_set_text(region, extra, text, error) : wcl_fail_memory(error);
}

wcl_status wcl_hns_read_list(const cJSON *from, const char *name, const cJSON **list, size_t *count,
                             wcl_error *error)
{
    const cJSON *array = cJSON_GetObjectItemCaseSensitive(from, name), *item;

    if (!array || cJSON_IsNull(array))
        return WCL_END;
    if (!cJSON_IsArray(array))
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "the field '%s' is not a list", name);
    *count = 0;
    cJSON_ArrayForEach(item, array)
    {
        if (!cJSON_IsObject(item))
            return wcl_fail(error, WCL_CODE_INVALID_DATA,
                            "element %zu of the list '%s' is not an object", *count, name);
        (*count)++;
    }
    *list = array;
    return *count ? WCL_OK : WCL_END;
}

static wcl_status read_bounded(const cJSON *from, const char *name, uint64_t limit, uint64_t *value,
                               wcl_error *error)
{
    *value = 0;
    if (wcl_json_get_u64(from, name, value, error) != WCL_OK)
        return WCL_FAILED;
    if (*value > limit)
        return wcl_fail(error, WCL_CODE_INVALID_DATA,
                        "the field '%s' is greater than %llu, the most it can be", name,
                        (unsigned long long)limit);
    return WCL_OK;
}

static wcl_status read_nat(wcl_region *region, const cJSON *from, wcl_hns_nat_policy *nat,
                           wcl_error *error)
{
    uint64_t internal, external;

    if (wcl_hns_read_text(region, from, "Protocol", &nat->protocol, error) != WCL_OK ||
        read_bounded(from, "InternalPort", 65535, &internal, error) != WCL_OK ||
        read_bounded(from, "ExternalPort", 65535, &external, error) != WCL_OK)
        return WCL_FAILED;
    nat->internal_port = (uint16_t)internal;
    nat->external_port = (uint16_t)external;
    return WCL_OK;
}

static wcl_status read_by_type(wcl_region *region, const cJSON *from, wcl_hns_policy *policy,
                               const char *const **known, wcl_error *error)
{
    static const char *const nat[] = { "Type", "Protocol", "InternalPort", "ExternalPort", NULL };
    static const char *const qos[] = { "Type", "MaximumOutgoingBandwidthInBytes", NULL };
    static const char *const vlan[] = { "Type", "VLAN", NULL };
    static const char *const vsid[] = { "Type", "VSID", NULL };
    static const char *const pa[] = { "Type", "PA", NULL };
    static const char *const other[] = { "Type", NULL };
    uint64_t number = 0;
    wcl_status status = WCL_OK;

    switch (policy->type) {
    case WCL_HNS_POLICY_NAT:
        *known = nat;
        return read_nat(region, from, &policy->nat, error);
    case WCL_HNS_POLICY_QOS:
        *known = qos;
        return wcl_json_get_u64(from, qos[1], &policy->qos.maximum_outgoing_bandwidth_in_bytes,
                                error);
    case WCL_HNS_POLICY_VLAN:
        *known = vlan;
        status = read_bounded(from, vlan[1], UINT32_MAX, &number, error);
        policy->vlan.vlan = (uint32_t)number;
        return status;
    case WCL_HNS_POLICY_VSID:
        *known = vsid;
        status = read_bounded(from, vsid[1], UINT32_MAX, &number, error);
        policy->vsid.vsid = (uint32_t)number;
        return status;
    case WCL_HNS_POLICY_PA:
        *known = pa;
        return wcl_hns_read_text(region, from, pa[1], &policy->pa.pa, error);
    case WCL_HNS_POLICY_OTHER:
    default:
        *known = other;
        return wcl_hns_read_text(region, from, "Type", &policy->type_name, error);
    }
}

static wcl_status read_policy(wcl_region *region, const cJSON *from, wcl_hns_policy *policy,
                              wcl_error *error)
{
    const char *type = NULL;
    const char *const *known = NULL;

    if (wcl_json_get_text(from, "Type", &type, error) != WCL_OK)
        return WCL_FAILED;
    if (!type || !*type)
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "a policy has no 'Type'");
    for (size_t i = WCL_HNS_POLICY_NAT; i < TYPE_COUNT; i++)
        if (strcasecmp(type, type_names[i]) == 0)
            policy->type = (wcl_hns_policy_type)i;
    if (read_by_type(region, from, policy, &known, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_hns_read_extra(region, from, known, &policy->extra, error);
}

wcl_status wcl_hns_read_policies(wcl_region *region, const cJSON *from, const wcl_hns_policy **list,
                                 size_t *count, wcl_error *error)
{
    const cJSON *array, *item;
    size_t length = 0, at = 0;
    wcl_status status = wcl_hns_read_list(from, "Policies", &array, &length, error);

    if (status != WCL_OK)
        return status == WCL_END ? WCL_OK : WCL_FAILED;
    wcl_hns_policy *policies = wcl_region_alloc(region, length, sizeof(*policies));
    if (!policies)
        return wcl_fail_memory(error);
    cJSON_ArrayForEach(item, array)
    {
        if (read_policy(region, item, &policies[at++], error) != WCL_OK)
            return WCL_FAILED;
    }
    *list = policies;
    *count = length;
    return WCL_OK;
}

bool wcl_hns_add_text(cJSON *to, const char *name, const char *text)
{
    return !text || !*text || wcl_json_add_text(to, name, text);
}

bool wcl_hns_add_extra(cJSON *to, const char *extra)
{
    WCL_CLEANUP_JSON cJSON *fields = NULL;

    if (!extra)
        return true;
    if (wcl_json_parse(extra, strlen(extra), WCL_HNS_JSON_LIMIT, &fields, NULL) != WCL_OK)
        return false;
    for (cJSON *next, *item = fields->child; item; item = next) {
        next = item->next;
        if (!item->string || cJSON_GetObjectItemCaseSensitive(to, item->string))
            continue;
        cJSON_DetachItemViaPointer(fields, item);
        if (!cJSON_AddItemToObject(to, item->string, item)) {
            cJSON_Delete(item);
            return false;
        }
    }
    return true;
}

wcl_status wcl_hns_check_policies(const wcl_hns_policy *list, size_t count, wcl_error *error)
{
    for (size_t i = 0; i < count; i++) {
        if ((size_t)list[i].type >= TYPE_COUNT)
            return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                            "policy %zu has the type %d, which is not a wcl_hns_policy_type", i,
                            (int)list[i].type);
        if (list[i].type == WCL_HNS_POLICY_OTHER && (!list[i].type_name || !*list[i].type_name))
            return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "policy %zu has no type_name", i);
    }
    return WCL_OK;
}

static bool add_policy(cJSON *to, const wcl_hns_policy *policy)
{
    const char *type = policy->type ? type_names[policy->type] : policy->type_name;

    if (!wcl_hns_add_text(to, "Type", type))
        return false;
    switch (policy->type) {
    case WCL_HNS_POLICY_NAT:
        return wcl_hns_add_text(to, "Protocol", policy->nat.protocol) &&
               wcl_json_add_u64(to, "InternalPort", policy->nat.internal_port) &&
               wcl_json_add_u64(to, "ExternalPort", policy->nat.external_port);
    case WCL_HNS_POLICY_QOS:
        return wcl_json_add_u64(to, "MaximumOutgoingBandwidthInBytes",
                                policy->qos.maximum_outgoing_bandwidth_in_bytes);
    case WCL_HNS_POLICY_VLAN:
        return wcl_json_add_u64(to, "VLAN", policy->vlan.vlan);
    case WCL_HNS_POLICY_VSID:
        return wcl_json_add_u64(to, "VSID", policy->vsid.vsid);
    case WCL_HNS_POLICY_PA:
        return wcl_hns_add_text(to, "PA", policy->pa.pa);
    case WCL_HNS_POLICY_OTHER:
    default:
        return true;
    }
}

bool wcl_hns_add_policies(cJSON *to, const wcl_hns_policy *list, size_t count)
{
    if (count == 0)
        return true;
    cJSON *array = cJSON_AddArrayToObject(to, "Policies");
    if (!array)
        return false;
    for (size_t i = 0; i < count; i++) {
        cJSON *item = cJSON_CreateObject();
        if (!item || !cJSON_AddItemToArray(array, item)) {
            cJSON_Delete(item);
            return false;
        }
        if (!add_policy(item, &list[i]) || !wcl_hns_add_extra(item, list[i].extra))
            return false;
    }
    return true;
}

wcl_status wcl_hns_policy_format(const wcl_hns_policy *policy, char **json, wcl_error *error)
{
    if (wcl_hns_check_policies(policy, 1, error) != WCL_OK)
        return WCL_FAILED;
    WCL_CLEANUP_JSON cJSON *object = cJSON_CreateObject();
    if (!object || !add_policy(object, policy) || !wcl_hns_add_extra(object, policy->extra) ||
        !(*json = wcl_json_print(object)))
        return wcl_fail_memory(error);
    return WCL_OK;
}

const wcl_hns_policy *wcl_hns_find_policy(const wcl_hns_policy *list, size_t count,
                                          wcl_hns_policy_type type)
{
    for (size_t i = 0; i < count; i++)
        if (list[i].type == type)
            return &list[i];
    return NULL;
}
