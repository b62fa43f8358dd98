/* The recorder's functions for compute systems, processes and networks. What the service would say
 * is what the test scripted; the text of an answer is what the call is to give where it succeeds
 * and gives something, and beside it there is then an empty document; else it is the result. */
#include "systems.h"

#include "handles.h"

#define HRESULT_PENDING ((int32_t)0xC0370103)

static bool gives_handle(int32_t hresult)
{
    return hresult >= 0 || hresult == HRESULT_PENDING;
}

/* A call of (handle, text). */
static int32_t handle_call(const char *function, void *handle, const char *name,
                           const wchar_t *text, wchar_t **result)
{
    call call;

    call_begin(&call, function);
    call_number(&call, "handle", hcs_number(handle));
    if (name)
        call_text(&call, name, text);
    int32_t hresult = call_end(&call, result);
    if (gives_handle(hresult))
        hcs_follow(function, handle);
    return hresult;
}

/* The text of an answer is what was asked for, or what is wrong. */
static int32_t place_answer(int32_t hresult, wchar_t *text, wchar_t **asked, wchar_t **result)
{
    *(hresult >= 0 ? asked : result) = text;
    if (hresult >= 0 && text)
        *result = block_of(L"{}");
    return hresult;
}

/* A call of (handle, text) that gives a text. */
static int32_t ask_handle(const char *function, void *handle, const char *name,
                          const wchar_t *query, wchar_t **asked, wchar_t **result)
{
    wchar_t *text = NULL;
    int32_t hresult = handle_call(function, handle, name, query, &text);

    return place_answer(hresult, text, asked, result);
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

int32_t WINAPI HcsEnumerateComputeSystems(const wchar_t *query, wchar_t **systems, wchar_t **result)
{
    wchar_t *text = NULL;
    int32_t hresult = text_call("HcsEnumerateComputeSystems", "query", query, &text);

    return place_answer(hresult, text, systems, result);
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
    if (gives_handle(hresult)) {
        *system = hcs_open();
        hcs_follow("HcsCreateComputeSystem", *system);
    }
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
    return ask_handle("HcsGetComputeSystemProperties", system, "query", query, properties, result);
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
    call call;

    call_begin(&call, function);
    call_number(&call, "handle", hcs_number_of_callback(callback));
    int32_t hresult = call_end(&call, NULL);
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

/* The pid and the pipes of every process; no pipes but those that the test gives. */
static process_information information_of_process = { 4321, 0, NULL, NULL, NULL };

void systems_set_process(uint32_t pid, void *in, void *out, void *err)
{
    information_of_process = (process_information) { pid, 0, in, out, err };
}

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
    return ask_handle("HcsGetProcessProperties", process, NULL, NULL, properties, result);
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
    wchar_t *text = NULL;
    int32_t hresult = text_call("HcsGetServiceProperties", "query", query, &text);

    return place_answer(hresult, text, properties, result);
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
