/* Giving back what a container had. */
#include "container/oci/teardown.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "base/json.h"
#include "container/oci/network.h"
#include "container/oci/protocol.h"
#include "container/oci/root.h"
#include "container/oci/state.h"
#include "platform/linux/run.h"

#define COMPLAINT_LIMIT (64 * 1024)

/* Removes what goes with the container, once it is not in use. */
static wcl_status remove_own(const char *path, const wcl_state *state, wcl_error *error)
{
    const cJSON *endpoints = cJSON_GetObjectItemCaseSensitive(state->config, "EndpointList");
    bool with_layer = false, with_endpoints = false;
    wcl_status status = WCL_OK;

    if (wcl_json_get_bool(state->config, "RemoveLayerOnExit", &with_layer, error) != WCL_OK ||
        wcl_json_get_bool(state->config, "RemoveEndpointsOnExit", &with_endpoints, error) != WCL_OK)
        return WCL_FAILED;
    if (with_endpoints && state->network_dir &&
        wcl_network_remove_endpoints(path, state->network_dir, endpoints, error) != WCL_OK)
        status = WCL_FAILED;
    if (with_layer && state->layer && wcl_root_remove(state->home, state->layer, error) != WCL_OK)
        status = WCL_FAILED;
    return status;
}

static wcl_status give_back(const char *path, int folder, bool ended, wcl_error *error)
{
    WCL_CLEANUP_STATE wcl_state state = { 0 };
    wcl_error own = WCL_ERROR_INIT;
    wcl_status status = WCL_OK;

    if (wcl_root_detach(folder, path, error) != WCL_OK)
        return WCL_FAILED;
    /* A folder without a record was left before anything else was taken. */
    if (wcl_state_read(folder, &state, &own) != WCL_OK)
        return WCL_OK;
    if (state.has_namespace &&
        wcl_network_unprepare(path, state.network_dir, state.id, error) != WCL_OK)
        status = WCL_FAILED;
    if (state.layer && wcl_root_unprepare(state.home, state.layer, error) != WCL_OK)
        status = WCL_FAILED;
    return status == WCL_OK && ended ? remove_own(path, &state, error) : status;
}

wcl_status wcl_container_teardown(const char *path, bool ended, wcl_error *error)
{
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (folder < 0)
        return WCL_OK;
    /* What could not be given back stays on record: terminating the container tries again. */
    wcl_status status = give_back(path, folder, ended, error);
    if (status == WCL_OK)
        status = wcl_beneath_remove_tree(AT_FDCWD, path, error);
    close(folder);
    return status;
}

/* ---- After a supervisor was lost ------------------------------------------------------------ */

wcl_status wcl_container_teardown_lost(const char *path, wcl_error *error)
{
    WCL_CLEANUP_STATE wcl_state state = { 0 };
    WCL_CLEANUP_BUFFER wcl_buffer root = WCL_BUFFER_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer complaints = WCL_BUFFER_INIT;
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (folder < 0)
        return wcl_fail_errno(error, errno, "cannot open the folder '%s'", path);
    wcl_status status = wcl_state_read(folder, &state, error);
    close(folder);
    if (status != WCL_OK ||
        wcl_buffer_printf(&root, error, "%s/%s", path, WCL_SUPERVISOR_RUNTIME_ROOT) != WCL_OK)
        return WCL_FAILED;
    const char *const arguments[] = { state.runtime, "--root",  wcl_buffer_text(&root),
                                      "delete",      "--force", state.id,
                                      NULL };
    const wcl_command command = { .arguments = arguments,
                                  .kept = STDERR_FILENO,
                                  .limit = COMPLAINT_LIMIT };
    int exit_code;
    if (wcl_command_run(&command, &complaints, &exit_code, error) != WCL_OK)
        return wcl_error_context(error, NULL, "the OCI runtime");
    /* What is left of it where its end is not known is found out below. */
    if (exit_code != 0 && exit_code != WCL_SPAWN_UNKNOWN)
        return wcl_fail(error, WCL_CODE_GEN_FAILURE, "the OCI runtime '%s' failed: %s",
                        state.runtime, wcl_buffer_text(&complaints));
    return wcl_container_teardown(path, true, error);
}
