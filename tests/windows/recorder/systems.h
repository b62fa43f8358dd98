/* The recorder's compute systems, processes and callbacks, and the exports for them. */
#ifndef WCL_TESTS_RECORDER_SYSTEMS_H
#define WCL_TESTS_RECORDER_SYSTEMS_H

#include "record.h"

/* HcsProcessInformation: 32 bytes. */
typedef struct process_information {
    uint32_t pid;
    uint32_t reserved;
    void *standard_input;
    void *standard_output;
    void *standard_error;
} process_information;

_Static_assert(sizeof(process_information) == 32 &&
                   offsetof(process_information, standard_input) == 8 &&
                   offsetof(process_information, standard_error) == 24,
               "HcsProcessInformation");

typedef void(CALLBACK *notify_function)(uint32_t type, void *context, int32_t status,
                                        const wchar_t *data);

/* Calls every callback of that system or process from a thread of its own; returns at once. */
void systems_notify(void *handle, uint32_t type, int32_t status, const wchar_t *data);
void systems_tell(void *handle, uint32_t type, int32_t status, const wchar_t *data);
/* As follow(), settle(), misuses() and set_process() of recorder.h. */
void systems_follow(const char *function, uint32_t type, int32_t status, const wchar_t *data,
                    uint32_t milliseconds);
void systems_settle(void);
size_t systems_misuses(void);
void systems_set_process(uint32_t pid, void *in, void *out, void *err);
/* The system or process that was opened last and is not closed; NULL for none. */
void *systems_last(void);
void systems_reset(void);

int32_t WINAPI HcsEnumerateComputeSystems(const wchar_t *query, wchar_t **systems,
                                          wchar_t **result);
int32_t WINAPI HcsCreateComputeSystem(const wchar_t *id, const wchar_t *configuration,
                                      void *identity, void **system, wchar_t **result);
int32_t WINAPI HcsOpenComputeSystem(const wchar_t *id, void **system, wchar_t **result);
int32_t WINAPI HcsCloseComputeSystem(void *system);
int32_t WINAPI HcsStartComputeSystem(void *system, const wchar_t *options, wchar_t **result);
int32_t WINAPI HcsShutdownComputeSystem(void *system, const wchar_t *options, wchar_t **result);
int32_t WINAPI HcsTerminateComputeSystem(void *system, const wchar_t *options, wchar_t **result);
int32_t WINAPI HcsPauseComputeSystem(void *system, const wchar_t *options, wchar_t **result);
int32_t WINAPI HcsResumeComputeSystem(void *system, const wchar_t *options, wchar_t **result);
int32_t WINAPI HcsGetComputeSystemProperties(void *system, const wchar_t *query,
                                             wchar_t **properties, wchar_t **result);
int32_t WINAPI HcsModifyComputeSystem(void *system, const wchar_t *configuration, wchar_t **result);
int32_t WINAPI HcsRegisterComputeSystemCallback(void *system, notify_function notify, void *context,
                                                void **callback);
int32_t WINAPI HcsUnregisterComputeSystemCallback(void *callback);
int32_t WINAPI HcsCreateProcess(void *system, const wchar_t *parameters,
                                process_information *information, void **process, wchar_t **result);
int32_t WINAPI HcsOpenProcess(void *system, uint32_t pid, void **process, wchar_t **result);
int32_t WINAPI HcsCloseProcess(void *process);
int32_t WINAPI HcsTerminateProcess(void *process, wchar_t **result);
int32_t WINAPI HcsGetProcessInfo(void *process, process_information *information, wchar_t **result);
int32_t WINAPI HcsGetProcessProperties(void *process, wchar_t **properties, wchar_t **result);
int32_t WINAPI HcsModifyProcess(void *process, const wchar_t *settings, wchar_t **result);
int32_t WINAPI HcsRegisterProcessCallback(void *process, notify_function notify, void *context,
                                          void **callback);
int32_t WINAPI HcsUnregisterProcessCallback(void *callback);
int32_t WINAPI HcsGetServiceProperties(const wchar_t *query, wchar_t **properties,
                                       wchar_t **result);
int32_t WINAPI HcsModifyServiceSettings(const wchar_t *settings, wchar_t **result);
int32_t WINAPI HNSCall(const wchar_t *method, const wchar_t *path, const wchar_t *request,
                       wchar_t **response);

#endif
