/* What is on record about a container. */
#include "container/oci/state.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"

wcl_status wcl_state_read(int folder, wcl_state *state, wcl_error *error)
{
    memset(state, 0, sizeof(*state));
    if (wcl_container_folder_read_json(folder, WCL_CONTAINER_FOLDER_STATE, &state->json, error) !=
        WCL_OK)
        return WCL_FAILED;
    const cJSON *json = state->json;
    if (wcl_json_get_text(json, "Id", &state->id, error) != WCL_OK ||
        wcl_json_get_text(json, "Created", &state->created, error) != WCL_OK ||
        wcl_json_get_text(json, "Runtime", &state->runtime, error) != WCL_OK ||
        wcl_json_get_text(json, "Cgroup", &state->cgroup, error) != WCL_OK ||
        wcl_json_get_text(json, "Root", &state->root, error) != WCL_OK ||
        wcl_json_get_text(json, "Home", &state->home, error) != WCL_OK ||
        wcl_json_get_text(json, "Layer", &state->layer, error) != WCL_OK ||
        wcl_json_get_text(json, "NetworkDir", &state->network_dir, error) != WCL_OK ||
        wcl_json_get_bool(json, "NetworkNamespace", &state->has_namespace, error) != WCL_OK) {
        wcl_state_free(state);
        return WCL_FAILED;
    }
    state->config = cJSON_GetObjectItemCaseSensitive(json, "Config");
    return WCL_OK;
}

void wcl_state_free(wcl_state *state)
{
    cJSON_Delete(state->json);
    memset(state, 0, sizeof(*state));
}

static bool add_text(cJSON *json, const char *name, const char *text)
{
    return !text || wcl_json_add_text(json, name, text);
}

wcl_status wcl_state_write(int folder, const wcl_state *state, const char *config, wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *json = cJSON_CreateObject();
    WCL_CLEANUP_FREE char *text = NULL;

    if (!json || !add_text(json, "Id", state->id) || !add_text(json, "Created", state->created) ||
        !add_text(json, "Runtime", state->runtime) || !add_text(json, "Cgroup", state->cgroup) ||
        !add_text(json, "Root", state->root) || !add_text(json, "Home", state->home) ||
        !add_text(json, "Layer", state->layer) ||
        !add_text(json, "NetworkDir", state->network_dir) ||
        !cJSON_AddBoolToObject(json, "NetworkNamespace", state->has_namespace) ||
        !cJSON_AddRawToObject(json, "Config", config) || !(text = wcl_json_print(json)))
        return wcl_fail_memory(error);
    return wcl_container_folder_write(folder, WCL_CONTAINER_FOLDER_STATE, text, error);
}
