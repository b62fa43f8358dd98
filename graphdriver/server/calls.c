/* The JSON calls, one function each. */
#include "graphdriver/server/calls.h"

#include <string.h>

#include "base/error.h"

wcl_status wcl_call_text(const cJSON *request, const char *name, const char **text,
                         wcl_error *error)
{
    *text = "";
    return wcl_json_get_text(request, name, text, error);
}

/* ID and Parent, which most calls have. */
static wcl_status read_ids(const cJSON *request, const char **id, const char **parent,
                           wcl_error *error)
{
    if (wcl_call_text(request, "ID", id, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_call_text(request, "Parent", parent, error);
}

static wcl_status added(bool ok, wcl_error *error)
{
    return ok ? WCL_OK : wcl_fail_memory(error);
}

/* ---- Plugin and driver ----------------------------------------------------------------------- */

static wcl_status activate(wcl_sessions *sessions, wcl_graphdriver *driver, const cJSON *request,
                           cJSON *answer, wcl_error *error)
{
    cJSON *list = cJSON_AddArrayToObject(answer, "Implements");

    (void)sessions, (void)driver, (void)request;
    return added(list && cJSON_AddItemToArray(list, cJSON_CreateString("GraphDriver")), error);
}

static wcl_status init(wcl_sessions *sessions, wcl_graphdriver *driver, const cJSON *request,
                       cJSON *answer, wcl_error *error)
{
    (void)driver, (void)answer;
    return wcl_sessions_init(sessions, request, error);
}

static wcl_status capabilities(wcl_sessions *sessions, wcl_graphdriver *driver,
                               const cJSON *request, cJSON *answer, wcl_error *error)
{
    cJSON *object = cJSON_AddObjectToObject(answer, "Capabilities");

    (void)sessions, (void)request;
    return added(object && cJSON_AddBoolToObject(object, "ReproducesExactDiffs",
                                                 wcl_graphdriver_reproduces_exact_diffs(driver)),
                 error);
}

static wcl_status cleanup(wcl_sessions *sessions, wcl_graphdriver *driver, const cJSON *request,
                          cJSON *answer, wcl_error *error)
{
    (void)sessions, (void)request, (void)answer;
    return wcl_graphdriver_cleanup(driver, error);
}

static wcl_status add_status(void *context, const char *name, const char *value, wcl_error *error)
{
    cJSON *pair = cJSON_CreateArray();

    if (!pair || !cJSON_AddItemToArray(context, pair))
        return wcl_fail_memory(error);
    return added(cJSON_AddItemToArray(pair, cJSON_CreateString(name)) &&
                     cJSON_AddItemToArray(pair, cJSON_CreateString(value)),
                 error);
}

static wcl_status status(wcl_sessions *sessions, wcl_graphdriver *driver, const cJSON *request,
                         cJSON *answer, wcl_error *error)
{
    cJSON *list = cJSON_AddArrayToObject(answer, "Status");

    (void)sessions, (void)request;
    return list ? wcl_graphdriver_status(driver, add_status, list, error) : wcl_fail_memory(error);
}

/* ---- Layers ---------------------------------------------------------------------------------- */

typedef wcl_status (*create_function)(wcl_graphdriver *driver, const char *id, const char *parent,
                                      const wcl_graphdriver_create_options *options,
                                      wcl_error *error);

static wcl_status create_by(create_function create, wcl_graphdriver *driver, const cJSON *request,
                            wcl_error *error)
{
    WCL_CLEANUP_TEXT_LIST wcl_text_list texts = { NULL, 0 };
    const char *id, *parent;

    if (read_ids(request, &id, &parent, error) != WCL_OK ||
        wcl_text_list_read(request, "StorageOpt", &texts, error) != WCL_OK)
        return WCL_FAILED;
    const wcl_graphdriver_create_options options = {
        .struct_size = sizeof(options),
        .storage_options = (const char *const *)texts.items,
        .storage_option_count = texts.count,
    };
    return create(driver, id, parent, &options, error);
}

static wcl_status plugin_create(wcl_sessions *sessions, wcl_graphdriver *driver,
                                const cJSON *request, cJSON *answer, wcl_error *error)
{
    (void)sessions, (void)answer;
    return create_by(wcl_graphdriver_create, driver, request, error);
}

static wcl_status create_read_write(wcl_sessions *sessions, wcl_graphdriver *driver,
                                    const cJSON *request, cJSON *answer, wcl_error *error)
{
    (void)sessions, (void)answer;
    return create_by(wcl_graphdriver_create_read_write, driver, request, error);
}

static wcl_status plugin_remove_layer(wcl_sessions *sessions, wcl_graphdriver *driver,
                                      const cJSON *request, cJSON *answer, wcl_error *error)
{
    const char *id;

    (void)sessions, (void)answer;
    if (wcl_call_text(request, "ID", &id, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_graphdriver_remove(driver, id, error);
}

static wcl_status get(wcl_sessions *sessions, wcl_graphdriver *driver, const cJSON *request,
                      cJSON *answer, wcl_error *error)
{
    WCL_CLEANUP_FREE char *path = NULL;
    const char *id, *label;

    (void)sessions;
    if (wcl_call_text(request, "ID", &id, error) != WCL_OK ||
        wcl_call_text(request, "MountLabel", &label, error) != WCL_OK ||
        wcl_graphdriver_get(driver, id, label, &path, error) != WCL_OK)
        return WCL_FAILED;
    return added(wcl_json_add_text(answer, "Dir", path), error);
}

static wcl_status plugin_put(wcl_sessions *sessions, wcl_graphdriver *driver, const cJSON *request,
                             cJSON *answer, wcl_error *error)
{
    const char *id;

    (void)sessions, (void)answer;
    if (wcl_call_text(request, "ID", &id, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_graphdriver_put(driver, id, error);
}

static wcl_status plugin_exists(wcl_sessions *sessions, wcl_graphdriver *driver,
                                const cJSON *request, cJSON *answer, wcl_error *error)
{
    const char *id;
    bool found;

    (void)sessions;
    if (wcl_call_text(request, "ID", &id, error) != WCL_OK ||
        wcl_graphdriver_exists(driver, id, &found, error) != WCL_OK)
        return WCL_FAILED;
    return added(cJSON_AddBoolToObject(answer, "Exists", found), error);
}

static wcl_status add_metadata(void *context, const char *name, const char *value, wcl_error *error)
{
    return added(wcl_json_add_text(context, name, value), error);
}

static wcl_status get_metadata(wcl_sessions *sessions, wcl_graphdriver *driver,
                               const cJSON *request, cJSON *answer, wcl_error *error)
{
    cJSON *map = cJSON_AddObjectToObject(answer, "Metadata");
    const char *id;

    (void)sessions;
    if (!map)
        return wcl_fail_memory(error);
    if (wcl_call_text(request, "ID", &id, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_graphdriver_metadata(driver, id, add_metadata, map, error);
}

/* ---- Changes --------------------------------------------------------------------------------- */

static wcl_status add_change(void *context, const char *path, wcl_change_kind kind,
                             wcl_error *error)
{
    cJSON *change = cJSON_CreateObject();

    if (!change || !cJSON_AddItemToArray(context, change))
        return wcl_fail_memory(error);
    return added(wcl_json_add_text(change, "Path", path) &&
                     wcl_json_add_u64(change, "Kind", (uint64_t)kind),
                 error);
}

static wcl_status changes(wcl_sessions *sessions, wcl_graphdriver *driver, const cJSON *request,
                          cJSON *answer, wcl_error *error)
{
    cJSON *list = cJSON_AddArrayToObject(answer, "Changes");
    const char *id, *parent;

    (void)sessions;
    if (!list)
        return wcl_fail_memory(error);
    if (read_ids(request, &id, &parent, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_graphdriver_changes(driver, id, parent, add_change, list, error);
}

static wcl_status diff_size(wcl_sessions *sessions, wcl_graphdriver *driver, const cJSON *request,
                            cJSON *answer, wcl_error *error)
{
    const char *id, *parent;
    uint64_t size;

    (void)sessions;
    if (read_ids(request, &id, &parent, error) != WCL_OK ||
        wcl_graphdriver_diff_size(driver, id, parent, &size, error) != WCL_OK)
        return WCL_FAILED;
    return added(wcl_json_add_u64(answer, "Size", size), error);
}

/* ---- The table ------------------------------------------------------------------------------- */

static const wcl_call calls[] = {
    { "/Plugin.Activate", activate, false },
    { "/GraphDriver.Init", init, false },
    { "/GraphDriver.Capabilities", capabilities, false },
    { "/GraphDriver.Create", plugin_create, true },
    { "/GraphDriver.CreateReadWrite", create_read_write, true },
    { "/GraphDriver.Remove", plugin_remove_layer, true },
    { "/GraphDriver.Get", get, true },
    { "/GraphDriver.Put", plugin_put, true },
    { "/GraphDriver.Exists", plugin_exists, true },
    { "/GraphDriver.Status", status, true },
    { "/GraphDriver.GetMetadata", get_metadata, true },
    { "/GraphDriver.Cleanup", cleanup, true },
    { "/GraphDriver.Changes", changes, true },
    { "/GraphDriver.DiffSize", diff_size, true },
};

const wcl_call *wcl_call_find(const char *path)
{
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
        if (strcmp(calls[i].path, path) == 0)
            return &calls[i];
    return NULL;
}

static wcl_status plugin_parse(const void *body, size_t size, cJSON **request, wcl_error *error)
{
    if (size == 0) {
        *request = cJSON_CreateObject();
        return *request ? WCL_OK : wcl_fail_memory(error);
    }
    if (wcl_json_parse(body, size, WCL_CALL_BODY_MAX, request, error) != WCL_OK)
        return wcl_error_context(error, NULL, "the request");
    /* Go's encoder writes null for a request without arguments. */
    if (cJSON_IsNull(*request) || cJSON_IsObject(*request))
        return WCL_OK;
    return wcl_fail(error, WCL_CODE_INVALID_DATA, "the request is not a JSON object");
}

wcl_status wcl_call_run(const wcl_call *call, wcl_sessions *sessions, const void *body, size_t size,
                        char **answer, wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *request = NULL;
    WCL_CLEANUP_JSON cJSON *reply = cJSON_CreateObject();
    wcl_session *session = NULL;

    if (!reply)
        return wcl_fail_memory(error);
    wcl_status status = plugin_parse(body, size, &request, error);
    if (status == WCL_OK && call->needs_driver)
        status = wcl_sessions_enter(sessions, &session, error);
    if (status == WCL_OK)
        status = call->run(sessions, session ? session->driver : NULL, request, reply, error);
    if (session)
        wcl_sessions_leave(sessions, session);
    if (status != WCL_OK)
        return WCL_FAILED;
    *answer = wcl_json_print(reply);
    return *answer ? WCL_OK : wcl_fail_memory(error);
}
