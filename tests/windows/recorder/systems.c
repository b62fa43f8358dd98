/* The recorder's functions for compute systems, processes and networks. What the service would say
 * is what the test scripted; the text of an answer is the properties where a call gives some, else
 * the result. */
#include "systems.h"

#include "handles.h"

#define HRESULT_PENDING ((int32_t)0xC0370103)

/* A call of (handle, text). */
static int32_t handle_call(const char *function, void *handle, const char *name,
                           const wchar_t *text, wchar_t **result)
{
    call call;

    call_begin(&call, function);
    call_number(&call, "handle", hcs_number(handle));
    if (name)
        call_text(&call, name, text);
    return call_end(&call, result);
}

/* A call of one text. */
static int32_t text_call(const char *function, const char *name, const wchar_t *text,
                         wchar_t **result)
{
    call call;

    call_begin(&call, function);
    call_text(&call, name, text);
    return call_end(&call, result);
}

static bool gives_handle(int32_t hresult)
{
    return hresult >= 0 || hresult == HRESULT_PENDING;
}

int32_t WINAPI HcsEnumerateComputeSystems(const wchar_t *query, wchar_t **systems, wchar_t **result)
{
    (void)result;
    return text_call("HcsEnumerateComputeSystems", "query", query, systems);
}

int32_t WINAPI HcsCreateComputeSystem(const wchar_t *id, const wchar_t *configuration,
                                      void *identity, void **system, wchar_t **result)
{
    call call;

    call_begin(&call, "HcsCreateComputeSystem");
    call_text(&call, "id", id);
    call_text(&call, "configuration", configuration);
    call_number(&call, "identity", (uint64_t)(uintptr_t)identity);
    int32_t hresult = call_end(&call, result);
    if (gives_handle(hresult))
        *system = hcs_open();
    return hresult;
}

int32_t WINAPI HcsOpenComputeSystem(const wchar_t *id, void **system, wchar_t **result)
{
    int32_t hresult = text_call("HcsOpenComputeSystem", "id", id, result);

    if (hresult >= 0)
        *system = hcs_open();
    return hresult;
}

int32_t WINAPI HcsCloseComputeSystem(void *system)
{
    int32_t hresult = handle_call("HcsCloseComputeSystem", system, NULL, NULL, NULL);

    hcs_close(system);
    return hresult;
}

int32_t WINAPI HcsStartComputeSystem(void *system, const wchar_t *options, wchar_t **result)
{
    return handle_call("HcsStartComputeSystem", system, "options", options, result);
}

int32_t WINAPI HcsShutdownComputeSystem(void *system, const wchar_t *options, wchar_t **result)
{
    return handle_call("HcsShutdownComputeSystem", system, "options", options, result);
}

int32_t WINAPI HcsTerminateComputeSystem(void *system, const wchar_t *options, wchar_t **result)
{
    return handle_call("HcsTerminateComputeSystem", system, "options", options, result);
}

int32_t WINAPI HcsPauseComputeSystem(void *system, const wchar_t *options, wchar_t **result)
{
    return handle_call("HcsPauseComputeSystem", system, "options", options, result);
}

int32_t WINAPI HcsResumeComputeSystem(void *system, const wchar_t *options, wchar_t **result)
{
    return handle_call("HcsResumeComputeSystem", system, "options", options, result);
}

int32_t WINAPI HcsGetComputeSystemProperties(void *system, const wchar_t *query,
                                             wchar_t **properties, wchar_t **result)
{
    (void)result;
    return handle_call("HcsGetComputeSystemProperties", system, "query", query, properties);
}

int32_t WINAPI HcsModifyComputeSystem(void *system, const wchar_t *configuration, wchar_t **result)
{
    return handle_call("HcsModifyComputeSystem", system, "configuration", configuration, result);
}

/* Logs and answers a registration, and does it. */
static int32_t register_call(const char *function, void *handle, notify_function notify,
                             void *context, void **callback)
{
    int32_t hresult = handle_call(function, handle, NULL, NULL, NULL);

    if (hresult >= 0)
        *callback = hcs_register(handle, notify, context);
    return hresult;
}

