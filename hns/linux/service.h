/*
 * The service on Linux: objects on disk, changed under a lock, and the kernel that follows them.
 *
 * STATE/lock                   whose restart the kernel's state is of, and whether a change was cut
 * STATE/networks/ID.json       {"Format":1,"Network":{...},"Mtu":N}
 * STATE/endpoints/ID.json      {"Format":1,"Endpoint":{...}}; an empty file is none
 * STATE/forwarding.json        what the host's settings were
 * RUN/attached-HOME/ID.json    what an endpoint is attached to
 * RUN/claims-HOME/NETWORK/...  who has which address and MAC, and which endpoints there are
 * RUN/claims-HOME/ports/...    who has which port of the host
 * RUN/netns/ID                 namespaces made for containers
 * RUN/compartments/N           namespaces of compartments
 *
 * A claim is a symbolic link to its owner's id; it counts only while the owner is there, so one
 * that a crash left behind does no harm. All of them can be made anew of the records.
 */
#ifndef WCL_HNS_SERVICE_H
#define WCL_HNS_SERVICE_H

#include "hns/linux/kernel.h"
#include "hns/provider.h"

typedef struct wcl_service {
    wcl_hns base;
    wcl_kernel *kernel;
    char *state_dir;
    char *run_dir;
    char *attached_dir;
    char *claims_dir;
    uint32_t home;
    char identity[80];
    int lock_file;
    bool uncertain; /* the kernel refused something: what is there should be gone over */
    wcl_hooks hooks;
    wcl_status (*find_namespace)(void *context, const char *container_id, char **path,
                                 wcl_error *error);
    void *find_namespace_context;
} wcl_service;

/* The service over a kernel, which it takes over, also when it fails. */
wcl_status wcl_service_new(const wcl_hns_options *options, wcl_kernel *kernel, uint32_t home,
                           wcl_service **service, wcl_error *error);
void wcl_service_free(wcl_service *service);
/* The number that marks what belongs to a state folder. */
uint32_t wcl_service_home(const char *state_dir);

/*
 * The lock around each request. For a change it also restores first, if the host was restarted or
 * the last change was cut short. Fails when it is held by others for half a minute.
 */
wcl_status wcl_service_lock(wcl_service *service, bool change, wcl_error *error);
void wcl_service_unlock(wcl_service *service, bool change);

/* Answers a request: the envelope. Fails only when out of memory. */
wcl_status wcl_service_call(wcl_service *service, const char *method, const char *path,
                            const char *request, char **response, wcl_error *error);

/* ---- store.c: records on disk; the caller holds the lock ---- */

/* An id as it stands in paths: a GUID in lower case. */
wcl_status wcl_hns_store_id(const char *text, char id[37], wcl_error *error);

wcl_status wcl_hns_store_load_network(wcl_service *service, const char *id,
                                      wcl_network_record **network, wcl_error *error);
wcl_status wcl_hns_store_save_network(wcl_service *service, const wcl_network_record *network,
                                      wcl_error *error);
wcl_status wcl_hns_store_remove_network(wcl_service *service, const wcl_network_record *network,
                                        wcl_error *error);
/* With what it is attached to. What was loaded is freed by the caller, also after a failure. */
wcl_status wcl_hns_store_load_endpoint(wcl_service *service, const char *id,
                                       wcl_endpoint_record **endpoint, wcl_error *error);
wcl_status wcl_hns_store_load_both(wcl_service *service, const char *id,
                                   wcl_network_record **network, wcl_endpoint_record **endpoint,
                                   wcl_error *error);
bool wcl_hns_store_has_endpoint(wcl_service *service, const char *id);
wcl_status wcl_hns_store_save_endpoint(wcl_service *service, const wcl_endpoint_record *endpoint,
                                       wcl_error *error);
wcl_status wcl_hns_store_remove_endpoint(wcl_service *service, const wcl_endpoint_record *endpoint,
                                         wcl_error *error);
wcl_status wcl_hns_store_save_attachment(wcl_service *service, const wcl_endpoint_record *endpoint,
                                         wcl_error *error);
wcl_status wcl_hns_store_remove_attachment(wcl_service *service, const char *endpoint_id,
                                           wcl_error *error);

/* The ids of the objects in a folder of records, sorted; freed with wcl_free() as one block. */
typedef char wcl_object_id[37];
wcl_status wcl_hns_store_list(wcl_service *service, const char *kind, wcl_object_id **ids,
                              size_t *count, wcl_error *error);
/* Lists what is attached, as wcl_hns_store_list() does. */
wcl_status wcl_hns_store_list_attached(wcl_service *service, wcl_object_id **ids, size_t *count,
                                       wcl_error *error);

typedef struct wcl_network_list {
    wcl_network_record **records;
    size_t count;
} wcl_network_list;
wcl_status wcl_hns_store_load_networks(wcl_service *service, wcl_network_list *list,
                                       wcl_error *error);
