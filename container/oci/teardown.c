/* Giving back what a container had. */
#include "container/oci/teardown.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/listing.h"
#include "base/json.h"
#include "container/oci/client.h"
#include "container/oci/network.h"
#include "container/oci/root.h"
#include "container/oci/state.h"
#include "platform/linux/mounts.h"

extern char **environ;

/* How deep a runtime's own folder may be. */
#define DEPTH 16

/* Removes all that is in a folder; mounts and what lies behind links are left alone. Fails where
 * what is in it cannot be listed. */
static wcl_status empty_folder(int folder, dev_t device, int depth, wcl_error *error)
{
    int copy = dup(folder);
    DIR *listing = copy >= 0 ? fdopendir(copy) : NULL;
    const struct dirent *entry;
    wcl_status status;
    struct stat info;

    if (!listing) {
        wcl_fail_errno(error, errno, "cannot list the folder");
        if (copy >= 0)
            close(copy);
        return WCL_FAILED;
    }
    rewinddir(listing);
    while ((status = wcl_listing_next(listing, &entry, error)) == WCL_OK) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (unlinkat(folder, entry->d_name, 0) == 0 || depth == 0)
            continue;
        int inner = openat(folder, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (inner < 0)
            continue;
        if (fstat(inner, &info) == 0 && info.st_dev == device &&
            !wcl_kernel_mount_is_mounted(folder, entry->d_name))
            status = empty_folder(inner, device, depth - 1, error);
        close(inner);
        if (status != WCL_OK)
            break;
        unlinkat(folder, entry->d_name, AT_REMOVEDIR);
    }
    closedir(listing);
    return status == WCL_FAILED ? WCL_FAILED : WCL_OK;
}

static wcl_status remove_folder(const char *path, int folder, wcl_error *error)
{
    struct stat info;

    if (fstat(folder, &info) == 0 && empty_folder(folder, info.st_dev, DEPTH, error) != WCL_OK)
        return WCL_FAILED;
    if (rmdir(path) < 0 && errno != ENOENT)
        return wcl_fail_errno(error, errno, "the folder '%s' cannot be removed", path);
    return WCL_OK;
}

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
        status = remove_folder(path, folder, error);
    close(folder);
    return status;
}

/* ---- After a supervisor was lost ------------------------------------------------------------ */

/* Runs a command and gives what it wrote to its standard error. */
static wcl_status run_command(const char *const *arguments, char *message, size_t size,
                              wcl_error *error)
{
    posix_spawn_file_actions_t actions;
    int ends[2], status = 0;
    size_t used = 0;
    pid_t pid;

    message[0] = '\0';
    if (pipe2(ends, O_CLOEXEC) < 0 || posix_spawn_file_actions_init(&actions) != 0)
        return wcl_fail_memory(error);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
    int failed = posix_spawnp(&pid, arguments[0], &actions, NULL,
                              (char *const *)(uintptr_t)arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    for (ssize_t got; !failed && used < size - 1; used += (size_t)got)
        if ((got = read(ends[0], message + used, size - 1 - used)) <= 0)
            break;
    message[used] = '\0';
    close(ends[0]);
    if (failed)
        return wcl_fail(error, WCL_CODE_GEN_FAILURE, "cannot run the OCI runtime '%s': %s",
                        arguments[0], strerror(failed));
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return status == 0 ? WCL_OK
                       : wcl_fail(error, WCL_CODE_GEN_FAILURE, "the OCI runtime '%s' failed: %s",
                                  arguments[0], message);
}

wcl_status wcl_container_teardown_lost(const char *path, wcl_error *error)
{
    WCL_CLEANUP_STATE wcl_state state = { 0 };
    WCL_CLEANUP_BUFFER wcl_buffer root = WCL_BUFFER_INIT;
    char message[512];
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (folder < 0)
        return wcl_fail_errno(error, errno, "the folder '%s' cannot be opened", path);
    wcl_status status = wcl_state_read(folder, &state, error);
    close(folder);
    if (status != WCL_OK ||
        wcl_buffer_printf(&root, error, "%s/%s", path, WCL_SUPERVISOR_RUNTIME_ROOT) != WCL_OK)
        return WCL_FAILED;
    const char *const arguments[] = { state.runtime, "--root",  wcl_buffer_text(&root),
                                      "delete",      "--force", state.id,
                                      NULL };
    if (run_command(arguments, message, sizeof(message), error) != WCL_OK)
        return WCL_FAILED;
    return wcl_container_teardown(path, true, error);
}