static int32_t unregister_call(const char *function, void *callback)
{
    int32_t hresult = handle_call(function, NULL, NULL, NULL, NULL);

    hcs_unregister(callback);
    return hresult;
}

int32_t WINAPI HcsRegisterComputeSystemCallback(void *system, notify_function notify, void *context,
                                                void **callback)
{
    return register_call("HcsRegisterComputeSystemCallback", system, notify, context, callback);
}

int32_t WINAPI HcsUnregisterComputeSystemCallback(void *callback)
{
    return unregister_call("HcsUnregisterComputeSystemCallback", callback);
}

/* The pid of every process; its three pipes are numbers that show which is which. */
static const process_information information_of_process = { 4321, 0, (void *)(uintptr_t)0x111,
                                                            (void *)(uintptr_t)0x222,
                                                            (void *)(uintptr_t)0x333 };

int32_t WINAPI HcsCreateProcess(void *system, const wchar_t *parameters,
                                process_information *information, void **process, wchar_t **result)
{
    int32_t hresult = handle_call("HcsCreateProcess", system, "parameters", parameters, result);

    if (hresult >= 0) {
        *information = information_of_process;
        *process = hcs_open();
    }
    return hresult;
}

int32_t WINAPI HcsOpenProcess(void *system, uint32_t pid, void **process, wchar_t **result)
{
    call call;

    call_begin(&call, "HcsOpenProcess");
    call_number(&call, "handle", hcs_number(system));
    call_number(&call, "pid", pid);
    int32_t hresult = call_end(&call, result);
    if (hresult >= 0)
        *process = hcs_open();
    return hresult;
}

int32_t WINAPI HcsCloseProcess(void *process)
{
    int32_t hresult = handle_call("HcsCloseProcess", process, NULL, NULL, NULL);

    hcs_close(process);
    return hresult;
}

int32_t WINAPI HcsTerminateProcess(void *process, wchar_t **result)
{
    return handle_call("HcsTerminateProcess", process, NULL, NULL, result);
}

int32_t WINAPI HcsGetProcessInfo(void *process, process_information *information, wchar_t **result)
{
    int32_t hresult = handle_call("HcsGetProcessInfo", process, NULL, NULL, result);

    if (hresult >= 0)
        *information = information_of_process;
    return hresult;
}

int32_t WINAPI HcsGetProcessProperties(void *process, wchar_t **properties, wchar_t **result)
{
    (void)result;
    return handle_call("HcsGetProcessProperties", process, NULL, NULL, properties);
}

int32_t WINAPI HcsModifyProcess(void *process, const wchar_t *settings, wchar_t **result)
{
    return handle_call("HcsModifyProcess", process, "settings", settings, result);
}

int32_t WINAPI HcsRegisterProcessCallback(void *process, notify_function notify, void *context,
                                          void **callback)
{
    return register_call("HcsRegisterProcessCallback", process, notify, context, callback);
}

int32_t WINAPI HcsUnregisterProcessCallback(void *callback)
{
    return unregister_call("HcsUnregisterProcessCallback", callback);
}

int32_t WINAPI HcsGetServiceProperties(const wchar_t *query, wchar_t **properties, wchar_t **result)
{
    (void)result;
    return text_call("HcsGetServiceProperties", "query", query, properties);
}

int32_t WINAPI HcsModifyServiceSettings(const wchar_t *settings, wchar_t **result)
{
    return text_call("HcsModifyServiceSettings", "settings", settings, result);
}

int32_t WINAPI HNSCall(const wchar_t *method, const wchar_t *path, const wchar_t *request,
                       wchar_t **response)
{
    call call;

    call_begin(&call, "HNSCall");
    call_text(&call, "method", method);
    call_text(&call, "path", path);
    call_text(&call, "request", request);
    return call_end(&call, response);
}
