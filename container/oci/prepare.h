/* Making a container's folder: the configuration, the root, and the runtime's bundle. */
#ifndef WCL_CONTAINER_OCI_PREPARE_H
#define WCL_CONTAINER_OCI_PREPARE_H

#include "container/config.h"
#include "container/oci/folder.h"

/* Checks the configuration, prepares the layer and writes the folder's files. After a failure the
 * folder is to be torn down. */
wcl_status wcl_container_prepare(const wcl_container_folder *place, const char *id, int folder,
                                 const char *config, wcl_error *error);

/* Refuses, by name, what this provider cannot do (checks.c). */
wcl_status wcl_container_check(const wcl_container_config *config, wcl_error *error);

#endif
