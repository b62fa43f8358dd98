/*
 * wcl/hns.h - networks and endpoints, as in the Host Network Service (HNS) of Windows.
 *
 * A network is a switch that containers are joined to; an endpoint is one container's connection to
 * it, with its address and MAC. Objects are made, read and removed by requests: a method (GET,
 * POST, DELETE), a path and a JSON object whose fields are those of the structs here. On Windows
 * the requests go to HNS itself; on Linux a provider of wcl's own keeps the objects on disk and
 * builds them in the kernel through netlink and nftables (docs/networks.md says how each type is
 * built).
 *
 * Requests:
 *   GET    /networks/      /endpoints/        all objects, as a JSON list
 *   GET    /networks/ID    /endpoints/ID      one object
 *   POST   /networks/      /endpoints/        makes one; fills in what the request leaves out
 *   POST   /endpoints/ID                      changes an endpoint's policies, DNS settings or name
 *   DELETE /networks/ID    /endpoints/ID      removes one and returns what it was
 *   POST   /endpoints/ID/attach               {"ContainerId","SystemType","CompartmentId"}
 *   POST   /endpoints/ID/detach               the same, or {}
 */
#ifndef WCL_HNS_H
#define WCL_HNS_H

#include <wcl/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- The objects ---------------------------------------------------------------------------- */

typedef enum wcl_hns_policy_type {
    WCL_HNS_POLICY_OTHER = 0, /* a policy wcl has no struct for; it is kept and passed on */
    WCL_HNS_POLICY_NAT = 1,
    WCL_HNS_POLICY_QOS = 2,
    WCL_HNS_POLICY_VLAN = 3,
    WCL_HNS_POLICY_VSID = 4,
    WCL_HNS_POLICY_PA = 5,
} wcl_hns_policy_type;

/* NatPolicy: a port of the host that leads to a port of the endpoint. */
typedef struct wcl_hns_nat_policy {
    const char *protocol;   /* "TCP" or "UDP", in either case */
    uint16_t internal_port; /* the endpoint's */
    uint16_t external_port; /* the host's; 0 lets the provider choose a free one */
} wcl_hns_nat_policy;

/* QosPolicy: a limit on what the endpoint sends. */
typedef struct wcl_hns_qos_policy {
    uint64_t maximum_outgoing_bandwidth_in_bytes; /* a second */
} wcl_hns_qos_policy;

/* VlanPolicy: the 802.1Q tag that the endpoint's frames carry on the wire, 1 to 4094. */
typedef struct wcl_hns_vlan_policy {
    uint32_t vlan;
} wcl_hns_vlan_policy;

/* VsidPolicy: the virtual subnet (VXLAN network identifier) of an overlay, 1 to 16777215. */
typedef struct wcl_hns_vsid_policy {
    uint32_t vsid;
} wcl_hns_vsid_policy;

/* PaPolicy: the provider address: that of the node on which a remote endpoint is. */
typedef struct wcl_hns_pa_policy {
    const char *pa;
} wcl_hns_pa_policy;

typedef struct wcl_hns_policy {
    wcl_hns_policy_type type;
    const char *type_name; /* "Type" of a WCL_HNS_POLICY_OTHER; NULL otherwise */
    union {
        wcl_hns_nat_policy nat;
        wcl_hns_qos_policy qos;
        wcl_hns_vlan_policy vlan;
        wcl_hns_vsid_policy vsid;
        wcl_hns_pa_policy pa;
    };
    const char *extra; /* the fields that have no member here, as a JSON object; NULL for none */
} wcl_hns_policy;

/* Subnet. */
typedef struct wcl_hns_subnet {
    const char *address_prefix;  /* "172.20.0.0/16", "fd00:1::/64" */
    const char *gateway_address; /* "172.20.0.1" */
    const wcl_hns_policy *policies;
    size_t policy_count;
    const char *extra;
} wcl_hns_subnet;

/* MacPool: a range of MACs, "00-15-5D-00-00-00"; both ends are included. */
typedef struct wcl_hns_mac_pool {
    const char *start_mac_address;
    const char *end_mac_address;
    const char *extra;
} wcl_hns_mac_pool;

/*
 * HNSNetwork. A caller may fill one in with its own texts; one that a parse or a request gave owns
 * its texts and is freed with wcl_hns_network_free(). Texts that are not set are NULL.
 */
typedef struct wcl_hns_network {
    size_t struct_size; /* sizeof(wcl_hns_network) */
    const char *id;
    const char *name;
    const char *type; /* "nat", "transparent", "l2bridge", "l2tunnel", "overlay", "ics", "private",
                         "internal" */
    const char *network_adapter_name;
    const char *source_mac;
    const wcl_hns_policy *policies;
    size_t policy_count;
    const wcl_hns_mac_pool *mac_pools;
    size_t mac_pool_count;
    const wcl_hns_subnet *subnets;
    size_t subnet_count;
    const char *dns_suffix;
    const char *dns_server_list; /* separated by commas */
    uint32_t dns_server_compartment;
    const char *management_ip;
    const char *extra; /* the fields that have no member here, as a JSON object; NULL for none */
} wcl_hns_network;

