/* Compute systems of Windows, through vmcompute.dll. */
#include "container/vmcompute/system.h"

#include <stdlib.h>

#include "base/error.h"

/* What hcsshim sends where nothing in particular is asked for. */
#define ANY_QUERY "{}"
#define NO_OPTIONS ""

/* ---- Handles -------------------------------------------------------------------------------- */

static wcl_status system_new(wcl_hcs_system handle, wcl_notify notify, wcl_provider_system **system,
                             wcl_error *error)
{
    wcl_provider_system *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    made->handle = handle;
    if (wcl_vm_callback_of_system(handle, notify, &made->callback, error) != WCL_OK) {
        free(made);
        return WCL_FAILED;
    }
    *system = made;
    return WCL_OK;
}

wcl_status wcl_vm_container_create(const wcl_container_options *options, const char *id,
                                   const char *config, wcl_notify notify,
                                   wcl_provider_system **system, wcl_error *error)
{
    wcl_error own = WCL_ERROR_INIT;
    wcl_hcs_system handle = NULL;

    (void)options;
    if (!config)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "there is no configuration");
    wcl_status status = wcl_hcs_create_system(id, config, NULL, &handle, NULL, &own);
    if ((status == WCL_OK || wcl_error_is_pending(&own)) &&
        system_new(handle, notify, system, error) != WCL_OK) {
        /* Nobody would hear of it any more. */
        wcl_hcs_terminate_system(handle, NO_OPTIONS, NULL, NULL);
        wcl_hcs_close_system(handle, NULL);
        return WCL_FAILED;
    }
    if (status != WCL_OK && error)
        *error = own;
    return status;
}

wcl_status wcl_vm_container_open(const wcl_container_options *options, const char *id,
                                 wcl_notify notify, wcl_provider_system **system, wcl_error *error)
{
    wcl_hcs_system handle;

    (void)options;
    if (wcl_hcs_open_system(id, &handle, NULL, error) != WCL_OK)
        return WCL_FAILED;
    if (system_new(handle, notify, system, error) == WCL_OK)
        return WCL_OK;
    wcl_hcs_close_system(handle, NULL);
    return WCL_FAILED;
}

wcl_status wcl_vm_container_close(wcl_provider_system *system, wcl_error *error)
{
    wcl_status ended = wcl_vm_callback_end(system->callback, error);
    wcl_status closed = wcl_hcs_close_system(system->handle, ended == WCL_OK ? error : NULL);

    free(system);
    return ended == WCL_OK ? closed : ended;
}

/* ---- Changes of state ----------------------------------------------------------------------- */

wcl_status wcl_vm_container_start(wcl_provider_system *system, wcl_error *error)
{
    return wcl_hcs_start_system(system->handle, NO_OPTIONS, NULL, error);
}

wcl_status wcl_vm_container_shutdown(wcl_provider_system *system, wcl_error *error)
{
    return wcl_hcs_shutdown_system(system->handle, NO_OPTIONS, NULL, error);
}

wcl_status wcl_vm_container_terminate(wcl_provider_system *system, wcl_error *error)
{
    return wcl_hcs_terminate_system(system->handle, NO_OPTIONS, NULL, error);
}

wcl_status wcl_vm_container_pause(wcl_provider_system *system, wcl_error *error)
{
    return wcl_hcs_pause_system(system->handle, NO_OPTIONS, NULL, error);
}

wcl_status wcl_vm_container_resume(wcl_provider_system *system, wcl_error *error)
{
    return wcl_hcs_resume_system(system->handle, NO_OPTIONS, NULL, error);
}

/* ---- Properties and settings ---------------------------------------------------------------- */

/* A success without the document that was asked for is none. */
static wcl_status check_document(wcl_status status, const char *document, wcl_error *error)
{
    if (status != WCL_OK || document)
        return status;
    return wcl_fail(error, WCL_CODE_UNEXPECTED_VALUE,
                    "the compute service gave no document in its answer");
}

wcl_status wcl_vm_container_enumerate(const wcl_container_options *options, const char *query,
                                      char **systems, wcl_error *error)
{
    (void)options;
    *systems = NULL;
    wcl_status status = wcl_hcs_enumerate_systems(query ? query : ANY_QUERY, systems, NULL, error);
    return check_document(status, *systems, error);
}

wcl_status wcl_vm_container_properties(wcl_provider_system *system, const char *query,
                                       char **properties, wcl_error *error)
{
    *properties = NULL;
    wcl_status status = wcl_hcs_system_properties(system->handle, query ? query : ANY_QUERY,
                                                  properties, NULL, error);
    return check_document(status, *properties, error);
}

wcl_status wcl_vm_container_modify(wcl_provider_system *system, const char *settings,
                                   wcl_error *error)
{
    return wcl_hcs_modify_system(system->handle, settings ? settings : "", NULL, error);
}

wcl_status wcl_vm_service_properties(const wcl_container_options *options, const char *query,
                                     char **properties, wcl_error *error)
{
    (void)options;
    *properties = NULL;
    wcl_status status =
        wcl_hcs_service_properties(query ? query : ANY_QUERY, properties, NULL, error);
    return check_document(status, *properties, error);
}

wcl_status wcl_vm_service_modify(const wcl_container_options *options, const char *settings,
                                 wcl_error *error)
{
    (void)options;
    return wcl_hcs_modify_service_settings(settings ? settings : "", NULL, error);
}