void wcl_network_list_clear(wcl_network_list *list);
#define WCL_CLEANUP_NETWORKS __attribute__((cleanup(wcl_network_list_clear)))

/* ---- claim.c: who has what ---- */

/* Claims `name` in a folder of claims ("ports", or a network's id) for an owner; WCL_END when
 * another endpoint has it. */
wcl_status wcl_claim(wcl_service *service, const char *folder, const char *name, const char *owner,
                     wcl_error *error);
/* All that an endpoint is to have; a failure leaves none of them. */
wcl_status wcl_claim_all(wcl_service *service, const wcl_endpoint_record *endpoint,
                         wcl_error *error);
void wcl_claim_release(wcl_service *service, const wcl_endpoint_record *endpoint);
/* Gives up the ports that `before` has and `after`, of the same endpoint, does not. */
void wcl_claim_release_ports(wcl_service *service, const wcl_endpoint_record *before,
                             const wcl_endpoint_record *after);
/* Fails, naming one, while the network has endpoints; otherwise removes what is left of claims. */
wcl_status wcl_claim_check_empty(wcl_service *service, const wcl_network_record *network,
                                 wcl_error *error);
/* Forgets all claims. */
wcl_status wcl_claim_reset(wcl_service *service, wcl_error *error);

/* ---- allocate.c: what HNS fills in ---- */

wcl_status wcl_fill_network(wcl_service *service, wcl_hns_network *object,
                            const wcl_network_list *others, wcl_error *error);
wcl_status wcl_fill_endpoint(wcl_service *service, wcl_hns_endpoint *object,
                             const wcl_network_record *network, wcl_error *error);

/* ---- networks.c, endpoints.c, attach.c: the requests; `*output` is what the answer holds ---- */

wcl_status wcl_networks_list(wcl_service *service, cJSON **output, wcl_error *error);
wcl_status wcl_networks_get(wcl_service *service, const char *id, cJSON **output, wcl_error *error);
wcl_status wcl_networks_create(wcl_service *service, const cJSON *request, cJSON **output,
                               wcl_error *error);
wcl_status wcl_networks_delete(wcl_service *service, const char *id, cJSON **output,
                               wcl_error *error);
/* Forwarding as the networks on disk need it, and `extra`, one that is not there yet. */
wcl_status wcl_networks_set_forwarding(wcl_service *service, const wcl_network_list *list,
                                       const wcl_network_record *extra, wcl_error *error);

wcl_status wcl_endpoints_list(wcl_service *service, cJSON **output, wcl_error *error);
wcl_status wcl_endpoints_get(wcl_service *service, const char *id, cJSON **output,
                             wcl_error *error);
wcl_status wcl_endpoints_create(wcl_service *service, const cJSON *request, cJSON **output,
                                wcl_error *error);
wcl_status wcl_endpoints_update(wcl_service *service, const char *id, const cJSON *request,
                                cJSON **output, wcl_error *error);
wcl_status wcl_endpoints_delete(wcl_service *service, const char *id, cJSON **output,
                                wcl_error *error);

wcl_status wcl_attach_request(wcl_service *service, const char *id, const cJSON *request,
                              cJSON **output, wcl_error *error);
wcl_status wcl_detach_request(wcl_service *service, const char *id, const cJSON *request,
                              cJSON **output, wcl_error *error);
/* Takes a loaded endpoint out of what it is attached to. */
wcl_status wcl_detach_endpoint(wcl_service *service, const wcl_network_record *network,
                               wcl_endpoint_record *endpoint, wcl_error *error);
wcl_status wcl_attach_to_namespace(wcl_service *service, const char *id, const char *container_id,
                                   const char *path, wcl_error *error);
/* Opens the namespace an endpoint is attached to; `*descriptor` is negative for the service's own.
 * WCL_END when it is gone. */
wcl_status wcl_attachment_open(const wcl_endpoint_record *endpoint, int *descriptor,
                               wcl_error *error);
/* Where a container's namespace would be, or a compartment's; freed with wcl_free(). */
wcl_status wcl_namespace_of_container(wcl_service *service, const char *container_id, char **path,
                                      wcl_error *error);
wcl_status wcl_namespace_of_compartment(wcl_service *service, uint32_t id, char **path,
                                        wcl_error *error);
/* Detaches what is in a container's namespace and removes it. */
wcl_status wcl_namespace_remove_container(wcl_service *service, const char *container_id,
                                          wcl_error *error);
/* Removes a compartment's namespace if no endpoint is attached to it. */
wcl_status wcl_namespace_drop_compartment(wcl_service *service, uint32_t id, wcl_error *error);

/* ---- restore.c ---- */

/* With the lock held. `restarted`: the kernel's state is not the one the files speak of. */
wcl_status wcl_service_restore(wcl_service *service, bool restarted, wcl_error *error);

#endif
