/* From a method and a path to the function that deals with it, and the envelope of its answer. */
#include <string.h>

#include "hns/linux/service.h"

struct route {
    const char *method;
    const char *kind; /* "networks" or "endpoints" */
    bool has_id;
    const char *action; /* "" for none */
    bool change;
    wcl_status (*list)(wcl_service *, cJSON **, wcl_error *);
    wcl_status (*object)(wcl_service *, const char *, cJSON **, wcl_error *);
    wcl_status (*make)(wcl_service *, const cJSON *, cJSON **, wcl_error *);
    wcl_status (*act)(wcl_service *, const char *, const cJSON *, cJSON **, wcl_error *);
};

static const struct route routes[] = {
    { "GET", "networks", false, "", false, .list = wcl_networks_list },
    { "GET", "endpoints", false, "", false, .list = wcl_endpoints_list },
    { "GET", "networks", true, "", false, .object = wcl_networks_get },
    { "GET", "endpoints", true, "", false, .object = wcl_endpoints_get },
    { "POST", "networks", false, "", true, .make = wcl_networks_create },
    { "POST", "endpoints", false, "", true, .make = wcl_endpoints_create },
    { "POST", "endpoints", true, "", true, .act = wcl_endpoints_update },
    { "POST", "endpoints", true, "attach", true, .act = wcl_attach_request },
    { "POST", "endpoints", true, "detach", true, .act = wcl_detach_request },
    { "DELETE", "networks", true, "", true, .object = wcl_networks_delete },
    { "DELETE", "endpoints", true, "", true, .object = wcl_endpoints_delete },
};

/* A path taken apart: "/endpoints/ID/attach". */
struct target {
    char kind[16];
    char id[37]; /* "" for none */
    char action[16];
};

/* Copies the part of the path up to the next slash; false when it does not fit. */
static bool take_part(const char **at, char *part, size_t size)
{
    size_t length = strcspn(*at, "/");

    if (length >= size)
        return false;
    memcpy(part, *at, length);
    part[length] = '\0';
    *at += length;
    if (**at == '/')
        (*at)++;
    return true;
}

static wcl_status parse_path(const char *path, struct target *target, wcl_error *error)
{
    const char *at = path + 1;
    char id[64];

    memset(target, 0, sizeof(*target));
    if (path[0] != '/' || !take_part(&at, target->kind, sizeof(target->kind)) ||
        (strcmp(target->kind, "networks") != 0 && strcmp(target->kind, "endpoints") != 0))
        return wcl_fail(error, WCL_CODE_PATH_NOT_FOUND, "there is nothing at the path '%.100s'",
                        path);
    if (!take_part(&at, id, sizeof(id)))
        return wcl_fail(error, WCL_CODE_INVALID_NAME, "'%.60s' is not an id; ids are GUIDs", at);
    if (id[0] && wcl_hns_store_id(id, target->id, error) != WCL_OK)
        return WCL_FAILED;
    if (!take_part(&at, target->action, sizeof(target->action)) || *at)
        return wcl_fail(error, WCL_CODE_PATH_NOT_FOUND, "there is nothing at the path '%.100s'",
                        path);
    return WCL_OK;
}

static wcl_status find_route(const char *method, const struct target *target,
                             const struct route **route, wcl_error *error)
{
    bool path_exists = false;

    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        if (strcmp(routes[i].kind, target->kind) != 0 ||
            routes[i].has_id != (target->id[0] != '\0') ||
            strcmp(routes[i].action, target->action) != 0)
            continue;
        path_exists = true;
        if (strcmp(routes[i].method, method) == 0) {
            *route = &routes[i];
            return WCL_OK;
        }
    }
    if (path_exists)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED, "this path does not take the method '%.20s'",
                        method);
    return wcl_fail(error, WCL_CODE_PATH_NOT_FOUND, "there is nothing at this path of %s",
                    target->kind);
}

/* The request's JSON, an empty object where there is none. */
static wcl_status parse_request(const char *request, cJSON **json, wcl_error *error)
{
    const char *text = *request ? request : "{}";

    if (wcl_json_parse(text, strlen(text), WCL_HNS_JSON_LIMIT, json, error) != WCL_OK)
        return WCL_FAILED;
    return cJSON_IsObject(*json)
               ? WCL_OK
               : wcl_fail(error, WCL_CODE_INVALID_DATA, "the request is not a JSON object");
}

static wcl_status dispatch(wcl_service *service, const struct route *route,
                           const struct target *target, const cJSON *json, cJSON **output,
                           wcl_error *error)
{
    if (route->list)
        return route->list(service, output, error);
    if (route->object)
        return route->object(service, target->id, output, error);
    if (route->make)
        return route->make(service, json, output, error);
    return route->act(service, target->id, json, output, error);
}

static wcl_status router_answer(wcl_service *service, const char *method, const char *path,
                                const char *request, cJSON **output, wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *json = NULL;
    const struct route *route = NULL;
    struct target target;

    if (parse_path(path, &target, error) != WCL_OK ||
        find_route(method, &target, &route, error) != WCL_OK)
        return WCL_FAILED;
    /* What a GET or DELETE carries means nothing, but it must be what it claims to be. */
    if (parse_request(request, &json, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_service_lock(service, route->change, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = dispatch(service, route, &target, json, output, error);
    wcl_service_unlock(service, route->change);
    return status;
}

/* A reason may quote what is not text; halves of surrogate pairs would make JSON that few can read.
 */
static void replace_surrogates(char *text)
{
    for (uint8_t *at = (uint8_t *)text; *at; at++)
        if (at[0] == 0xED && at[1] >= 0xA0)
            *at = '?';
}

/* Takes `output` over. */
static cJSON *make_envelope(bool success, const wcl_error *error, cJSON *output)
{
    WCL_CLEANUP_BUFFER wcl_buffer reason = WCL_BUFFER_INIT;
    cJSON *envelope = cJSON_CreateObject();
    bool made = envelope && cJSON_AddBoolToObject(envelope, "Success", success);

    if (made && success && output) {
        made = cJSON_AddItemToObject(envelope, "Output", output);
        output = made ? NULL : output;
    } else if (made && !success) {
        made = wcl_buffer_printf(&reason, NULL, "%s%s%s", error->subject,
                                 error->subject[0] ? ": " : "", error->message) == WCL_OK;
        if (made)
            replace_surrogates((char *)reason.data);
        made = made && wcl_json_add_text(envelope, "Error", wcl_buffer_text(&reason)) &&
               wcl_json_add_u64(envelope, "ErrorCode", error->code);
    }
    cJSON_Delete(output);
    if (made)
        return envelope;
    cJSON_Delete(envelope);
    return NULL;
}

wcl_status wcl_service_call(wcl_service *service, const char *method, const char *path,
                            const char *request, char **response, wcl_error *error)
{
    wcl_error refusal = WCL_ERROR_INIT;
    cJSON *output = NULL;
    bool success = router_answer(service, method, path, request, &output, &refusal) == WCL_OK;
    WCL_CLEANUP_JSON cJSON *envelope = make_envelope(success, &refusal, output);

    *response = envelope ? wcl_json_print(envelope) : NULL;
    return *response ? WCL_OK : wcl_fail_memory(error);
}
