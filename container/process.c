/* Processes: hcsshim's operations on the provider's processes. */
#include "container/container_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/options.h"
#include "container/process_config.h"

/* A process status is small. */
#define STATUS_LIMIT 65536

struct wcl_process {
    char subject[160]; /* what errors say it is: the container's id and the pid */
    uint32_t pid;
    const wcl_container_provider *provider;
    wcl_provider_process *process;
    wcl_handle handle;
    wcl_notifier notifier;
};

static wcl_process *process_new(const wcl_container *container, wcl_error *error)
{
    wcl_process *process = calloc(1, sizeof(*process));

    if (!process) {
        wcl_fail_memory(error);
        return NULL;
    }
    process->provider = container->provider;
    if (wcl_handle_init(&process->handle, error) != WCL_OK) {
        free(process);
        return NULL;
    }
    if (wcl_notifier_init(&process->notifier, error) != WCL_OK) {
        wcl_handle_destroy(&process->handle);
        free(process);
        return NULL;
    }
    return process;
}

/* Keeps a process that the provider gave, or frees the handle when it gave none. */
static wcl_status process_made(wcl_container *container, wcl_process *made, wcl_status status,
                               wcl_process **process)
{
    wcl_handle_leave(&container->handle);
    if (status != WCL_OK) {
        wcl_process_free(made);
        return WCL_FAILED;
    }
    made->pid = made->provider->process_pid(made->process);
    snprintf(made->subject, sizeof(made->subject), "%s:%u", container->id, made->pid);
    *process = made;
    return WCL_OK;
}

wcl_status wcl_process_create_json(wcl_container *container, const char *config,
                                   wcl_process **process, wcl_error *error)
{
    const char *operation = "create process in container";
    wcl_process *made = process_new(container, error);

    *process = NULL;
    if (!made)
        return wcl_error_context(error, operation, container->id);
    if (wcl_handle_enter(&container->handle, error) != WCL_OK) {
        wcl_process_free(made);
        return wcl_error_context(error, operation, container->id);
    }
    wcl_notify notify = { wcl_notifier_receive, &made->notifier };
    wcl_status status = container->provider->create_process(container->system, wcl_text(config),
                                                            notify, &made->process, error);
    if (process_made(container, made, status, process) != WCL_OK)
        return wcl_error_context(error, operation, container->id);
    return WCL_OK;
}

wcl_status wcl_process_create(wcl_container *container, const wcl_process_config *config,
                              wcl_process **process, wcl_error *error)
{
    wcl_process_config own = WCL_PROCESS_CONFIG_INIT;
    WCL_CLEANUP_FREE char *json = NULL;

    *process = NULL;
    if (WCL_TAKE(wcl_process_config, &own, config, __func__, error) != WCL_OK)
        return wcl_error_context(error, "create process in container", container->id);
    if (own.ends_container && !container->provider->has_own_fields) {
        wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                 "EndsContainer is refused: the '%s' container provider cannot do this",
                 container->provider->name);
        return wcl_error_context(error, "create process in container", container->id);
    }
    if (wcl_process_config_print(&own, &json, error) != WCL_OK)
        return wcl_error_context(error, "create process in container", container->id);
    return wcl_process_create_json(container, json, process, error);
}

wcl_status wcl_process_open(wcl_container *container, uint32_t pid, wcl_process **process,
                            wcl_error *error)
{
    char subject[160];
    wcl_process *made = process_new(container, error);

    *process = NULL;
    snprintf(subject, sizeof(subject), "%s:%u", container->id, pid);
    if (!made)
        return wcl_error_context(error, "open process", subject);
    if (wcl_handle_enter(&container->handle, error) != WCL_OK) {
        wcl_process_free(made);
        return wcl_error_context(error, "open process", subject);
    }
    wcl_notify notify = { wcl_notifier_receive, &made->notifier };
    wcl_status status =
        container->provider->open_process(container->system, pid, notify, &made->process, error);
    if (process_made(container, made, status, process) != WCL_OK)
        return wcl_error_context(error, "open process", subject);
    return WCL_OK;
}

uint32_t wcl_process_pid(const wcl_process *process)
{
    return process->pid;
}

/* Ends a call that was begun with wcl_handle_enter(). */
static wcl_status leave(wcl_process *process, wcl_status status, const char *operation,
                        wcl_error *error)
{
    wcl_handle_leave(&process->handle);
    return status == WCL_FAILED ? wcl_error_context(error, operation, process->subject) : status;
}

static wcl_status enter(wcl_process *process, const char *operation, wcl_error *error)
{
    if (wcl_handle_enter(&process->handle, error) != WCL_OK)
        return wcl_error_context(error, operation, process->subject);
    return WCL_OK;
}

