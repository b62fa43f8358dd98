/* Taking a container's name, and clearing away what others left behind. */
#ifndef WCL_CONTAINER_OCI_CLAIM_H
#define WCL_CONTAINER_OCI_CLAIM_H

#include "container/oci/folder.h"

/* Makes the container's folder and locks it; fails with WCL_CODE_ALREADY_EXISTS. */
wcl_status wcl_container_claim(const wcl_container_folder *place, int *folder, wcl_error *error);

/* Removes the folder, which wcl_container_folder_examine() found stale; true when it is gone. */
bool wcl_container_reap_stale(const wcl_container_folder *place, int folder);

/* Ends a container that lost its supervisor, and removes it. */
wcl_status wcl_container_reap_lost(const wcl_container_folder *place, wcl_error *error);

#endif
