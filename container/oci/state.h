/* What is on record about a container: wcl.json in its folder. */
#ifndef WCL_CONTAINER_OCI_STATE_H
#define WCL_CONTAINER_OCI_STATE_H

#include <cjson/cJSON.h>

#include "container/oci/folder.h"

/* Texts belong to the JSON; NULL where there is none. */
typedef struct wcl_state {
    cJSON *json;
    const char *id;
    const char *created;
    const char *runtime;
    const char *cgroup;
    const char *root;
    const char *home; /* of a layer that is prepared, or about to be */
    const char *layer;
    const char *network_dir; /* where networks are kept */
    bool has_namespace;      /* a network namespace with endpoints was made for it */
    const cJSON *config;
} wcl_state;

wcl_status wcl_state_read(int folder, wcl_state *state, wcl_error *error);
void wcl_state_free(wcl_state *state);
#define WCL_CLEANUP_STATE __attribute__((cleanup(wcl_state_free)))

/* Writes a state whose `json` is not looked at; `config` is the configuration's text. */
wcl_status wcl_state_write(int folder, const wcl_state *state, const char *config,
                           wcl_error *error);

#endif
