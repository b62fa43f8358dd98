/* Processes of the portable provider. */
#include "container/oci/system.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "base/json.h"
#include "container/oci/cgroup.h"
#include "container/oci/process_spec.h"

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

static wcl_provider_process *process_new(wcl_provider_system *system, wcl_notify notify)
{
    wcl_provider_process *process = calloc(1, sizeof(*process));

    if (!process)
        return NULL;
    process->system = system;
    process->notify = notify;
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

/* How the process stands by the supervisor's answer, or without one. The mutex is held. */
static void take_answer(wcl_provider_process *process, wcl_status status, const wcl_reply *reply,
                        const wcl_error *error)
{
    const wcl_reply unknown = { .wait_error = WCL_CODE_UNEXPECTED_VALUE };

    if (status == WCL_OK && reply->exited)
        wcl_oci_process_exited(process, reply);
    else if (status != WCL_OK && error->code == WCL_CODE_ELEMENT_NOT_FOUND)
        wcl_oci_process_exited(process, &unknown);
    else if (status != WCL_OK)
        process->notify.call(process->notify.context, WCL_NOTIFY_SERVICE_DISCONNECT, 0, NULL);
}

/*
 * Adds the process to those that events are for, and then asks how it stands: whatever became of it
 * before was told to handles that were there before.
 */
static void begin_hearing(wcl_provider_process *process, int fd)
{
    const wcl_supervisor_request request = { .type = WCL_REQUEST_DESCRIBE,
                                             .serial = process->serial };
    wcl_provider_system *system = process->system;
    wcl_error error = WCL_ERROR_INIT;
    wcl_reply reply = { 0 };

    pthread_mutex_lock(&system->mutex);
    process->next = system->processes;
    system->processes = process;
    pthread_mutex_unlock(&system->mutex);
    wcl_status status = wcl_supervisor_ask(&system->place, fd, &request, -1, &reply, NULL, &error);
    pthread_mutex_lock(&system->mutex);
    take_answer(process, status, &reply, &error);
    pthread_mutex_unlock(&system->mutex);
}

/* The process of that serial, or the first after it, whose end has not been heard of. */
static wcl_provider_process *find_running(wcl_provider_system *system, uint64_t serial)
{
    wcl_provider_process *found = NULL;

    for (wcl_provider_process *process = system->processes; process; process = process->next)
        if (!process->exited && process->serial >= serial &&
            (!found || process->serial < found->serial))
            found = process;
    return found;
}

void wcl_oci_processes_ask_anew(wcl_provider_system *system)
{
    wcl_supervisor_request request = { .type = WCL_REQUEST_DESCRIBE };

    for (;; request.serial++) {
        wcl_error error = WCL_ERROR_INIT;
        wcl_reply reply = { 0 };
        pthread_mutex_lock(&system->mutex);
        const wcl_provider_process *next = find_running(system, request.serial);
        if (next)
            request.serial = next->serial;
        pthread_mutex_unlock(&system->mutex);
        if (!next)
            return;
        wcl_status status = wcl_oci_request(system, &request, &reply, &error);
        pthread_mutex_lock(&system->mutex);
        for (wcl_provider_process *process = system->processes; process; process = process->next)
            if (process->serial == request.serial)
                take_answer(process, status, &reply, &error);
        pthread_mutex_unlock(&system->mutex);
    }
}

/* Makes the handle of the process that the supervisor answers the request with. */
static wcl_status make_handle(wcl_provider_system *system, const wcl_supervisor_request *request,
                              int attached, wcl_notify notify, wcl_provider_process **process,
                              wcl_error *error)
{
    WCL_CLEANUP_FD int fd = -1;
    int fds[3] = { -1, -1, -1 };
    wcl_reply reply = { 0 };
    wcl_provider_process *made = process_new(system, notify);

    if (!made)
        return wcl_fail_memory(error);
    if (wcl_supervisor_connect(&system->place, &fd, error) != WCL_OK ||
        wcl_supervisor_ask(&system->place, fd, request, attached, &reply, fds, error) != WCL_OK) {
        free(made);
        return WCL_FAILED;
    }
    made->pid = (uint32_t)reply.pid;
    made->serial = reply.serial;
    place_pipes(&reply, fds, made->pipes);
    wcl_oci_system_keep(system);
    *process = made;
    begin_hearing(made, fd);
    return WCL_OK;
}

/* The process document in a memory file, for the runtime to read. */
static wcl_status open_document(const char *text, int *fd, wcl_error *error)
{
    size_t size = strlen(text);

    *fd = memfd_create("process", MFD_CLOEXEC);
    if (*fd >= 0 && write(*fd, text, size) == (ssize_t)size && lseek(*fd, 0, SEEK_SET) == 0)
        return WCL_OK;
    int number = errno;
    if (*fd >= 0)
        close(*fd);
    return wcl_fail_errno(error, number, "cannot make a memory file for the process document");
}

wcl_status wcl_oci_create_process(wcl_provider_system *system, const char *config,
                                  wcl_notify notify, wcl_provider_process **process,
                                  wcl_error *error)
{
    WCL_CLEANUP_FREE char *document = NULL;
    wcl_supervisor_request request = { .type = WCL_REQUEST_EXEC };
    int fd;

    if (wcl_process_spec(&system->place, config, &document, &request.flags, error) != WCL_OK ||
        open_document(document, &fd, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = make_handle(system, &request, fd, notify, process, error);
    close(fd);
    return status;
}

wcl_status wcl_oci_open_process(wcl_provider_system *system, uint32_t pid, wcl_notify notify,
                                wcl_provider_process **process, wcl_error *error)
{
    const wcl_supervisor_request status_request = { .type = WCL_REQUEST_STATUS };
    const wcl_supervisor_request request = { .type = WCL_REQUEST_OPEN, .pid = (int32_t)pid };
    wcl_reply reply = { 0 };

    if (wcl_oci_request(system, &status_request, &reply, error) != WCL_OK)
        return WCL_FAILED;
    /* Only the container's own processes: the host's other pids are none of its business. One that
     * has ended has no place any more, and the supervisor knows whether it was one of them. */
    if (pid == 0 || pid > INT32_MAX || wcl_cgroup_is_foreign(reply.init_pid, (int32_t)pid))
        return wcl_fail(error, WCL_CODE_ELEMENT_NOT_FOUND, "no such process in the container");
    return make_handle(system, &request, -1, notify, process, error);
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
    wcl_pipes_close(process->pipes);
    free(process);
    wcl_oci_system_drop(system);
    return WCL_OK;
}

/* ---- What can be done with them ------------------------------------------------------------- */

uint32_t wcl_oci_process_pid(const wcl_provider_process *process)
{
    return process->pid;
}

static wcl_status request_of(wcl_provider_process *process, wcl_supervisor_request *request,
                             wcl_error *error)
{
    wcl_reply reply;

    request->serial = process->serial;
    return wcl_oci_request(process->system, request, &reply, error);
}

wcl_status wcl_oci_kill_process(wcl_provider_process *process, wcl_error *error)
{
    wcl_supervisor_request request = { .type = WCL_REQUEST_KILL };
    return request_of(process, &request, error);
}

wcl_status wcl_oci_process_stdio(wcl_provider_process *process, wcl_pipe *in, wcl_pipe *out,
                                 wcl_pipe *err, wcl_error *error)
{
    const wcl_supervisor_request request = { .type = WCL_REQUEST_STDIO, .serial = process->serial };
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
    wcl_supervisor_request request = { .type = WCL_REQUEST_RESIZE };
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
    wcl_supervisor_request request = { .type = WCL_REQUEST_CLOSE_STDIN };
    const char *name = "";

    if (wcl_json_get_text(handle, "Handle", &name, error) != WCL_OK)
        return WCL_FAILED;
    if (strcmp(name, "StdIn") != 0)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED, "cannot close the handle '%s'", name);
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
    return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                    "the operation '%s' on a process is not supported", operation);
}
