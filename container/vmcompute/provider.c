/* Windows' own provider: containers of the Host Compute Service, through vmcompute.dll. */
#include "container/vmcompute/system.h"

static const wcl_container_provider vmcompute_provider = {
    .name = "vmcompute",
    .enumerate = wcl_vm_container_enumerate,
    .create = wcl_vm_container_create,
    .open = wcl_vm_container_open,
    .close = wcl_vm_container_close,
    .start = wcl_vm_container_start,
    .shutdown = wcl_vm_container_shutdown,
    .terminate = wcl_vm_container_terminate,
    .pause = wcl_vm_container_pause,
    .resume = wcl_vm_container_resume,
    .properties = wcl_vm_container_properties,
    .modify = wcl_vm_container_modify,
    .service_properties = wcl_vm_service_properties,
    .service_modify = wcl_vm_service_modify,
    .create_process = wcl_vm_process_create,
    .open_process = wcl_vm_process_open,
    .close_process = wcl_vm_process_close,
    .process_pid = wcl_vm_process_pid,
    .kill_process = wcl_vm_process_kill,
    .process_stdio = wcl_vm_process_stdio,
    .process_properties = wcl_vm_process_properties,
    .modify_process = wcl_vm_process_modify,
};

const wcl_container_provider *const wcl_container_providers[] = { &vmcompute_provider, NULL };