wcl_status wcl_process_kill(wcl_process *process, wcl_error *error)
{
    wcl_error own = WCL_ERROR_INIT;

    if (enter(process, "kill process", error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = process->provider->kill_process(process->process, &own);
    return leave(process, wcl_container_result(status, &own, error), "kill process", error);
}

wcl_status wcl_process_wait_timeout(wcl_process *process, uint32_t milliseconds, wcl_error *error)
{
    if (enter(process, "wait for process", error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status =
        wcl_notifier_wait(&process->notifier, WCL_NOTIFY_PROCESS_EXITED, 0, milliseconds, error);
    return leave(process, status, "wait for process", error);
}

wcl_status wcl_process_wait(wcl_process *process, wcl_error *error)
{
    return wcl_process_wait_timeout(process, WCL_TIMEOUT_INFINITE, error);
}

wcl_status wcl_process_waitable(wcl_process *process, wcl_waitable *waitable, wcl_error *error)
{
    *waitable = WCL_WAITABLE_NONE;
    if (enter(process, "wait for process", error) != WCL_OK)
        return WCL_FAILED;
    return leave(
        process,
        wcl_notifier_waitable(&process->notifier, WCL_NOTIFY_PROCESS_EXITED, waitable, error),
        "wait for process", error);
}

/* Reads the exit code out of a process status. */
static wcl_status exit_code_of(const char *properties, int32_t *code, wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *json = NULL;
    bool exited = false;
    uint64_t exit_code = 0;
    int64_t wait_result = 0; /* may be an HRESULT, which is negative */

    if (wcl_json_parse(properties, strlen(properties), STATUS_LIMIT, &json, error) != WCL_OK ||
        wcl_json_get_bool(json, "Exited", &exited, error) != WCL_OK ||
        wcl_json_get_u64(json, "ExitCode", &exit_code, error) != WCL_OK ||
        wcl_json_get_i64(json, "LastWaitResult", &wait_result, error) != WCL_OK)
        return WCL_FAILED;
    if (!exited)
        return wcl_fail(error, WCL_CODE_INVALID_PROCESS_STATE, "the process has not ended yet");
    if (wait_result != 0)
        return wcl_fail(error, (uint32_t)wait_result, "the exit code of the process is not known");
    *code = (int32_t)(uint32_t)exit_code;
    return WCL_OK;
}

wcl_status wcl_process_exit_code(wcl_process *process, int32_t *code, wcl_error *error)
{
    WCL_CLEANUP_FREE char *properties = NULL;

    *code = WCL_WAIT_ERR_EXEC_FAILED;
    if (enter(process, "get exit code of process", error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = process->provider->process_properties(process->process, &properties, error);
    if (status == WCL_OK)
        status = exit_code_of(properties, code, error);
    return leave(process, status, "get exit code of process", error);
}

wcl_status wcl_process_resize_console(wcl_process *process, uint16_t width, uint16_t height,
                                      wcl_error *error)
{
    char settings[128];

    if (enter(process, "resize console of process", error) != WCL_OK)
        return WCL_FAILED;
    snprintf(settings, sizeof(settings),
             "{\"Operation\":\"ConsoleSize\",\"ConsoleSize\":{\"Height\":%u,\"Width\":%u}}", height,
             width);
    return leave(process, process->provider->modify_process(process->process, settings, error),
                 "resize console of process", error);
}

wcl_status wcl_process_close_stdin(wcl_process *process, wcl_error *error)
{
    static const char settings[] =
        "{\"Operation\":\"CloseHandle\",\"CloseHandle\":{\"Handle\":\"StdIn\"}}";

    if (enter(process, "close stdin of process", error) != WCL_OK)
        return WCL_FAILED;
    return leave(process, process->provider->modify_process(process->process, settings, error),
                 "close stdin of process", error);
}

wcl_status wcl_process_stdio(wcl_process *process, wcl_pipe *in, wcl_pipe *out, wcl_pipe *err,
                             wcl_error *error)
{
    *in = *out = *err = WCL_PIPE_NONE;
    if (enter(process, "get stdio of process", error) != WCL_OK)
        return WCL_FAILED;
    return leave(process, process->provider->process_stdio(process->process, in, out, err, error),
                 "get stdio of process", error);
}

wcl_status wcl_process_close(wcl_process *process, wcl_error *error)
{
    wcl_status status = WCL_OK;

    if (!wcl_handle_close(&process->handle))
        return WCL_OK;
    wcl_notifier_close(&process->notifier);
    wcl_handle_wait_idle(&process->handle);
    if (process->process)
        status = process->provider->close_process(process->process, error);
    process->process = NULL;
    return status == WCL_OK ? WCL_OK : wcl_error_context(error, "close process", process->subject);
}

void wcl_process_free(wcl_process *process)
{
    if (!process)
        return;
    wcl_process_close(process, NULL);
    wcl_notifier_destroy(&process->notifier);
    wcl_handle_destroy(&process->handle);
    free(process);
}
