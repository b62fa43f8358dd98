/* A container's network: its own empty one, one with endpoints, or that of another container. */
#ifndef WCL_CONTAINER_OCI_NETWORK_H
#define WCL_CONTAINER_OCI_NETWORK_H

#include <cjson/cJSON.h>

#include "container/config.h"
#include "container/oci/folder.h"

typedef struct wcl_network {
    char *path;        /* the network namespace to join; NULL for a new, empty one */
    char *resolv_conf; /* the file to show as /etc/resolv.conf; NULL for the root's own */
} wcl_network;

/* Makes the namespace with its endpoints, and writes resolv.conf into the container's folder. */
wcl_status wcl_network_prepare(const wcl_container_folder *place,
                               const wcl_container_config *config, const char *id, int folder,
                               wcl_network *network, wcl_error *error);
/* Removes the namespace that was made for the container in the folder `path`, and detaches what is
 * in it. */
wcl_status wcl_network_unprepare(const char *path, const char *network_dir, const char *id,
                                 wcl_error *error);
/* Removes the endpoints of that list, which are detached; one that is not there is no failure. */
wcl_status wcl_network_remove_endpoints(const char *path, const char *network_dir,
                                        const cJSON *endpoints, wcl_error *error);
/* Makes a list of NetworkStats of a container's endpoints. */
wcl_status wcl_network_statistics(const wcl_container_folder *place, const cJSON *endpoints,
                                  cJSON **list, wcl_error *error);
void wcl_network_free(wcl_network *network);
#define WCL_CLEANUP_CONTAINER_NETWORK __attribute__((cleanup(wcl_network_free)))

#endif
