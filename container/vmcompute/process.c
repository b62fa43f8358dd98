/* Processes in compute systems of Windows, through vmcompute.dll. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "base/buffer.h"
#include "base/error.h"
#include "container/vmcompute/parameters.h"
#include "container/vmcompute/system.h"

struct wcl_provider_process {
    wcl_hcs_process handle;
    wcl_vm_callback *callback;
    uint32_t pid;
    pthread_mutex_t mutex; /* for the pipes */
    bool has_pipes;        /* those that came with the creation, for the first who asks */
    HANDLE pipes[3];
};

/* ---- Handles -------------------------------------------------------------------------------- */

static void close_pipes(HANDLE pipes[3])
{
    for (int i = 0; i < 3; i++)
        if (pipes[i])
            CloseHandle(pipes[i]);
}

static void take_pipes(const wcl_hcs_process_information *information, HANDLE pipes[3])
{
    pipes[0] = information->standard_input;
    pipes[1] = information->standard_output;
    pipes[2] = information->standard_error;
}

static void process_free(wcl_provider_process *process)
{
    if (process->has_pipes)
        close_pipes(process->pipes);
    pthread_mutex_destroy(&process->mutex);
    free(process);
}

static wcl_status process_new(wcl_hcs_process handle, uint32_t pid, wcl_notify notify,
                              wcl_provider_process **process, wcl_error *error)
{
    wcl_provider_process *made = calloc(1, sizeof(*made));

    if (!made || pthread_mutex_init(&made->mutex, NULL) != 0) {
        free(made);
        return wcl_fail_memory(error);
    }
    made->handle = handle;
    made->pid = pid;
    if (wcl_vm_callback_of_process(handle, notify, &made->callback, error) != WCL_OK) {
        process_free(made);
        return WCL_FAILED;
    }
    *process = made;
    return WCL_OK;
}

wcl_status wcl_vm_process_create(wcl_provider_system *system, const char *config, wcl_notify notify,
                                 wcl_provider_process **process, wcl_error *error)
{
    WCL_CLEANUP_FREE char *parameters = NULL;
    wcl_hcs_process_information information = { 0 };
    wcl_hcs_process handle;
    HANDLE pipes[3];

    if (wcl_vm_process_parameters(config, &parameters, error) != WCL_OK ||
        wcl_hcs_create_process(system->handle, parameters, &information, &handle, NULL, error) !=
            WCL_OK)
        return WCL_FAILED;
    take_pipes(&information, pipes);
    if (process_new(handle, information.pid, notify, process, error) != WCL_OK) {
        /* A creation that fails leaves no process that nobody has a handle of. */
        wcl_hcs_terminate_process(handle, NULL, NULL);
        wcl_hcs_close_process(handle, NULL);
        close_pipes(pipes);
        return WCL_FAILED;
    }
    memcpy((*process)->pipes, pipes, sizeof(pipes));
    (*process)->has_pipes = true;
    return WCL_OK;
}

wcl_status wcl_vm_process_open(wcl_provider_system *system, uint32_t pid, wcl_notify notify,
                               wcl_provider_process **process, wcl_error *error)
{
    wcl_hcs_process handle;

    if (wcl_hcs_open_process(system->handle, pid, &handle, NULL, error) != WCL_OK)
        return WCL_FAILED;
    if (process_new(handle, pid, notify, process, error) == WCL_OK)
        return WCL_OK;
    wcl_hcs_close_process(handle, NULL);
    return WCL_FAILED;
}

wcl_status wcl_vm_process_close(wcl_provider_process *process, wcl_error *error)
{
    wcl_status ended = wcl_vm_callback_end(process->callback, error);
    wcl_status closed = wcl_hcs_close_process(process->handle, ended == WCL_OK ? error : NULL);

    process_free(process);
    return ended == WCL_OK ? closed : ended;
}

/* ---- What can be done with them ------------------------------------------------------------- */

uint32_t wcl_vm_process_pid(const wcl_provider_process *process)
{
    return process->pid;
}

wcl_status wcl_vm_process_kill(wcl_provider_process *process, wcl_error *error)
{
    return wcl_hcs_terminate_process(process->handle, NULL, error);
}

/* The pipes of the creation, once; false when they were given away before or there never were any.
 */
static bool take_own_pipes(wcl_provider_process *process, HANDLE pipes[3])
{
    pthread_mutex_lock(&process->mutex);
    bool taken = process->has_pipes;
    memcpy(pipes, process->pipes, sizeof(process->pipes));
    process->has_pipes = false;
    pthread_mutex_unlock(&process->mutex);
    return taken;
}

static wcl_pipe pipe_of(HANDLE handle)
{
    return handle ? (wcl_pipe)handle : WCL_PIPE_NONE;
}

wcl_status wcl_vm_process_stdio(wcl_provider_process *process, wcl_pipe *in, wcl_pipe *out,
                                wcl_pipe *err, wcl_error *error)
{
    wcl_hcs_process_information information = { 0 };
    HANDLE pipes[3];

    if (!take_own_pipes(process, pipes)) {
        if (wcl_hcs_process_info(process->handle, &information, NULL, error) != WCL_OK)
            return WCL_FAILED;
        take_pipes(&information, pipes);
    }
    *in = pipe_of(pipes[0]);
    *out = pipe_of(pipes[1]);
    *err = pipe_of(pipes[2]);
    return WCL_OK;
}

wcl_status wcl_vm_process_properties(wcl_provider_process *process, char **properties,
                                     wcl_error *error)
{
    *properties = NULL;
    if (wcl_hcs_process_properties(process->handle, properties, NULL, error) != WCL_OK)
        return WCL_FAILED;
    return *properties ? WCL_OK
                       : wcl_fail(error, WCL_CODE_UNEXPECTED_VALUE,
                                  "the compute service gave no properties of the process");
}

wcl_status wcl_vm_process_modify(wcl_provider_process *process, const char *settings,
                                 wcl_error *error)
{
    return wcl_hcs_modify_process(process->handle, settings, NULL, error);
}
