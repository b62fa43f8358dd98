/* The JSON calls, one function each. */
#include "graphdriver/server/calls.h"

#include <stddef.h>
#include <string.h>

#include "base/error.h"

/* A call under way. */
struct running {
    wcl_sessions *sessions;
    wcl_graphdriver *driver; /* NULL unless the call needs it */
    const cJSON *request;
    cJSON *answer; /* to be filled in */
    wcl_call_arguments arguments;
};

struct wcl_call {
    const char *path; /* "/GraphDriver.Get" */
    wcl_status (*run)(const struct running *call, wcl_error *error);
    bool needs_driver;
};

static wcl_status added(bool ok, wcl_error *error)
{
    return ok ? WCL_OK : wcl_fail_memory(error);
}

/* ---- Plugin and driver ----------------------------------------------------------------------- */

static wcl_status activate(const struct running *call, wcl_error *error)
{
    cJSON *list = cJSON_AddArrayToObject(call->answer, "Implements");

    return wcl_json_append(list, cJSON_CreateString("GraphDriver"), error);
}

static wcl_status init(const struct running *call, wcl_error *error)
{
    return wcl_sessions_init(call->sessions, call->request, error);
}

static wcl_status capabilities(const struct running *call, wcl_error *error)
{
    cJSON *object = cJSON_AddObjectToObject(call->answer, "Capabilities");

    return added(object &&
                     cJSON_AddBoolToObject(object, "ReproducesExactDiffs",
                                           wcl_graphdriver_reproduces_exact_diffs(call->driver)),
                 error);
}

static wcl_status cleanup(const struct running *call, wcl_error *error)
{
    return wcl_graphdriver_cleanup(call->driver, error);
}

static wcl_status add_status(void *context, const char *name, const char *value, wcl_error *error)
{
    cJSON *pair = cJSON_CreateArray();

    if (wcl_json_append(context, pair, error) != WCL_OK ||
        wcl_json_append(pair, cJSON_CreateString(name), error) != WCL_OK)
        return WCL_FAILED;
    return wcl_json_append(pair, cJSON_CreateString(value), error);
}

static wcl_status status(const struct running *call, wcl_error *error)
{
    cJSON *list = cJSON_AddArrayToObject(call->answer, "Status");

    return list ? wcl_graphdriver_status(call->driver, add_status, list, error)
                : wcl_fail_memory(error);
}

/* ---- Layers ---------------------------------------------------------------------------------- */

static wcl_graphdriver_create_options create_options(const struct running *call)
{
    return (wcl_graphdriver_create_options) {
        .struct_size = sizeof(wcl_graphdriver_create_options),
        .storage_options = call->arguments.storage_options,
        .storage_option_count = call->arguments.storage_option_count,
    };
}

static wcl_status plugin_create(const struct running *call, wcl_error *error)
{
    const wcl_graphdriver_create_options options = create_options(call);

    return wcl_graphdriver_create(call->driver, call->arguments.id, call->arguments.parent,
                                  &options, error);
}

static wcl_status create_read_write(const struct running *call, wcl_error *error)
{
    const wcl_graphdriver_create_options options = create_options(call);

    return wcl_graphdriver_create_read_write(call->driver, call->arguments.id,
                                             call->arguments.parent, &options, error);
}

static wcl_status plugin_remove_layer(const struct running *call, wcl_error *error)
{
    return wcl_graphdriver_remove(call->driver, call->arguments.id, error);
}

static wcl_status get(const struct running *call, wcl_error *error)
{
    WCL_CLEANUP_FREE char *path = NULL;

    if (wcl_graphdriver_get(call->driver, call->arguments.id, call->arguments.mount_label, &path,
                            error) != WCL_OK)
        return WCL_FAILED;
    return added(wcl_json_add_text(call->answer, "Dir", path), error);
}

static wcl_status plugin_put(const struct running *call, wcl_error *error)
{
    return wcl_graphdriver_put(call->driver, call->arguments.id, error);
}

static wcl_status plugin_exists(const struct running *call, wcl_error *error)
{
    bool found;

    if (wcl_graphdriver_exists(call->driver, call->arguments.id, &found, error) != WCL_OK)
        return WCL_FAILED;
    return added(cJSON_AddBoolToObject(call->answer, "Exists", found), error);
}

