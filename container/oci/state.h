/* What is on record about a container: wcl.json in its folder. */
#ifndef WCL_CONTAINER_OCI_STATE_H
#define WCL_CONTAINER_OCI_STATE_H

#include <cjson/cJSON.h>

#include "base/region.h"
#include "container/oci/folder.h"

/* Texts are NULL where there is none. */
typedef struct wcl_state {
    wcl_region region; /* the texts lie in it */
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
    const cJSON *config;     /* in `json` */
} wcl_state;

wcl_status wcl_state_read(int folder, wcl_state *state, wcl_error *error);
/* The same of a container by its folder's path. */
wcl_status wcl_state_read_of(const wcl_container_folder *place, wcl_state *state, wcl_error *error);
void wcl_state_free(wcl_state *state);
#define WCL_CLEANUP_STATE __attribute__((cleanup(wcl_state_free)))

/* Writes a state, of which only the texts count; `config` is the configuration's text. */
wcl_status wcl_state_write(int folder, const wcl_state *state, const char *config,
                           wcl_error *error);

#endif
