/* The public calls: passed to the provider, and its answers turned into structs and errors. */
#include "hns/provider.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hns/objects.h"
#include "base/options.h"

static wcl_status done(wcl_status status, const char *operation, const char *subject,
                       wcl_error *error)
{
    return status == WCL_OK ? WCL_OK : wcl_error_context(error, operation, subject);
}

void wcl_hns_close(wcl_hns *hns)
{
    if (hns)
        hns->provider->close(hns);
}

wcl_status wcl_hns_call(wcl_hns *hns, const char *method, const char *path, const char *request,
                        char **response, wcl_error *error)
{
    *response = NULL;
    return done(hns->provider->call(hns, wcl_text(method), wcl_text(path), wcl_text(request),
                                    response, error),
                "call HNS", path, error);
}

/* Turns the envelope into what it holds (`*output`, NULL for nothing) or into an error. */
static wcl_status open_envelope(const char *response, cJSON **output, wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *envelope = NULL;
    const char *reason = "no reason was given";
    int64_t code = WCL_CODE_GEN_FAILURE;
    bool success = false;

    if (wcl_json_parse(response, strlen(response), SIZE_MAX, &envelope, error) != WCL_OK ||
        wcl_json_get_bool(envelope, "Success", &success, error) != WCL_OK)
        return WCL_FAILED;
    if (!success) {
        if (wcl_json_get_text(envelope, "Error", &reason, error) != WCL_OK ||
            wcl_json_get_i64(envelope, "ErrorCode", &code, error) != WCL_OK)
            return WCL_FAILED;
        /* Windows gives an HRESULT, which may hold a Win32 error. */
        if (((uint32_t)code & 0x1FFF0000) == 0x00070000)
            code &= 0xFFFF;
        return wcl_fail(error, (uint32_t)code, "HNS failed with error : %s", reason);
    }
    *output = cJSON_DetachItemFromObjectCaseSensitive(envelope, "Output");
    return WCL_OK;
}

/* One request under `prefix`; `*output` is what the answer holds or NULL. */
static wcl_status request_output(wcl_hns *hns, const char *method, const char *prefix,
                                 const char *path, const char *request, cJSON **output,
                                 wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer full = WCL_BUFFER_INIT;
    WCL_CLEANUP_FREE char *response = NULL;

    if (wcl_buffer_printf(&full, error, "%s%s", prefix, wcl_text(path)) != WCL_OK ||
        wcl_hns_call(hns, method, wcl_buffer_text(&full), request, &response, error) != WCL_OK)
        return WCL_FAILED;
    return done(open_envelope(response, output, error), method, wcl_buffer_text(&full), error);
}

wcl_status wcl_hns_network_request(wcl_hns *hns, const char *method, const char *path,
                                   const char *request, wcl_hns_network **network, wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *output = NULL;

    if (network)
        *network = NULL;
    if (request_output(hns, method, "/networks/", path, request, &output, error) != WCL_OK)
        return WCL_FAILED;
    if (!network || !cJSON_IsObject(output))
        return WCL_OK;
    return wcl_hns_network_from_json(output, network, error);
}

wcl_status wcl_hns_endpoint_request(wcl_hns *hns, const char *method, const char *path,
                                    const char *request, wcl_hns_endpoint **endpoint,
                                    wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *output = NULL;

    if (endpoint)
        *endpoint = NULL;
    if (request_output(hns, method, "/endpoints/", path, request, &output, error) != WCL_OK)
        return WCL_FAILED;
    if (!endpoint || !cJSON_IsObject(output))
        return WCL_OK;
    return wcl_hns_endpoint_from_json(output, endpoint, error);
}

void wcl_hns_network_list_free(wcl_hns_network **networks, size_t count)
{
    for (size_t i = 0; networks && i < count; i++)
        wcl_hns_network_free(networks[i]);
    free(networks);
}

void wcl_hns_endpoint_list_free(wcl_hns_endpoint **endpoints, size_t count)
{
    for (size_t i = 0; endpoints && i < count; i++)
        wcl_hns_endpoint_free(endpoints[i]);
    free(endpoints);
}

/* The elements of a list; `*items` has room for all of them and one more. */
static wcl_status request_list(wcl_hns *hns, const char *method, const char *prefix,
                               const char *path, const char *request, cJSON **output, void *items,
                               wcl_error *error)
{
    if (request_output(hns, method, prefix, path, request, output, error) != WCL_OK)
        return WCL_FAILED;
    if (*output && !cJSON_IsArray(*output))
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "HNS answered %s without a list", prefix);
    void *list = calloc((size_t)cJSON_GetArraySize(*output) + 1, sizeof(void *));
    if (!list)
        return wcl_fail_memory(error);
    memcpy(items, &list, sizeof(list));
    return WCL_OK;
}

wcl_status wcl_hns_list_networks(wcl_hns *hns, const char *method, const char *path,
                                 const char *request, wcl_hns_network ***networks, size_t *count,
                                 wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *output = NULL;
    const cJSON *item;

    *networks = NULL;
    *count = 0;
    if (request_list(hns, method, "/networks/", path, request, &output, networks, error) != WCL_OK)
        return WCL_FAILED;
    cJSON_ArrayForEach(item, output)
    {
        if (wcl_hns_network_from_json(item, &(*networks)[*count], error) != WCL_OK) {
            wcl_hns_network_list_free(*networks, *count);
            *networks = NULL;
            *count = 0;
            return WCL_FAILED;
        }
        (*count)++;
    }
    return WCL_OK;
}

