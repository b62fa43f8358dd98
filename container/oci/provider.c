/* The portable provider: containers on an OCI runtime. */
#include "container/oci/system.h"

static const wcl_container_provider oci_provider = {
    .name = "oci",
    .has_own_fields = true,
    .enumerate = wcl_oci_enumerate,
    .create = wcl_oci_create,
    .open = wcl_oci_open,
    .close = wcl_oci_close,
    .start = wcl_oci_start,
    .shutdown = wcl_oci_shutdown,
    .terminate = wcl_oci_terminate,
    .pause = wcl_oci_pause,
    .resume = wcl_oci_resume,
    .properties = wcl_oci_properties,
    .create_process = wcl_oci_create_process,
    .open_process = wcl_oci_open_process,
    .close_process = wcl_oci_close_process,
    .process_pid = wcl_oci_process_pid,
    .kill_process = wcl_oci_kill_process,
    .process_stdio = wcl_oci_process_stdio,
    .process_properties = wcl_oci_process_properties,
    .modify_process = wcl_oci_modify_process,
};

const wcl_container_provider *const wcl_container_providers[] = { &oci_provider, NULL };
