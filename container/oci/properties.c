/* What containers are: their properties, and finding those that match a query. */
#include "container/oci/system.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/listing.h"
#include "base/json_fields.h"
#include "container/config.h"
#include "container/oci/claim.h"
#include "container/oci/network.h"
#include "container/oci/state.h"
#include "container/oci/statistics.h"

#define QUERY_LIMIT (1024 * 1024)

static const char *text_of(const cJSON *object, const char *name)
{
    const char *text = NULL;

    wcl_json_get_text(object, name, &text, NULL);
    return text ? text : "";
}

static const char *state_name(const wcl_reply *status)
{
    if (!status)
        return "Lost";
    if (status->state >= WCL_STATE_STOPPING)
        return "Stopped";
    if (status->state >= WCL_STATE_PAUSED)
        return "Paused";
    return status->state >= WCL_STATE_RUNNING ? "Running" : "Created";
}

static const char *exit_type_name(uint32_t type)
{
    static const char *const names[] = { "", "GracefulExit", "ForcedExit", "UnexpectedExit" };
    return type < sizeof(names) / sizeof(names[0]) ? names[type] : "";
}

/* What is always there. `status` is NULL for a container that has lost its supervisor. */
static cJSON *properties_describe(const char *id, const wcl_state *state, const wcl_reply *status)
{
    cJSON *json = cJSON_CreateObject();
    char guid_text[37] = "";
    wcl_guid guid;

    if (wcl_guid_of_compute_system(id, &guid, NULL) == WCL_OK)
        wcl_guid_format(&guid, guid_text);
    bool stopped = status && status->state >= WCL_STATE_STOPPING;
    if (json && cJSON_AddStringToObject(json, "Id", id) &&
        cJSON_AddStringToObject(json, "Name", text_of(state->config, "Name")) &&
        cJSON_AddStringToObject(json, "SystemType", "Container") &&
        cJSON_AddStringToObject(json, "Owner", text_of(state->config, "Owner")) &&
        cJSON_AddStringToObject(json, "RuntimeId", guid_text) &&
        cJSON_AddStringToObject(json, "State", state_name(status)) &&
        (!stopped || cJSON_AddTrueToObject(json, "Stopped")) &&
        (!stopped || cJSON_AddStringToObject(json, "ExitType", exit_type_name(status->exit_type))))
        return json;
    cJSON_Delete(json);
    return NULL;
}

/* ---- One container -------------------------------------------------------------------------- */

/* Which properties a query asks for. */
typedef struct wanted {
    bool statistics;
    bool processes;
    bool updates;
} wanted;

typedef struct property_query {
    const char *const *types;
    size_t count;
} property_query;

static const wcl_json_field property_query_fields[] = {
    { .name = "PropertyTypes",
      .type = WCL_JSON_TEXTS,
      .offset = offsetof(property_query, types),
      .count_offset = offsetof(property_query, count) },
};
static const wcl_json_table property_query_table = { .what = "the property query",
                                                     WCL_JSON_FIELDS(property_query_fields) };

static wcl_status parse_property_query(const char *text, wanted *types, wcl_error *error)
{
    WCL_CLEANUP_REGION wcl_region region = { .used = 0 };
    property_query query = { 0 };

    if (!text || !*text)
        return WCL_OK;
    if (wcl_json_read_text(&property_query_table, text, QUERY_LIMIT, &region, &query, error) !=
        WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i < query.count; i++) {
        if (strcmp(query.types[i], "Statistics") == 0)
            types->statistics = true;
        else if (strcmp(query.types[i], "ProcessList") == 0)
            types->processes = true;
        else if (strcmp(query.types[i], "PendingUpdates") == 0)
            types->updates = true;
        else
            return wcl_fail(error, WCL_CODE_NOT_SUPPORTED, "there is no property type '%s'",
                            query.types[i]);
    }
    return WCL_OK;
}

/* The endpoints' own figures in place of the interfaces'. */
static wcl_status replace_network(const wcl_container_folder *place, const wcl_state *state,
                                  cJSON *statistics, wcl_error *error)
{
    const cJSON *endpoints = cJSON_GetObjectItemCaseSensitive(state->config, "EndpointList");
    cJSON *list;

    if (wcl_network_statistics(place, endpoints, &list, error) != WCL_OK)
        return WCL_FAILED;
    if (cJSON_ReplaceItemInObjectCaseSensitive(statistics, "Network", list))
        return WCL_OK;
    cJSON_Delete(list);
    return wcl_fail_memory(error);
}

static wcl_status add_wanted(cJSON *json, const wanted *types, const wcl_container_folder *place,
                             const wcl_state *state, const wcl_reply *status, wcl_error *error)
{
    if (types->updates && !cJSON_AddFalseToObject(json, "AreUpdatesPending"))
        return wcl_fail_memory(error);
    if (types->statistics) {
        cJSON *statistics = wcl_statistics_make(NULL, status->init_pid, status->started);
        if (!cJSON_AddItemToObject(json, "Statistics", statistics)) {
            cJSON_Delete(statistics);
            return wcl_fail_memory(error);
        }
        if (state->has_namespace && replace_network(place, state, statistics, error) != WCL_OK)
            return WCL_FAILED;
    }
    if (types->processes) {
        cJSON *list;
        if (wcl_process_list_make(NULL, status->init_pid, &list, error) != WCL_OK)
            return WCL_FAILED;
        if (!cJSON_AddItemToObject(json, "ProcessList", list)) {
            cJSON_Delete(list);
            return wcl_fail_memory(error);
        }
    }
    return WCL_OK;
}