static wcl_status add_metadata(void *context, const char *name, const char *value, wcl_error *error)
{
    return added(wcl_json_add_text(context, name, value), error);
}

static wcl_status get_metadata(const struct running *call, wcl_error *error)
{
    cJSON *map = cJSON_AddObjectToObject(call->answer, "Metadata");

    return map ? wcl_graphdriver_metadata(call->driver, call->arguments.id, add_metadata, map,
                                          error)
               : wcl_fail_memory(error);
}

/* ---- Changes --------------------------------------------------------------------------------- */

static wcl_status add_change(void *context, const char *path, wcl_change_kind kind,
                             wcl_error *error)
{
    cJSON *change = cJSON_CreateObject();

    if (wcl_json_append(context, change, error) != WCL_OK)
        return WCL_FAILED;
    return added(wcl_json_add_text(change, "Path", path) &&
                     wcl_json_add_u64(change, "Kind", (uint64_t)kind),
                 error);
}

static wcl_status changes(const struct running *call, wcl_error *error)
{
    cJSON *list = cJSON_AddArrayToObject(call->answer, "Changes");

    return list ? wcl_graphdriver_changes(call->driver, call->arguments.id, call->arguments.parent,
                                          add_change, list, error)
                : wcl_fail_memory(error);
}

static wcl_status diff_size(const struct running *call, wcl_error *error)
{
    uint64_t size;

    if (wcl_graphdriver_diff_size(call->driver, call->arguments.id, call->arguments.parent, &size,
                                  error) != WCL_OK)
        return WCL_FAILED;
    return added(wcl_json_add_u64(call->answer, "Size", size), error);
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

#define TEXT(json, member)                                                                         \
    {                                                                                              \
        .name = (json), .type = WCL_JSON_TEXT, .keep_empty = true,                                 \
        .offset = offsetof(wcl_call_arguments, member)                                             \
    }
static const wcl_json_field argument_fields[] = {
    TEXT("ID", id),
    TEXT("Parent", parent),
    TEXT("MountLabel", mount_label),
    { .name = "StorageOpt",
      .type = WCL_JSON_OTHER,
      .offset = offsetof(wcl_call_arguments, storage_options),
      .count_offset = offsetof(wcl_call_arguments, storage_option_count),
      .read = wcl_read_pairs },
};
static const wcl_json_table argument_table = { .what = "the request",
                                               .size = sizeof(wcl_call_arguments),
                                               .unknown = WCL_JSON_SKIP_UNKNOWN,
                                               WCL_JSON_FIELDS(argument_fields) };

wcl_status wcl_call_read(const void *body, size_t size, cJSON **request, wcl_region *region,
                         wcl_call_arguments *arguments, wcl_error *error)
{
    if (size && wcl_json_parse(body, size, WCL_CALL_BODY_MAX, request, error) != WCL_OK)
        return wcl_error_context(error, NULL, "the request");
    /* Go's encoder writes null for a request without arguments. */
    if (cJSON_IsNull(*request)) {
        cJSON_Delete(*request);
        *request = NULL;
    }
    if (!*request && !(*request = cJSON_CreateObject()))
        return wcl_fail_memory(error);
    *arguments = (wcl_call_arguments) { .id = NULL };
    return wcl_json_read(&argument_table, *request, region, arguments, error);
}

wcl_status wcl_call_run(const wcl_call *call, wcl_sessions *sessions, const void *body, size_t size,
                        char **answer, wcl_error *error)
{
    WCL_CLEANUP_REGION wcl_region region = { .used = 0 };
    WCL_CLEANUP_JSON cJSON *request = NULL;
    WCL_CLEANUP_JSON cJSON *reply = cJSON_CreateObject();
    struct running running = { .sessions = sessions, .answer = reply };
    wcl_session *session = NULL;

    if (!reply)
        return wcl_fail_memory(error);
    wcl_status status = wcl_call_read(body, size, &request, &region, &running.arguments, error);
    running.request = request;
    if (status == WCL_OK && call->needs_driver)
        status = wcl_sessions_enter(sessions, &session, error);
    running.driver = session ? session->driver : NULL;
    if (status == WCL_OK)
        status = call->run(&running, error);
    if (session)
        wcl_sessions_leave(sessions, session);
    if (status != WCL_OK)
        return WCL_FAILED;
    *answer = wcl_json_print(reply);
    return *answer ? WCL_OK : wcl_fail_memory(error);
}
