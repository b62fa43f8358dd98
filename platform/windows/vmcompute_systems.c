/* vmcompute.dll's functions for compute systems and for the service itself. */
#include "platform/windows/vmcompute_private.h"

typedef int32_t(WINAPI *query_function)(const wchar_t *query, wchar_t **answer, wchar_t **result);
typedef int32_t(WINAPI *create_function)(const wchar_t *id, const wchar_t *configuration,
                                         void *identity, void **system, wchar_t **result);
typedef int32_t(WINAPI *open_function)(const wchar_t *id, void **system, wchar_t **result);
typedef int32_t(WINAPI *properties_function)(void *system, const wchar_t *query,
                                             wchar_t **properties, wchar_t **result);
typedef int32_t(WINAPI *settings_function)(const wchar_t *settings, wchar_t **result);

/* A function of (query, answer, result); the query may be NULL. */
static wcl_status call_query(wcl_late *late, const char *query, char **text, char **result,
                             wcl_error *error)
{
    WCL_CLEANUP_FREE wchar_t *wide = NULL;
    query_function function = (query_function)wcl_late_find(late, error);
    wchar_t *answer = NULL, *document = NULL;

    if (!function)
        return WCL_FAILED;
    wide = query ? wcl_wide_of(query, error) : NULL;
    if (query && !wide)
        return WCL_FAILED;
    int32_t hresult = function(wide, &answer, &document);
    return wcl_hcs_answered(hresult, late->name, answer, text, document, result, error);
}

wcl_status wcl_hcs_enumerate_systems(const char *query, char **systems, char **result,
                                     wcl_error *error)
{
    static wcl_late late = WCL_VMCOMPUTE("HcsEnumerateComputeSystems");
    return call_query(&late, query, systems, result, error);
}

wcl_status wcl_hcs_service_properties(const char *query, char **properties, char **result,
                                      wcl_error *error)
{
    static wcl_late late = WCL_VMCOMPUTE("HcsGetServiceProperties");
    return call_query(&late, query, properties, result, error);
}

wcl_status wcl_hcs_create_system(const char *id, const char *configuration, void *identity,
                                 wcl_hcs_system *system, char **result, wcl_error *error)
{
    static wcl_late late = WCL_VMCOMPUTE("HcsCreateComputeSystem");
    WCL_CLEANUP_FREE wchar_t *wide_id = NULL;
    WCL_CLEANUP_FREE wchar_t *wide_configuration = NULL;
    create_function function = (create_function)wcl_late_find(&late, error);
    wchar_t *document = NULL;

    *system = NULL;
    if (!function)
        return WCL_FAILED;
    wide_id = wcl_wide_of(id, error);
    wide_configuration = wcl_wide_of(configuration, error);
    if (!wide_id || !wide_configuration)
        return WCL_FAILED;
    int32_t hresult = function(wide_id, wide_configuration, identity, system, &document);
    return wcl_hcs_ended(hresult, late.name, document, result, error);
}

wcl_status wcl_hcs_open_system(const char *id, wcl_hcs_system *system, char **result,
                               wcl_error *error)
{
    static wcl_late late = WCL_VMCOMPUTE("HcsOpenComputeSystem");
    WCL_CLEANUP_FREE wchar_t *wide = NULL;
    open_function function = (open_function)wcl_late_find(&late, error);
    wchar_t *document = NULL;

    *system = NULL;
    if (!function)
        return WCL_FAILED;
    wide = wcl_wide_of(id, error);
    if (!wide)
        return WCL_FAILED;
    int32_t hresult = function(wide, system, &document);
    return wcl_hcs_ended(hresult, late.name, document, result, error);
}

wcl_status wcl_hcs_close_system(wcl_hcs_system system, wcl_error *error)
{
    static wcl_late late = WCL_VMCOMPUTE("HcsCloseComputeSystem");
    return wcl_hcs_close(&late, system, error);
}

wcl_status wcl_hcs_start_system(wcl_hcs_system system, const char *options, char **result,
                                wcl_error *error)
{
    static wcl_late late = WCL_VMCOMPUTE("HcsStartComputeSystem");
    return wcl_hcs_call_with(&late, system, options, result, error);
}

wcl_status wcl_hcs_shutdown_system(wcl_hcs_system system, const char *options, char **result,
                                   wcl_error *error)
{
    static wcl_late late = WCL_VMCOMPUTE("HcsShutdownComputeSystem");
    return wcl_hcs_call_with(&late, system, options, result, error);
}

wcl_status wcl_hcs_terminate_system(wcl_hcs_system system, const char *options, char **result,
                                    wcl_error *error)
{
    static wcl_late late = WCL_VMCOMPUTE("HcsTerminateComputeSystem");
    return wcl_hcs_call_with(&late, system, options, result, error);
}

wcl_status wcl_hcs_pause_system(wcl_hcs_system system, const char *options, char **result,
                                wcl_error *error)
{
    static wcl_late late = WCL_VMCOMPUTE("HcsPauseComputeSystem");
    return wcl_hcs_call_with(&late, system, options, result, error);
}

wcl_status wcl_hcs_resume_system(wcl_hcs_system system, const char *options, char **result,
                                 wcl_error *error)
{
    static wcl_late late = WCL_VMCOMPUTE("HcsResumeComputeSystem");
    return wcl_hcs_call_with(&late, system, options, result, error);
}

wcl_status wcl_hcs_system_properties(wcl_hcs_system system, const char *query, char **properties,
                                     char **result, wcl_error *error)
{
    static wcl_late late = WCL_VMCOMPUTE("HcsGetComputeSystemProperties");
    WCL_CLEANUP_FREE wchar_t *wide = NULL;
    properties_function function = (properties_function)wcl_late_find(&late, error);
    wchar_t *answer = NULL, *document = NULL;

    if (!function)
        return WCL_FAILED;
    wide = wcl_wide_of(query, error);
    if (!wide)
        return WCL_FAILED;
    int32_t hresult = function(system, wide, &answer, &document);
    return wcl_hcs_answered(hresult, late.name, answer, properties, document, result, error);
}

wcl_status wcl_hcs_modify_system(wcl_hcs_system system, const char *configuration, char **result,
                                 wcl_error *error)
{
    static wcl_late late = WCL_VMCOMPUTE("HcsModifyComputeSystem");
    return wcl_hcs_call_with(&late, system, configuration, result, error);
}

wcl_status wcl_hcs_register_system_callback(wcl_hcs_system system, wcl_hcs_notify notify,
                                            void *context, wcl_hcs_callback *callback,
                                            wcl_error *error)
{
    static wcl_late late = WCL_VMCOMPUTE("HcsRegisterComputeSystemCallback");
    return wcl_hcs_register(&late, system, notify, context, callback, error);
}

wcl_status wcl_hcs_unregister_system_callback(wcl_hcs_callback callback, wcl_error *error)
{
    static wcl_late late = WCL_VMCOMPUTE("HcsUnregisterComputeSystemCallback");
    return wcl_hcs_close(&late, callback, error);
}

wcl_status wcl_hcs_modify_service_settings(const char *settings, char **result, wcl_error *error)
{
    static wcl_late late = WCL_VMCOMPUTE("HcsModifyServiceSettings");
    WCL_CLEANUP_FREE wchar_t *wide = NULL;
    settings_function function = (settings_function)wcl_late_find(&late, error);
    wchar_t *document = NULL;

    if (!function)
        return WCL_FAILED;
    wide = wcl_wide_of(settings, error);
    if (!wide)
        return WCL_FAILED;
    int32_t hresult = function(wide, &document);
    return wcl_hcs_ended(hresult, late.name, document, result, error);
}
