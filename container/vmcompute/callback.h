/* Notifications of vmcompute.dll, passed on to who holds the handle until it is closed. */
#ifndef WCL_CONTAINER_VMCOMPUTE_CALLBACK_H
#define WCL_CONTAINER_VMCOMPUTE_CALLBACK_H

#include "container/provider.h"
#include "platform/windows/vmcompute.h"

typedef struct wcl_vm_callback wcl_vm_callback;

/* Registers for what a compute system or a process tells. */
wcl_status wcl_vm_callback_of_system(wcl_hcs_system system, wcl_notify notify,
                                     wcl_vm_callback **callback, wcl_error *error);
wcl_status wcl_vm_callback_of_process(wcl_hcs_process process, wcl_notify notify,
                                      wcl_vm_callback **callback, wcl_error *error);

/* Ends it: when this returns, also with a failure, nothing more is passed on. NULL is allowed. */
wcl_status wcl_vm_callback_end(wcl_vm_callback *callback, wcl_error *error);

#endif
