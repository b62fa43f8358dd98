/* The runtime's bundle of a container: its config.json. */
#ifndef WCL_CONTAINER_OCI_BUNDLE_H
#define WCL_CONTAINER_OCI_BUNDLE_H

#include <cjson/cJSON.h>

#include "container/config.h"

typedef struct wcl_oci_bundle {
    const wcl_container_config *config;
    const char *id;
    const char *root;
    const char *storage;           /* a folder on the device that writes to the root end on */
    const char *cgroup;            /* path below every hierarchy */
    const char *network_namespace; /* to join; NULL for a new one */
    const char *resolv_conf;       /* a file to show as /etc/resolv.conf; NULL for none */
} wcl_oci_bundle;

/* Makes the document (wcl_free()). */
wcl_status wcl_oci_bundle_print(const wcl_oci_bundle *bundle, char **json, wcl_error *error);

/* Adds "resources" to the document's "linux" (resources.c). */
wcl_status wcl_oci_bundle_add_resources(const wcl_oci_bundle *bundle, cJSON *linux_part,
                                        wcl_error *error);

#endif
