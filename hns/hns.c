/* The public calls: which provider is asked, and answers turned into structs and errors. */
#include "hns/provider.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hns/objects.h"

static const wcl_hns_provider *const providers[] = {
#ifdef __linux__
    &wcl_hns_linux_provider,
#endif
#ifdef _WIN32
    &wcl_hns_vmcompute_provider,
#endif
    NULL,
};

/* The provider of that name, else the platform's own where `required` is false; NULL for none. */
static const wcl_hns_provider *choose_provider(const char *name, bool required)
{
    for (const wcl_hns_provider *const *at = providers; *at; at++)
        if (!name || !*name || strcmp(name, (*at)->name) == 0)
            return *at;
    return required ? NULL : providers[0];
}

wcl_status wcl_hns_open(const wcl_hns_options *options, wcl_hns **hns, wcl_error *error)
{
    wcl_hns_options used = { .struct_size = sizeof(used) };

    *hns = NULL;
    if (options)
        memcpy(&used, options,
               options->struct_size < sizeof(used) ? options->struct_size : sizeof(used));
    /* The variable may name a provider that other modules have and this one has not. */
    const char *name = used.provider ? used.provider : getenv("WCL_PROVIDER");
    const wcl_hns_provider *provider = choose_provider(name, used.provider != NULL);
    wcl_status status =
        provider ? provider->open(&used, hns, error)
                 : wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                            "this machine has no network provider '%s'", name ? name : "");
    return status == WCL_OK ? WCL_OK : wcl_error_context(error, "open networks", NULL);
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
    if (hns->provider->call(hns, method, path, request ? request : "", response, error) == WCL_OK)
        return WCL_OK;
    return wcl_error_context(error, "call HNS", path);
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

    if (wcl_buffer_printf(&full, error, "%s%s", prefix, path ? path : "") != WCL_OK ||
        wcl_hns_call(hns, method, wcl_buffer_text(&full), request, &response, error) != WCL_OK)
        return WCL_FAILED;
    if (open_envelope(response, output, error) == WCL_OK)
        return WCL_OK;
    char operation[64];
    snprintf(operation, sizeof(operation), "%.20s", method);
    return wcl_error_context(error, operation, wcl_buffer_text(&full));
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

wcl_status wcl_hns_list_networks(wcl_hns *hns, const char *method, const char *path,
                                 const char *request, wcl_hns_network ***networks, size_t *count,
                                 wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *output = NULL;
    const cJSON *item;
    size_t length = 0;

    *networks = NULL;
    *count = 0;
    if (request_output(hns, method, "/networks/", path, request, &output, error) != WCL_OK)
        return WCL_FAILED;
    if (output && !cJSON_IsArray(output))
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "HNS answered without a list of networks");
    wcl_hns_network **list = calloc((size_t)cJSON_GetArraySize(output) + 1, sizeof(*list));
    if (!list)
        return wcl_fail_memory(error);
    cJSON_ArrayForEach(item, output)
    {
        if (wcl_hns_network_from_json(item, &list[length], error) != WCL_OK) {
            wcl_hns_network_list_free(list, length);
            return WCL_FAILED;
        }
        length++;
    }
    *networks = list;
    *count = length;
    return WCL_OK;
}

wcl_status wcl_hns_list_endpoints(wcl_hns *hns, wcl_hns_endpoint ***endpoints, size_t *count,
                                  wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *output = NULL;
    const cJSON *item;
    size_t length = 0;

    *endpoints = NULL;
    *count = 0;
    if (request_output(hns, "GET", "/endpoints/", "", "", &output, error) != WCL_OK)
        return WCL_FAILED;
    if (output && !cJSON_IsArray(output))
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "HNS answered without a list of endpoints");
    wcl_hns_endpoint **list = calloc((size_t)cJSON_GetArraySize(output) + 1, sizeof(*list));
    if (!list)
        return wcl_fail_memory(error);
    cJSON_ArrayForEach(item, output)
    {
        if (wcl_hns_endpoint_from_json(item, &list[length], error) != WCL_OK) {
            wcl_hns_endpoint_list_free(list, length);
            return WCL_FAILED;
        }
        length++;
    }
    *endpoints = list;
    *count = length;
    return WCL_OK;
}

