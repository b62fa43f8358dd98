/* vmcompute.dll's functions for the processes of compute systems. */
#include "platform/windows/vmcompute_private.h"

typedef int32_t(WINAPI *create_function)(void *system, const wchar_t *parameters,
                                         wcl_hcs_process_information *information, void **process,
                                         wchar_t **result);
typedef int32_t(WINAPI *open_function)(void *system, uint32_t pid, void **process,
                                       wchar_t **result);
typedef int32_t(WINAPI *info_function)(void *process, wcl_hcs_process_information *information,
                                       wchar_t **result);
typedef int32_t(WINAPI *properties_function)(void *process, wchar_t **properties, wchar_t **result);

wcl_status wcl_hcs_create_process(wcl_hcs_system system, const char *parameters,
                                  wcl_hcs_process_information *information,
                                  wcl_hcs_process *process, char **result, wcl_error *error)
{
    static wcl_late late = WCL_VMCOMPUTE("HcsCreateProcess");
    WCL_CLEANUP_FREE wchar_t *wide = NULL;
    create_function function = (create_function)wcl_late_find(&late, error);
    wchar_t *document = NULL;

    *process = NULL;
    *information = (wcl_hcs_process_information) { 0 };
    if (!function)
        return WCL_FAILED;
    wide = wcl_wide_of(parameters, error);
    if (!wide)
        return WCL_FAILED;
    int32_t hresult = function(system, wide, information, process, &document);
    return wcl_hcs_ended(hresult, late.name, document, result, error);
}

wcl_status wcl_hcs_open_process(wcl_hcs_system system, uint32_t pid, wcl_hcs_process *process,
                                char **result, wcl_error *error)
{
    static wcl_late late = WCL_VMCOMPUTE("HcsOpenProcess");
    open_function function = (open_function)wcl_late_find(&late, error);
    wchar_t *document = NULL;

    *process = NULL;
    if (!function)
        return WCL_FAILED;
    int32_t hresult = function(system, pid, process, &document);
    return wcl_hcs_ended(hresult, late.name, document, result, error);
}

wcl_status wcl_hcs_close_process(wcl_hcs_process process, wcl_error *error)
{
    static wcl_late late = WCL_VMCOMPUTE("HcsCloseProcess");
    return wcl_hcs_close(&late, process, error);
}

wcl_status wcl_hcs_terminate_process(wcl_hcs_process process, char **result, wcl_error *error)
{
    static wcl_late late = WCL_VMCOMPUTE("HcsTerminateProcess");
    return wcl_hcs_call(&late, process, result, error);
}

wcl_status wcl_hcs_process_info(wcl_hcs_process process, wcl_hcs_process_information *information,
                                char **result, wcl_error *error)
{
    static wcl_late late = WCL_VMCOMPUTE("HcsGetProcessInfo");
    info_function function = (info_function)wcl_late_find(&late, error);
    wchar_t *document = NULL;

    *information = (wcl_hcs_process_information) { 0 };
    if (!function)
        return WCL_FAILED;
    int32_t hresult = function(process, information, &document);
    return wcl_hcs_ended(hresult, late.name, document, result, error);
}

wcl_status wcl_hcs_process_properties(wcl_hcs_process process, char **properties, char **result,
                                      wcl_error *error)
{
    static wcl_late late = WCL_VMCOMPUTE("HcsGetProcessProperties");
    properties_function function = (properties_function)wcl_late_find(&late, error);
    wchar_t *answer = NULL, *document = NULL;

    if (!function)
        return WCL_FAILED;
    int32_t hresult = function(process, &answer, &document);
    return wcl_hcs_answered(hresult, late.name, answer, properties, document, result, error);
}

wcl_status wcl_hcs_modify_process(wcl_hcs_process process, const char *settings, char **result,
                                  wcl_error *error)
{
    static wcl_late late = WCL_VMCOMPUTE("HcsModifyProcess");
    return wcl_hcs_call_with(&late, process, settings, result, error);
}

wcl_status wcl_hcs_register_process_callback(wcl_hcs_process process, wcl_hcs_notify notify,
                                             void *context, wcl_hcs_callback *callback,
                                             wcl_error *error)
{
    static wcl_late late = WCL_VMCOMPUTE("HcsRegisterProcessCallback");
    return wcl_hcs_register(&late, process, notify, context, callback, error);
}

wcl_status wcl_hcs_unregister_process_callback(wcl_hcs_callback callback, wcl_error *error)
{
    static wcl_late late = WCL_VMCOMPUTE("HcsUnregisterProcessCallback");
    return wcl_hcs_close(&late, callback, error);
}