#define WCL_HNS_NETWORK_INIT WCL_STRUCT_INIT(wcl_hns_network)

/*
 * HNSEndpoint. Ownership as for a network. An endpoint of a network with subnets of both families
 * has its IPv6 address in the ipv6 members.
 */
typedef struct wcl_hns_endpoint {
    size_t struct_size; /* sizeof(wcl_hns_endpoint) */
    const char *id;
    const char *name;
    const char *virtual_network; /* the network's id */
    const char *virtual_network_name;
    const wcl_hns_policy *policies;
    size_t policy_count;
    const char *mac_address;
    const char *ip_address;
    const char *dns_suffix;
    const char *dns_server_list;
    const char *gateway_address;
    bool enable_internal_dns;
    bool disable_icc; /* no traffic with the other endpoints of the network */
    uint8_t prefix_length;
    bool is_remote_endpoint; /* is on the node that its PA policy names */
    const char *ipv6_address;
    uint8_t ipv6_prefix_length;
    const char *gateway_address_v6;
    const char *extra;
} wcl_hns_endpoint;

#define WCL_HNS_ENDPOINT_INIT WCL_STRUCT_INIT(wcl_hns_endpoint)

/*
 * From and to the JSON of the requests. Fields that were left out are left out again; unknown
 * fields come back as they were. Parsing fails with WCL_CODE_INVALID_DATA and the field's name when
 * a field has the wrong type or does not fit. `*json` is freed with wcl_free().
 */
WCL_API wcl_status wcl_hns_network_parse(const char *json, wcl_hns_network **network,
                                         wcl_error *error);
WCL_API wcl_status wcl_hns_network_format(const wcl_hns_network *network, char **json,
                                          wcl_error *error);
/* Only for what a function of wcl returned; NULL is allowed. */
WCL_API void wcl_hns_network_free(wcl_hns_network *network);

WCL_API wcl_status wcl_hns_endpoint_parse(const char *json, wcl_hns_endpoint **endpoint,
                                          wcl_error *error);
WCL_API wcl_status wcl_hns_endpoint_format(const wcl_hns_endpoint *endpoint, char **json,
                                           wcl_error *error);
WCL_API void wcl_hns_endpoint_free(wcl_hns_endpoint *endpoint);

/* One policy as JSON, `{"Type":"NAT",...}`; free the text with wcl_free(). */
WCL_API wcl_status wcl_hns_policy_format(const wcl_hns_policy *policy, char **json,
                                         wcl_error *error);

/* ---- The service ---------------------------------------------------------------------------- */

typedef struct wcl_hns wcl_hns;

/*
 * How to reach the service. All members may be NULL. The struct's texts are copied.
 */
typedef struct wcl_hns_options {
    size_t struct_size;    /* sizeof(wcl_hns_options) */
    const char *provider;  /* "linux", "vmcompute"; NULL: $WCL_PROVIDER, else the platform's own */
    const char *state_dir; /* linux: where objects are kept; NULL: /var/lib/wcl/hns */
    const char *run_dir;   /* linux: what does not survive a restart, and the network namespaces;
                              NULL: /run/wcl */
    const wcl_hooks *hooks;
    /*
     * linux: where a container's network namespace is, for attach requests that name a container
     * wcl_hns_namespace_create() did not make one for. Gives a path (freed with wcl_free()).
     */
    wcl_status (*find_namespace)(void *context, const char *container_id, char **path,
                                 wcl_error *error);
    void *find_namespace_context;
} wcl_hns_options;

#define WCL_HNS_OPTIONS_INIT WCL_STRUCT_INIT(wcl_hns_options)

/*
 * Opens the service; `options` may be NULL. On Linux everything is built in the network namespace
 * that the calling thread is in now, whatever namespace later calls come from. Close with
 * wcl_hns_close().
 */
WCL_API wcl_status wcl_hns_open(const wcl_hns_options *options, wcl_hns **hns, wcl_error *error);
WCL_API void wcl_hns_close(wcl_hns *hns);

/*
 * HNSCall: passes a request on as it is. `path` begins with "/networks/" or "/endpoints/";
 * `request` is JSON, or NULL or "" for none. `*response` is the answer's envelope,
 * `{"Success":bool,"Error":string,"Output":...}`, freed with wcl_free(). A refused request is a
 * successful call whose envelope says why; the function itself fails only when it cannot ask the
 * service at all.
 */
WCL_API wcl_status wcl_hns_call(wcl_hns *hns, const char *method, const char *path,
                                const char *request, char **response, wcl_error *error);