wcl_status wcl_hns_detach(wcl_hns *hns, const char *endpoint_id, wcl_error *error)
{
    char path[64];

    if (strlen(endpoint_id) > 40 || strchr(endpoint_id, '/')) {
        wcl_fail(error, WCL_CODE_INVALID_NAME, "that is no endpoint id");
        return wcl_error_context(error, "detach", endpoint_id);
    }
    snprintf(path, sizeof(path), "%s/detach", endpoint_id);
    wcl_status status = hns->provider->detach
                            ? hns->provider->detach(hns, endpoint_id, error)
                            : wcl_hns_endpoint_request(hns, "POST", path, "{}", NULL, error);
    return status == WCL_OK ? WCL_OK : wcl_error_context(error, "detach", endpoint_id);
}

/* The failure of a call that this provider has no way to do. */
static wcl_status fail_unsupported(const wcl_hns *hns, const char *operation, const char *subject,
                                   wcl_error *error)
{
    wcl_fail(error, WCL_CODE_NOT_SUPPORTED, "the '%s' network provider cannot do this",
             hns->provider->name);
    return wcl_error_context(error, operation, subject);
}

wcl_status wcl_hns_restore(wcl_hns *hns, wcl_error *error)
{
    /* A system that keeps its networks itself has nothing to restore. */
    if (!hns->provider->restore || hns->provider->restore(hns, error) == WCL_OK)
        return WCL_OK;
    return wcl_error_context(error, "restore networks", NULL);
}

wcl_status wcl_hns_namespace_create(wcl_hns *hns, const char *container_id, char **path,
                                    wcl_error *error)
{
    *path = NULL;
    if (!hns->provider->namespace_create)
        return fail_unsupported(hns, "create network namespace", container_id, error);
    if (hns->provider->namespace_create(hns, container_id, path, error) == WCL_OK)
        return WCL_OK;
    return wcl_error_context(error, "create network namespace", container_id);
}

wcl_status wcl_hns_namespace_path(wcl_hns *hns, const char *container_id, char **path,
                                  wcl_error *error)
{
    *path = NULL;
    if (!hns->provider->namespace_path)
        return fail_unsupported(hns, "find network namespace", container_id, error);
    if (hns->provider->namespace_path(hns, container_id, path, error) == WCL_OK)
        return WCL_OK;
    return wcl_error_context(error, "find network namespace", container_id);
}

wcl_status wcl_hns_namespace_remove(wcl_hns *hns, const char *container_id, wcl_error *error)
{
    if (!hns->provider->namespace_remove)
        return fail_unsupported(hns, "remove network namespace", container_id, error);
    if (hns->provider->namespace_remove(hns, container_id, error) == WCL_OK)
        return WCL_OK;
    return wcl_error_context(error, "remove network namespace", container_id);
}

wcl_status wcl_hns_attach_namespace(wcl_hns *hns, const char *endpoint_id, const char *container_id,
                                    const char *namespace_path, wcl_error *error)
{
    if (!hns->provider->attach_namespace)
        return fail_unsupported(hns, "attach endpoint", endpoint_id, error);
    if (hns->provider->attach_namespace(hns, endpoint_id, container_id, namespace_path, error) ==
        WCL_OK)
        return WCL_OK;
    return wcl_error_context(error, "attach endpoint", endpoint_id);
}

wcl_status wcl_hns_endpoint_statistics(wcl_hns *hns, const char *endpoint_id,
                                       wcl_hns_statistics *statistics, wcl_error *error)
{
    memset(statistics, 0, sizeof(*statistics));
    if (!hns->provider->statistics)
        return fail_unsupported(hns, "read statistics", endpoint_id, error);
    if (hns->provider->statistics(hns, endpoint_id, statistics, error) == WCL_OK)
        return WCL_OK;
    return wcl_error_context(error, "read statistics", endpoint_id);
}

wcl_status wcl_set_current_thread_compartment(wcl_hns *hns, uint32_t id, wcl_error *error)
{
    char subject[24];

    if (hns->provider->set_compartment(hns, id, error) == WCL_OK)
        return WCL_OK;
    snprintf(subject, sizeof(subject), "%" PRIu32, id);
    return wcl_error_context(error, "enter compartment", subject);
}
