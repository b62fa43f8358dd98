/* Making a layer of a folder that a base image was extracted into. */
#ifndef WCL_STORE_PROCESS_H
#define WCL_STORE_PROCESS_H

#include <wcl/layer.h>

wcl_status wcl_store_process_base(const char *path, wcl_error *error);
wcl_status wcl_store_process_utility_vm(const char *path, wcl_error *error);

#endif
