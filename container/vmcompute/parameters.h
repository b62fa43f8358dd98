/* The document that Windows starts a process by, made of ProcessConfig's. */
#ifndef WCL_CONTAINER_VMCOMPUTE_PARAMETERS_H
#define WCL_CONTAINER_VMCOMPUTE_PARAMETERS_H

#include <wcl/base.h>

/*
 * The configuration as it is, except that CommandArgs, which Windows does not know, become its
 * CommandLine. wcl_free().
 */
wcl_status wcl_vm_process_parameters(const char *config, char **parameters, wcl_error *error);

#endif
