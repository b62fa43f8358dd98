/* Processes of the portable provider. */
#include "container/oci/system.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json.h"
#include "container/oci/cgroup.h"
#include "container/oci/process_spec.h"

static void close_pipes(int pipes[3])
{
    for (int i = 0; i < 3; i++) {
        if (pipes[i] >= 0)
            close(pipes[i]);
        pipes[i] = -1;
    }
}

void wcl_oci_process_exited(wcl_provider_process *process, const wcl_reply *event)
{
    if (process->exited)
        return;
    process->exited = true;
    process->exit_code = event->exit_code;
    process->wait_error = event->wait_error;
    process->notify.call(process->notify.context, WCL_NOTIFY_PROCESS_EXITED, 0, NULL);
}

/* ---- Making handles ------------------------------------------------------------------------- */

static void begin_opening(wcl_provider_system *system)
{
    pthread_mutex_lock(&system->mutex);
    system->openings++;
    system->users++;
    pthread_mutex_unlock(&system->mutex);
}

static void forget_early_exits(wcl_provider_system *system)
{
    while (system->early_exits) {
        wcl_early_exit *early = system->early_exits;
        system->early_exits = early->next;
        free(early);
    }
}

/* Adds the process, if there is one, to those that events are for, and tells it of what it missed.
 */
static void end_opening(wcl_provider_system *system, wcl_provider_process *process,
                        const wcl_reply *reply)
{
    pthread_mutex_lock(&system->mutex);
    if (process) {
        process->next = system->processes;
        system->processes = process;
        if (reply->exited)
            wcl_oci_process_exited(process, reply);
        for (const wcl_early_exit *early = system->early_exits; early; early = early->next)
            if (early->event.serial == process->serial)
                wcl_oci_process_exited(process, &early->event);
        if (system->lost)
            process->notify.call(process->notify.context, WCL_NOTIFY_SERVICE_DISCONNECT, 0, NULL);
    }
    if (--system->openings == 0)
        forget_early_exits(system);
    pthread_mutex_unlock(&system->mutex);
    if (!process)
        wcl_oci_system_drop(system);
}

static wcl_provider_process *process_new(wcl_provider_system *system, wcl_notify notify,
                                         const wcl_reply *reply)
{
    wcl_provider_process *process = calloc(1, sizeof(*process));

    if (!process)
        return NULL;
    process->system = system;
    process->notify = notify;
    process->pid = (uint32_t)reply->pid;
    process->serial = reply->serial;
    for (int i = 0; i < 3; i++)
        process->pipes[i] = -1;
    return process;
}

/* Puts the descriptors that came with a reply into their places. */
static void place_pipes(const wcl_reply *reply, const int fds[3], int pipes[3])
{
    int next = 0;

    for (int i = 0; i < 3; i++)
        pipes[i] = reply->pipes & (1u << i) ? fds[next++] : -1;
}

/* The process document in a memory file, for the runtime to read. */
static wcl_status open_document(const char *text, int *fd, wcl_error *error)
{
    size_t size = strlen(text);

    *fd = memfd_create("process", MFD_CLOEXEC);
    if (*fd >= 0 && write(*fd, text, size) == (ssize_t)size && lseek(*fd, 0, SEEK_SET) == 0)
        return WCL_OK;
    if (*fd >= 0)
        close(*fd);
    return wcl_fail_memory(error);
}

