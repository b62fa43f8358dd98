/*
 * Detaching an endpoint from whatever it is attached to: HNS wants to be told what that is, and
 * names the containers itself, in an endpoint's SharedContainers.
 */
#include "hns/vmcompute/detach.h"

#include <string.h>

#include "base/error.h"
#include "hns/objects.h"

static wcl_status detach_from(wcl_hns *hns, const char *endpoint_id, const char *container_id,
                              wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *request = cJSON_CreateObject();
    WCL_CLEANUP_FREE char *text = NULL;
    WCL_CLEANUP_BUFFER wcl_buffer path = WCL_BUFFER_INIT;
    const char *type = container_id ? "Container" : "Host";

    if (!request || (container_id && !wcl_json_add_text(request, "ContainerId", container_id)) ||
        !wcl_json_add_text(request, "SystemType", type) || !(text = wcl_json_print(request)))
        return wcl_fail_memory(error);
    if (wcl_buffer_printf(&path, error, "%s/detach", endpoint_id) != WCL_OK)
        return WCL_FAILED;
    return wcl_hns_endpoint_request(hns, "POST", wcl_buffer_text(&path), text, NULL, error);
}

/* An endpoint that no container has may be the host's; that it is not, is not an error. */
static wcl_status detach_from_host(wcl_hns *hns, const char *endpoint_id, wcl_error *error)
{
    wcl_error own = WCL_ERROR_INIT;

    if (detach_from(hns, endpoint_id, NULL, &own) == WCL_OK || wcl_error_is_not_exist(&own))
        return WCL_OK;
    return wcl_error_pass(error, &own);
}

static wcl_status detach_from_all(wcl_hns *hns, const char *endpoint_id, const char *extra,
                                  wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *fields = NULL;
    const cJSON *item;

    if (extra && wcl_json_parse(extra, strlen(extra), WCL_HNS_JSON_LIMIT, &fields, error) != WCL_OK)
        return WCL_FAILED;
    const cJSON *containers = cJSON_GetObjectItemCaseSensitive(fields, "SharedContainers");
    if (!cJSON_IsArray(containers) || cJSON_GetArraySize(containers) == 0)
        return detach_from_host(hns, endpoint_id, error);
    cJSON_ArrayForEach(item, containers)
    {
        if (!cJSON_IsString(item))
            return wcl_fail(error, WCL_CODE_INVALID_DATA,
                            "HNS names a container of the endpoint by something that is not text");
        if (detach_from(hns, endpoint_id, item->valuestring, error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

wcl_status wcl_hns_vmcompute_detach(wcl_hns *hns, const char *endpoint_id, wcl_error *error)
{
    wcl_hns_endpoint *endpoint = NULL;

    if (wcl_hns_endpoint_request(hns, "GET", endpoint_id, "", &endpoint, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = detach_from_all(hns, endpoint_id, endpoint ? endpoint->extra : NULL, error);
    wcl_hns_endpoint_free(endpoint);
    return status;
}
