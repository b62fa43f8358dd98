/* HNSCall of vmcompute.dll, and network compartments. */
#include "platform/windows/vmcompute_private.h"

typedef int32_t(WINAPI *hns_function)(const wchar_t *method, const wchar_t *path,
                                      const wchar_t *request, wchar_t **response);
typedef int32_t(WINAPI *compartment_function)(uint32_t compartment);

static wcl_late hns_call = WCL_VMCOMPUTE("HNSCall");

bool wcl_vm_has_hns_call(void)
{
    return wcl_late_find(&hns_call, NULL) != NULL;
}

wcl_status wcl_vm_hns_call(const char *method, const char *path, const char *request,
                           char **response, wcl_error *error)
{
    WCL_CLEANUP_FREE wchar_t *wide_method = NULL;
    WCL_CLEANUP_FREE wchar_t *wide_path = NULL;
    WCL_CLEANUP_FREE wchar_t *wide_request = NULL;
    hns_function function = (hns_function)wcl_late_find(&hns_call, error);
    wchar_t *answer = NULL;

    *response = NULL;
    if (!function)
        return WCL_FAILED;
    wide_method = wcl_wide_of(method, error);
    wide_path = wcl_wide_of(path, error);
    wide_request = wcl_wide_of(request, error);
    if (!wide_method || !wide_path || !wide_request)
        return WCL_FAILED;
    int32_t hresult = function(wide_method, wide_path, wide_request, &answer);
    return wcl_hcs_answered(hresult, hns_call.name, answer, response, NULL, NULL, error);
}

wcl_status wcl_vm_set_thread_compartment(uint32_t compartment, wcl_error *error)
{
    static wcl_late late = { "iphlpapi.dll", "SetCurrentThreadCompartmentId", NULL };
    compartment_function function = (compartment_function)wcl_late_find(&late, error);

    if (!function)
        return WCL_FAILED;
    /* Unlike the others it answers with a Win32 error code, which is positive. */
    int32_t answer = function(compartment);
    if (answer > 0)
        return wcl_fail_win32(error, (uint32_t)answer, "%s failed", late.name);
    return wcl_check_hresult(answer, late.name, error);
}