static wcl_status exec(wcl_provider_system *system, const char *config, wcl_reply *reply,
                       int fds[3], wcl_error *error)
{
    WCL_CLEANUP_FREE char *document = NULL;
    wcl_request request = { .type = WCL_REQUEST_EXEC };
    int fd;

    if (wcl_process_spec(&system->place, config, &document, &request.flags, error) != WCL_OK ||
        open_document(document, &fd, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = wcl_supervisor_call(&system->place, &request, fd, reply, fds, error);
    close(fd);
    return status;
}

wcl_status wcl_oci_create_process(wcl_provider_system *system, const char *config,
                                  wcl_notify notify, wcl_provider_process **process,
                                  wcl_error *error)
{
    int fds[3] = { -1, -1, -1 };
    wcl_reply reply = { 0 };
    wcl_provider_process *made = NULL;

    begin_opening(system);
    wcl_status status = exec(system, config, &reply, fds, error);
    if (status == WCL_OK && !(made = process_new(system, notify, &reply))) {
        close_pipes(fds);
        status = wcl_fail_memory(error);
    }
    if (made) {
        place_pipes(&reply, fds, made->pipes);
        *process = made;
    }
    end_opening(system, made, &reply);
    return status;
}

wcl_status wcl_oci_open_process(wcl_provider_system *system, uint32_t pid, wcl_notify notify,
                                wcl_provider_process **process, wcl_error *error)
{
    const wcl_request status_request = { .type = WCL_REQUEST_STATUS };
    const wcl_request request = { .type = WCL_REQUEST_OPEN, .pid = (int32_t)pid };
    wcl_reply reply = { 0 };
    wcl_provider_process *made = NULL;

    begin_opening(system);
    wcl_status status = wcl_oci_request(system, &status_request, &reply, error);
    /* Only the container's own processes: the host's other pids are none of its business. One that
     * has ended has no place any more, and the supervisor knows whether it was one of them. */
    if (status == WCL_OK &&
        (pid == 0 || pid > INT32_MAX || wcl_cgroup_is_foreign(reply.init_pid, (int32_t)pid)))
        status = wcl_fail(error, WCL_CODE_ELEMENT_NOT_FOUND, "no such process in the container");
    if (status == WCL_OK)
        status = wcl_oci_request(system, &request, &reply, error);
    if (status == WCL_OK && !(made = process_new(system, notify, &reply)))
        status = wcl_fail_memory(error);
    if (made)
        *process = made;
    end_opening(system, made, &reply);
    return status;
}

wcl_status wcl_oci_close_process(wcl_provider_process *process, wcl_error *error)
{
    (void)error;
    wcl_provider_system *system = process->system;

    pthread_mutex_lock(&system->mutex);
    wcl_provider_process **at = &system->processes;
    while (*at != process)
        at = &(*at)->next;
    *at = process->next;
    pthread_mutex_unlock(&system->mutex);
    close_pipes(process->pipes);
    free(process);
    wcl_oci_system_drop(system);
    return WCL_OK;
}

/* ---- What can be done with them ------------------------------------------------------------- */

uint32_t wcl_oci_process_pid(const wcl_provider_process *process)
{
    return process->pid;
}

static wcl_status request_of(wcl_provider_process *process, wcl_request *request, wcl_error *error)
{
    wcl_reply reply;

    request->serial = process->serial;
    return wcl_oci_request(process->system, request, &reply, error);
}

wcl_status wcl_oci_kill_process(wcl_provider_process *process, wcl_error *error)
{
    wcl_request request = { .type = WCL_REQUEST_KILL };
    return request_of(process, &request, error);
}

wcl_status wcl_oci_process_stdio(wcl_provider_process *process, wcl_pipe *in, wcl_pipe *out,
                                 wcl_pipe *err, wcl_error *error)
{
    const wcl_request request = { .type = WCL_REQUEST_STDIO, .serial = process->serial };
    int pipes[3] = { -1, -1, -1 }, fds[3];
    wcl_reply reply;

    pthread_mutex_lock(&process->system->mutex);
    memcpy(pipes, process->pipes, sizeof(pipes));
    for (int i = 0; i < 3; i++)
        process->pipes[i] = -1;
    pthread_mutex_unlock(&process->system->mutex);
    if (pipes[0] < 0 && pipes[1] < 0 && pipes[2] < 0) {
        if (wcl_supervisor_call(&process->system->place, &request, -1, &reply, fds, error) !=
            WCL_OK)
            return WCL_FAILED;
        place_pipes(&reply, fds, pipes);
    }
    *in = pipes[0];
    *out = pipes[1];
    *err = pipes[2];
    return WCL_OK;
}

wcl_status wcl_oci_process_properties(wcl_provider_process *process, char **properties,
                                      wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *json = cJSON_CreateObject();

    pthread_mutex_lock(&process->system->mutex);
    bool filled = json && wcl_json_add_u64(json, "ProcessId", process->pid) &&
                  cJSON_AddBoolToObject(json, "Exited", process->exited) &&
                  wcl_json_add_u64(json, "ExitCode", (uint32_t)process->exit_code) &&
                  wcl_json_add_u64(json, "LastWaitResult", process->wait_error);
    pthread_mutex_unlock(&process->system->mutex);
    if (!filled || !(*properties = wcl_json_print(json)))
        return wcl_fail_memory(error);
    return WCL_OK;
}

static wcl_status resize(wcl_provider_process *process, const cJSON *json, wcl_error *error)
{
    const cJSON *size = cJSON_GetObjectItemCaseSensitive(json, "ConsoleSize");
    wcl_request request = { .type = WCL_REQUEST_RESIZE };
    uint64_t height = 0, width = 0;

    if (wcl_json_get_u64(size, "Height", &height, error) != WCL_OK ||
        wcl_json_get_u64(size, "Width", &width, error) != WCL_OK)
        return WCL_FAILED;
    if (height > UINT16_MAX || width > UINT16_MAX)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "the console's size is over 65535");
    request.height = (uint16_t)height;
    request.width = (uint16_t)width;
    return request_of(process, &request, error);
}

static wcl_status close_handle(wcl_provider_process *process, const cJSON *json, wcl_error *error)
{
    const cJSON *handle = cJSON_GetObjectItemCaseSensitive(json, "CloseHandle");
    wcl_request request = { .type = WCL_REQUEST_CLOSE_STDIN };
    const char *name = "";

    if (wcl_json_get_text(handle, "Handle", &name, error) != WCL_OK)
        return WCL_FAILED;
    if (strcmp(name, "StdIn") != 0)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED, "the handle '%s' cannot be closed", name);
    return request_of(process, &request, error);
}

wcl_status wcl_oci_modify_process(wcl_provider_process *process, const char *settings,
                                  wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *json = NULL;
    const char *operation = "";

    if (wcl_json_parse(settings, strlen(settings), 65536, &json, error) != WCL_OK ||
        wcl_json_get_text(json, "Operation", &operation, error) != WCL_OK)
        return WCL_FAILED;
    if (strcmp(operation, "ConsoleSize") == 0)
        return resize(process, json, error);
    if (strcmp(operation, "CloseHandle") == 0)
        return close_handle(process, json, error);
    return wcl_fail(error, WCL_CODE_NOT_SUPPORTED, "a process cannot be modified by '%s'",
                    operation);
}