/*
 * HNSNetworkRequest: a request about one network. `path` follows "/networks/" and is usually an id
 * or "". A refusal becomes a failure with the envelope's reason. `*network` is what the answer
 * holds, NULL if it holds nothing; free it with wcl_hns_network_free(). `network` may be NULL.
 */
WCL_API wcl_status wcl_hns_network_request(wcl_hns *hns, const char *method, const char *path,
                                           const char *request, wcl_hns_network **network,
                                           wcl_error *error);

/*
 * HNSListNetworkRequest: the networks. Free the list with wcl_hns_network_list_free().
 */
WCL_API wcl_status wcl_hns_list_networks(wcl_hns *hns, const char *method, const char *path,
                                         const char *request, wcl_hns_network ***networks,
                                         size_t *count, wcl_error *error);
WCL_API void wcl_hns_network_list_free(wcl_hns_network **networks, size_t count);

/* HNSEndpointRequest: as wcl_hns_network_request(), of an endpoint; `path` follows "/endpoints/".
 */
WCL_API wcl_status wcl_hns_endpoint_request(wcl_hns *hns, const char *method, const char *path,
                                            const char *request, wcl_hns_endpoint **endpoint,
                                            wcl_error *error);
WCL_API wcl_status wcl_hns_list_endpoints(wcl_hns *hns, wcl_hns_endpoint ***endpoints,
                                          size_t *count, wcl_error *error);
WCL_API void wcl_hns_endpoint_list_free(wcl_hns_endpoint **endpoints, size_t count);

/*
 * Makes the kernel match what is on disk, after a reboot or when an interface or rule was lost, and
 * removes what belongs to no object. Requests that change something do this by themselves when the
 * host was restarted or the last change was interrupted.
 */
WCL_API wcl_status wcl_hns_restore(wcl_hns *hns, wcl_error *error);

/* ---- Containers, namespaces, compartments ---------------------------------------------------- */

/*
 * Makes a network namespace for a container, which attach requests find by the container's id, and
 * gives the path that an OCI runtime can join (freed with wcl_free()). It lives until
 * wcl_hns_namespace_remove(), which detaches the endpoints in it first.
 */
WCL_API wcl_status wcl_hns_namespace_create(wcl_hns *hns, const char *container_id, char **path,
                                            wcl_error *error);
WCL_API wcl_status wcl_hns_namespace_path(wcl_hns *hns, const char *container_id, char **path,
                                          wcl_error *error);
WCL_API wcl_status wcl_hns_namespace_remove(wcl_hns *hns, const char *container_id,
                                            wcl_error *error);

/*
 * Attaches an endpoint to a container whose network namespace is at `namespace_path` (a file such
 * as /proc/PID/ns/net). `container_id` is its name in detach requests and in the endpoint's record.
 */
WCL_API wcl_status wcl_hns_attach_namespace(wcl_hns *hns, const char *endpoint_id,
                                            const char *container_id, const char *namespace_path,
                                            wcl_error *error);
/* Detaches the endpoint from whatever it is attached to; nothing is not an error. */
WCL_API wcl_status wcl_hns_detach(wcl_hns *hns, const char *endpoint_id, wcl_error *error);

/*
 * The resolv.conf for the endpoints' DNS settings; `*text` is NULL when they have none, and is
 * freed with wcl_free().
 */
WCL_API wcl_status wcl_hns_resolv_conf(wcl_hns *hns, const char *const *endpoint_ids, size_t count,
                                       char **text, wcl_error *error);

/* NetworkStats, as the container sees its interface. */
typedef struct wcl_hns_statistics {
    size_t struct_size; /* sizeof(wcl_hns_statistics) */
    uint64_t bytes_received;
    uint64_t bytes_sent;
    uint64_t packets_received;
    uint64_t packets_sent;
    uint64_t dropped_packets_incoming;
    uint64_t dropped_packets_outgoing;
} wcl_hns_statistics;

#define WCL_HNS_STATISTICS_INIT WCL_STRUCT_INIT(wcl_hns_statistics)

/* All zeros while the endpoint is not attached. */
WCL_API wcl_status wcl_hns_endpoint_statistics(wcl_hns *hns, const char *endpoint_id,
                                               wcl_hns_statistics *statistics, wcl_error *error);

/*
 * SetCurrentThreadCompartmentId: the calling thread enters network compartment `id`. Compartments 0
 * and 1 are the host's own. On Linux a compartment is a network namespace: `id` is the one that
 * endpoints are attached to with {"SystemType":"Host","CompartmentId":id}, and 1 is the namespace
 * that `hns` was opened in.
 */
WCL_API wcl_status wcl_set_current_thread_compartment(wcl_hns *hns, uint32_t id, wcl_error *error);

#ifdef __cplusplus
}
#endif
#endif
