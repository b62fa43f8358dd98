/* What the provider knows of a network and an endpoint: the object of HNS, checked and understood.
 */
#ifndef WCL_HNS_RECORD_H
#define WCL_HNS_RECORD_H

#include <net/if.h>
#include <sys/types.h>

#include "hns/linux/address.h"
#include "hns/objects.h"

#define WCL_MOST_SUBNETS 16

typedef enum wcl_network_kind {
    WCL_NETWORK_NAT,
    WCL_NETWORK_TRANSPARENT,
    WCL_NETWORK_L2BRIDGE,
    WCL_NETWORK_OVERLAY,
    WCL_NETWORK_PRIVATE,
    WCL_NETWORK_INTERNAL,
} wcl_network_kind;

typedef struct wcl_network_record {
    wcl_hns_network *object;
    wcl_network_kind kind;
    struct {
        wcl_prefix prefix;
        wcl_ip gateway; /* size 0 for none */
    } subnets[WCL_MOST_SUBNETS];
    size_t subnet_count;
    wcl_mac mac;   /* the bridge's */
    uint32_t vsid; /* of an overlay */
    uint32_t vlan; /* what endpoints without a VLAN policy of their own get, 0 for none */
    wcl_ip local;  /* this node's address, for an overlay */
    uint32_t mtu;  /* of the endpoints */
    char tag[9];   /* eight hexadecimal digits, unique among the networks here */
    char bridge[IFNAMSIZ];
    char vxlan[IFNAMSIZ];
} wcl_network_record;

typedef enum wcl_attachment_kind {
    WCL_ATTACHED_NOWHERE = 0,
    WCL_ATTACHED_CONTAINER,
    WCL_ATTACHED_HOST,
} wcl_attachment_kind;

typedef struct wcl_attachment {
    wcl_attachment_kind kind;
    const char *container_id; /* "" for a host program */
    uint32_t compartment;     /* 0 for a container */
    const char *path;         /* of the namespace; "" for the one the service is in */
    dev_t device;             /* what tells it from another one at that path */
    ino_t inode;
} wcl_attachment;

typedef struct wcl_endpoint_record {
    wcl_hns_endpoint *object;
    wcl_mac mac;
    struct {
        wcl_ip ip;
        unsigned length;
        wcl_ip gateway; /* size 0 for none */
    } addresses[2];
    size_t address_count;
    uint64_t rate; /* bytes a second, 0 for no limit */
    uint32_t vlan; /* 0 for none */
    wcl_ip node;   /* of a remote endpoint */
    char interface[IFNAMSIZ];
    char shaper[IFNAMSIZ];
    wcl_attachment attachment;
} wcl_endpoint_record;

void wcl_network_record_free(wcl_network_record *record);
void wcl_endpoint_record_free(wcl_endpoint_record *record);

static inline void wcl_cleanup_network_record(wcl_network_record **record)
{
    wcl_network_record_free(*record);
}
static inline void wcl_cleanup_endpoint_record(wcl_endpoint_record **record)
{
    wcl_endpoint_record_free(*record);
}
#define WCL_CLEANUP_NETWORK_RECORD __attribute__((cleanup(wcl_cleanup_network_record)))
#define WCL_CLEANUP_ENDPOINT __attribute__((cleanup(wcl_cleanup_endpoint_record)))

/*
 * Checks an object and works out the record; takes the object over, also when it fails. `home`
 * tells the interface names of one state folder from those of another. What HNS fills in must be
 * filled in already.
 */
wcl_status wcl_network_record_new(wcl_hns_network *object, uint32_t home,
                                  wcl_network_record **record, wcl_error *error);
wcl_status wcl_endpoint_record_new(wcl_hns_endpoint *object, const wcl_network_record *network,
                                   uint32_t home, wcl_endpoint_record **record, wcl_error *error);

/* The endpoint as answers show it: the object, and what it is attached to. */
wcl_status wcl_endpoint_output(const wcl_endpoint_record *endpoint, cJSON **output,
                               wcl_error *error);
#define WCL_ANSWERED_CONTAINERS "SharedContainers"
#define WCL_ANSWERED_COMPARTMENT "CompartmentId"

/* Whether the type bridges onto NetworkAdapterName. */
bool wcl_network_has_uplink(wcl_network_kind kind);
/* "nat" and so on; false when it is none that can be built here. */
bool wcl_network_kind_parse(const char *type, wcl_network_kind *kind);

/* Protocol of a checked NAT policy, "tcp" or "udp". */
const char *wcl_nat_protocol(const wcl_hns_nat_policy *nat);

#endif
