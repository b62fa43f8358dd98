/* What is on record about a container. */
#include "container/oci/state.h"

#include <fcntl.h>
#include <stddef.h>
#include <string.h>

#include "base/beneath.h"
#include "base/error.h"
#include "base/json_fields.h"

#define TEXT(json, member)                                                                         \
    {                                                                                              \
        .name = (json), .type = WCL_JSON_TEXT, .offset = offsetof(wcl_state, member)               \
    }

static const wcl_json_field fields[] = {
    TEXT("Id", id),
    TEXT("Created", created),
    TEXT("Runtime", runtime),
    TEXT("Cgroup", cgroup),
    TEXT("Root", root),
    TEXT("Home", home),
    TEXT("Layer", layer),
    TEXT("NetworkDir", network_dir),
    { .name = "NetworkNamespace",
      .type = WCL_JSON_BOOL,
      .keep_empty = true,
      .offset = offsetof(wcl_state, has_namespace) },
};
static const wcl_json_table table = { .what = "a container's record",
                                      .unknown = WCL_JSON_SKIP_UNKNOWN,
                                      WCL_JSON_FIELDS(fields) };

wcl_status wcl_state_read(int folder, wcl_state *state, wcl_error *error)
{
    memset(state, 0, sizeof(*state));
    if (wcl_container_folder_read_json(folder, WCL_CONTAINER_FOLDER_STATE, &state->json, error) !=
            WCL_OK ||
        wcl_json_read(&table, state->json, &state->region, state, error) != WCL_OK) {
        wcl_state_free(state);
        return WCL_FAILED;
    }
    state->config = cJSON_GetObjectItemCaseSensitive(state->json, "Config");
    return WCL_OK;
}

wcl_status wcl_state_read_of(const wcl_container_folder *place, wcl_state *state, wcl_error *error)
{
    WCL_CLEANUP_FD int folder = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (folder < 0)
        return wcl_fail(error, WCL_CODE_HCS_NOT_EXIST, "there is no container of this id");
    return wcl_state_read(folder, state, error);
}

void wcl_state_free(wcl_state *state)
{
    wcl_region_free(&state->region);
    cJSON_Delete(state->json);
    memset(state, 0, sizeof(*state));
}

wcl_status wcl_state_write(int folder, const wcl_state *state, const char *config, wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *json = cJSON_CreateObject();
    WCL_CLEANUP_FREE char *text = NULL;

    if (!json || wcl_json_write(&table, state, json, error) != WCL_OK ||
        !cJSON_AddRawToObject(json, "Config", config) || !(text = wcl_json_print(json)))
        return wcl_fail_memory(error);
    return wcl_container_folder_write(folder, WCL_CONTAINER_FOLDER_STATE, text, error);
}
