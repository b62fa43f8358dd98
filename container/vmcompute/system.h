/* The provider's handles of compute systems and processes, and what can be done with them. */
#ifndef WCL_CONTAINER_VMCOMPUTE_SYSTEM_H
#define WCL_CONTAINER_VMCOMPUTE_SYSTEM_H

#include "container/provider.h"
#include "container/vmcompute/callback.h"

struct wcl_provider_system {
    wcl_hcs_system handle;
    wcl_vm_callback *callback;
};

wcl_status wcl_vm_container_enumerate(const wcl_container_options *options, const char *query,
                                      char **systems, wcl_error *error);
wcl_status wcl_vm_container_create(const wcl_container_options *options, const char *id,
                                   const char *config, wcl_notify notify,
                                   wcl_provider_system **system, wcl_error *error);
wcl_status wcl_vm_container_open(const wcl_container_options *options, const char *id,
                                 wcl_notify notify, wcl_provider_system **system, wcl_error *error);
wcl_status wcl_vm_container_close(wcl_provider_system *system, wcl_error *error);
wcl_status wcl_vm_container_start(wcl_provider_system *system, wcl_error *error);
wcl_status wcl_vm_container_shutdown(wcl_provider_system *system, wcl_error *error);
wcl_status wcl_vm_container_terminate(wcl_provider_system *system, wcl_error *error);
wcl_status wcl_vm_container_pause(wcl_provider_system *system, wcl_error *error);
wcl_status wcl_vm_container_resume(wcl_provider_system *system, wcl_error *error);
wcl_status wcl_vm_container_properties(wcl_provider_system *system, const char *query,
                                       char **properties, wcl_error *error);
wcl_status wcl_vm_container_modify(wcl_provider_system *system, const char *settings,
                                   wcl_error *error);
wcl_status wcl_vm_service_properties(const wcl_container_options *options, const char *query,
                                     char **properties, wcl_error *error);
wcl_status wcl_vm_service_modify(const wcl_container_options *options, const char *settings,
                                 wcl_error *error);

wcl_status wcl_vm_process_create(wcl_provider_system *system, const char *config, wcl_notify notify,
                                 wcl_provider_process **process, wcl_error *error);
wcl_status wcl_vm_process_open(wcl_provider_system *system, uint32_t pid, wcl_notify notify,
                               wcl_provider_process **process, wcl_error *error);
wcl_status wcl_vm_process_close(wcl_provider_process *process, wcl_error *error);
uint32_t wcl_vm_process_pid(const wcl_provider_process *process);
wcl_status wcl_vm_process_kill(wcl_provider_process *process, wcl_error *error);
wcl_status wcl_vm_process_stdio(wcl_provider_process *process, wcl_pipe *in, wcl_pipe *out,
                                wcl_pipe *err, wcl_error *error);
wcl_status wcl_vm_process_properties(wcl_provider_process *process, char **properties,
                                     wcl_error *error);
wcl_status wcl_vm_process_modify(wcl_provider_process *process, const char *settings,
                                 wcl_error *error);

#endif
