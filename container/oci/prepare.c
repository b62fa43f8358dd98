/* Making a container's folder. */
#include "container/oci/prepare.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "container/oci/bundle.h"
#include "container/oci/network.h"
#include "container/oci/root.h"
#include "container/oci/state.h"
#include "container/timestamp.h"

/* Containers of the usual run folder are below /wcl; others are told apart by its path's hash. */
static wcl_status cgroup_of(const wcl_container_folder *place, const char *id, char **cgroup,
                            wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;
    uint32_t hash = 2166136261u;

    for (const char *at = place->run_dir; *at; at++)
        hash = (hash ^ (uint8_t)*at) * 16777619u;
    wcl_status status = strcmp(place->run_dir, "/run/wcl/containers") == 0
                            ? wcl_buffer_printf(&text, error, "/wcl/%s", id)
                            : wcl_buffer_printf(&text, error, "/wcl/%08x-%s", hash, id);
    if (status != WCL_OK)
        return WCL_FAILED;
    *cgroup = wcl_buffer_detach(&text, NULL, error);
    return *cgroup ? WCL_OK : WCL_FAILED;
}

/* Prepares the layer, which is on record first, so that a creator that is killed leaves no mount
 * that nobody knows of. */
static wcl_status prepare_root(const wcl_container_folder *place,
                               const wcl_container_config *config, wcl_root *root, wcl_state *state,
                               int folder, const char *text, wcl_error *error)
{
    state->home = root->home;
    state->layer = root->layer;
    if (root->layer && wcl_state_write(folder, state, text, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_root_prepare(config, root, error) == WCL_OK) {
        if (wcl_root_attach(root, folder, place->path, error) != WCL_OK)
            return WCL_FAILED;
        state->root = root->path;
        return WCL_OK;
    }
    state->home = NULL;
    state->layer = NULL;
    if (root->layer)
        wcl_state_write(folder, state, text, NULL);
    return WCL_FAILED;
}

static wcl_status write_bundle(const wcl_container_config *config, const wcl_root *root,
                               const wcl_state *state, const wcl_network *network, int folder,
                               wcl_error *error)
{
    WCL_CLEANUP_FREE char *json = NULL;
    const wcl_oci_bundle bundle = { .config = config,
                                    .id = state->id,
                                    .root = root->path,
                                    .storage = root->storage,
                                    .cgroup = state->cgroup,
                                    .network_namespace = network->path,
                                    .resolv_conf = network->resolv_conf };

    if (wcl_oci_bundle_print(&bundle, &json, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_container_folder_write(folder, WCL_CONTAINER_FOLDER_BUNDLE, json, error);
}

static wcl_status prepare_run(const wcl_container_folder *place, const wcl_container_config *config,
                              wcl_state *state, int folder, const char *text, wcl_error *error)
{
    WCL_CLEANUP_ROOT wcl_root root = { 0 };
    WCL_CLEANUP_CONTAINER_NETWORK wcl_network network = { 0 };

    wcl_status status = wcl_root_resolve(config, &root, error);
    if (status == WCL_OK)
        status = prepare_root(place, config, &root, state, folder, text, error);
    if (status == WCL_OK && config->endpoint_count > 0) {
        state->has_namespace = true;
        status = wcl_state_write(folder, state, text, error);
    }
    if (status == WCL_OK)
        status = wcl_network_prepare(place, config, state->id, folder, &network, error);
    if (status == WCL_OK)
        status = wcl_state_write(folder, state, text, error);
    if (status == WCL_OK)
        status = write_bundle(config, &root, state, &network, folder, error);
    return status;
}

/* Looks for the runtime as the supervisor will, so that its absence is known before it is needed.
 */
static wcl_status find_runtime(const char *runtime, wcl_error *error)
{
    WCL_CLEANUP_FREE char *folders = strdup(getenv("PATH") ? getenv("PATH") : "/usr/bin:/bin");
    char path[PATH_MAX], *save = NULL;
    bool found = strchr(runtime, '/') && access(runtime, X_OK) == 0;

    if (!folders)
        return wcl_fail_memory(error);
    if (!strchr(runtime, '/'))
        for (char *folder = strtok_r(folders, ":", &save); folder && !found;
             folder = strtok_r(NULL, ":", &save))
            found = snprintf(path, sizeof(path), "%s/%s", folder, runtime) < PATH_MAX &&
                    access(path, X_OK) == 0;
    if (found)
        return WCL_OK;
    return wcl_fail(error, WCL_CODE_GEN_FAILURE,
                    "the OCI runtime '%s' is not there: install runc, or name another with "
                    "WCL_RUNTIME",
                    runtime);
}

wcl_status wcl_container_prepare(const wcl_container_folder *place, const char *id, int folder,
                                 const char *config, wcl_error *error)
{
    WCL_CLEANUP_CONTAINER_CONFIG wcl_parsed_config parsed = { 0 };
    WCL_CLEANUP_FREE char *cgroup = NULL;
    char created[WCL_TIMESTAMP_SIZE];
    struct timespec now;

    if (wcl_container_config_parse(config, &parsed, error) != WCL_OK ||
        wcl_container_check(&parsed.config, error) != WCL_OK ||
        find_runtime(place->runtime, error) != WCL_OK ||
        cgroup_of(place, id, &cgroup, error) != WCL_OK)
        return WCL_FAILED;
    clock_gettime(CLOCK_REALTIME, &now);
    wcl_timestamp_format(now, created);
    wcl_state state = { .id = id,
                        .created = created,
                        .runtime = place->runtime,
                        .cgroup = cgroup,
                        .network_dir = place->network_dir };
    return prepare_run(place, &parsed.config, &state, folder, config, error);
}