wcl_status wcl_hns_list_endpoints(wcl_hns *hns, wcl_hns_endpoint ***endpoints, size_t *count,
                                  wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *output = NULL;
    const cJSON *item;

    *endpoints = NULL;
    *count = 0;
    if (request_list(hns, "GET", "/endpoints/", "", "", &output, endpoints, error) != WCL_OK)
        return WCL_FAILED;
    cJSON_ArrayForEach(item, output)
    {
        if (wcl_hns_endpoint_from_json(item, &(*endpoints)[*count], error) != WCL_OK) {
            wcl_hns_endpoint_list_free(*endpoints, *count);
            *endpoints = NULL;
            *count = 0;
            return WCL_FAILED;
        }
        (*count)++;
    }
    return WCL_OK;
}

/* An id of a caller's, as it stands in a path. */
static wcl_status check_id(const char *id, wcl_error *error)
{
    return !*id || strlen(id) > 40 || strchr(id, '/')
               ? wcl_fail(error, WCL_CODE_INVALID_NAME, "it is not an endpoint id")
               : WCL_OK;
}

static wcl_status detach(wcl_hns *hns, const char *endpoint_id, wcl_error *error)
{
    char path[64];

    if (check_id(endpoint_id, error) != WCL_OK)
        return WCL_FAILED;
    snprintf(path, sizeof(path), "%s/detach", endpoint_id);
    return hns->provider->detach ? hns->provider->detach(hns, endpoint_id, error)
                                 : wcl_hns_endpoint_request(hns, "POST", path, "{}", NULL, error);
}

wcl_status wcl_hns_detach(wcl_hns *hns, const char *endpoint_id, wcl_error *error)
{
    return done(detach(hns, wcl_text(endpoint_id), error), "detach", endpoint_id, error);
}

/* The failure of a call that this provider has no way to do. */
static wcl_status fail_unsupported(const wcl_hns *hns, wcl_error *error)
{
    return wcl_fail(error, WCL_CODE_NOT_SUPPORTED, "the '%s' network provider cannot do this",
                    hns->provider->name);
}

wcl_status wcl_hns_restore(wcl_hns *hns, wcl_error *error)
{
    /* A system that keeps its networks itself has nothing to restore. */
    return done(hns->provider->restore ? hns->provider->restore(hns, error) : WCL_OK,
                "restore networks", NULL, error);
}

wcl_status wcl_hns_namespace_create(wcl_hns *hns, const char *container_id, char **path,
                                    wcl_error *error)
{
    *path = NULL;
    return done(hns->provider->namespace_create
                    ? hns->provider->namespace_create(hns, wcl_text(container_id), path, error)
                    : fail_unsupported(hns, error),
                "create network namespace", container_id, error);
}

wcl_status wcl_hns_namespace_path(wcl_hns *hns, const char *container_id, char **path,
                                  wcl_error *error)
{
    *path = NULL;
    return done(hns->provider->namespace_path
                    ? hns->provider->namespace_path(hns, wcl_text(container_id), path, error)
                    : fail_unsupported(hns, error),
                "find network namespace", container_id, error);
}

wcl_status wcl_hns_namespace_remove(wcl_hns *hns, const char *container_id, wcl_error *error)
{
    return done(hns->provider->namespace_remove
                    ? hns->provider->namespace_remove(hns, wcl_text(container_id), error)
                    : fail_unsupported(hns, error),
                "remove network namespace", container_id, error);
}

wcl_status wcl_hns_attach_namespace(wcl_hns *hns, const char *endpoint_id, const char *container_id,
                                    const char *namespace_path, wcl_error *error)
{
    return done(hns->provider->attach_namespace
                    ? hns->provider->attach_namespace(hns, wcl_text(endpoint_id),
                                                      wcl_text(container_id),
                                                      wcl_text(namespace_path), error)
                    : fail_unsupported(hns, error),
                "attach endpoint", endpoint_id, error);
}

wcl_status wcl_hns_endpoint_statistics(wcl_hns *hns, const char *endpoint_id,
                                       wcl_hns_statistics *statistics, wcl_error *error)
{
    wcl_hns_statistics found = WCL_HNS_STATISTICS_INIT;

    if (WCL_CHECK_SIZE(wcl_hns_statistics, statistics, __func__, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = hns->provider->statistics
                            ? hns->provider->statistics(hns, wcl_text(endpoint_id), &found, error)
                            : fail_unsupported(hns, error);
    if (status != WCL_OK)
        found = (wcl_hns_statistics)WCL_HNS_STATISTICS_INIT;
    WCL_GIVE(wcl_hns_statistics, statistics, &found);
    return done(status, "read statistics", endpoint_id, error);
}

wcl_status wcl_set_current_thread_compartment(wcl_hns *hns, uint32_t id, wcl_error *error)
{
    char subject[24];

    snprintf(subject, sizeof(subject), "%" PRIu32, id);
    return done(hns->provider->set_compartment(hns, id, error), "enter compartment", subject,
                error);
}