wcl_status wcl_oci_properties(wcl_provider_system *system, const char *query, char **properties,
                              wcl_error *error)
{
    const wcl_supervisor_request request = { .type = WCL_REQUEST_STATUS };
    WCL_CLEANUP_STATE wcl_state state = { 0 };
    WCL_CLEANUP_JSON cJSON *json = NULL;
    wanted types = { 0 };
    wcl_reply reply;

    if (parse_property_query(query, &types, error) != WCL_OK ||
        wcl_oci_request(system, &request, &reply, error) != WCL_OK ||
        wcl_state_read_of(&system->place, &state, error) != WCL_OK)
        return WCL_FAILED;
    json = properties_describe(system->id, &state, &reply);
    if (!json)
        return wcl_fail_memory(error);
    if (add_wanted(json, &types, &system->place, &state, &reply, error) != WCL_OK)
        return WCL_FAILED;
    *properties = wcl_json_print(json);
    return *properties ? WCL_OK : wcl_fail_memory(error);
}

/* ---- All that match ------------------------------------------------------------------------- */

static bool allows(const char *const *wanted_texts, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(wanted_texts[i], text) == 0)
            return true;
    return count == 0;
}

static bool query_matches(const wcl_compute_system_query *query, const cJSON *properties)
{
    return allows(query->ids, query->id_count, text_of(properties, "Id")) &&
           allows(query->types, query->type_count, text_of(properties, "SystemType")) &&
           allows(query->names, query->name_count, text_of(properties, "Name")) &&
           allows(query->owners, query->owner_count, text_of(properties, "Owner"));
}

/* The properties of a container, or NULL when there is none; what a killed creator left is removed.
 */
static cJSON *examine(const wcl_container_folder *place, const char *id)
{
    const wcl_supervisor_request request = { .type = WCL_REQUEST_STATUS };
    WCL_CLEANUP_STATE wcl_state state = { 0 };
    wcl_reply reply;
    cJSON *json = NULL;
    int folder;
    wcl_container_folder_state how = wcl_container_folder_examine(place, &folder);

    if (how == WCL_CONTAINER_FOLDER_STALE)
        wcl_container_reap_stale(place, folder);
    else if (how == WCL_CONTAINER_FOLDER_LOST && wcl_state_read(folder, &state, NULL) == WCL_OK)
        json = properties_describe(id, &state, NULL);
    else if (how == WCL_CONTAINER_FOLDER_TENDED &&
             wcl_supervisor_call(place, &request, -1, &reply, NULL, NULL) == WCL_OK &&
             reply.state != WCL_STATE_CREATING && wcl_state_read(folder, &state, NULL) == WCL_OK)
        json = properties_describe(id, &state, &reply);
    if (folder >= 0)
        close(folder);
    return json;
}

static wcl_status list_matching(const wcl_container_folder *run,
                                const wcl_compute_system_query *query, cJSON *list,
                                wcl_error *error)
{
    DIR *listing = opendir(run->run_dir);
    const struct dirent *entry;
    wcl_status status = WCL_OK;

    if (!listing)
        return errno == ENOENT ? WCL_OK
                               : wcl_fail_errno(error, errno, "cannot list the containers in '%s'",
                                                run->run_dir);
    while (status == WCL_OK && (status = wcl_listing_next(listing, &entry, error)) == WCL_OK) {
        WCL_CLEANUP_CONTAINER_FOLDER wcl_container_folder place = { 0 };
        if (entry->d_name[0] == '.' || !allows(query->ids, query->id_count, entry->d_name))
            continue;
        status = wcl_container_folder_sibling(run, entry->d_name, &place, error);
        cJSON *properties = status == WCL_OK ? examine(&place, entry->d_name) : NULL;
        if (properties && query_matches(query, properties))
            status = wcl_json_append(list, properties, error);
        else
            cJSON_Delete(properties);
    }
    closedir(listing);
    return status == WCL_FAILED ? WCL_FAILED : WCL_OK;
}

wcl_status wcl_oci_enumerate(const wcl_container_options *options, const char *query,
                             char **systems, wcl_error *error)
{
    WCL_CLEANUP_CONTAINER_FOLDER wcl_container_folder run = { 0 };
    WCL_CLEANUP_JSON cJSON *list = cJSON_CreateArray();
    WCL_CLEANUP_REGION wcl_region region = { .used = 0 };
    wcl_compute_system_query parsed;

    if (!list)
        return wcl_fail_memory(error);
    if (wcl_container_folder_init(&run, options, NULL, error) != WCL_OK ||
        wcl_compute_system_query_parse(query, &region, &parsed, error) != WCL_OK ||
        list_matching(&run, &parsed, list, error) != WCL_OK)
        return WCL_FAILED;
    *systems = wcl_json_print(list);
    return *systems ? WCL_OK : wcl_fail_memory(error);
}
