/*
 * The tables of nftables: address translation, port mappings and separation. Changes are put
 * together as text and applied at once, or not at all. No table but the service's own two (family
 * inet and family bridge, of one name) is ever touched.
 */
#ifndef WCL_HNS_FIREWALL_H
#define WCL_HNS_FIREWALL_H

#include <nftables/libnftables.h>

#include "base/buffer.h"
#include "hns/linux/record.h"

/* The functions of libnftables, which is loaded when a firewall is opened. */
typedef struct wcl_nftables {
    __typeof__(nft_ctx_new) *nft_ctx_new;
    __typeof__(nft_ctx_free) *nft_ctx_free;
    __typeof__(nft_ctx_buffer_error) *nft_ctx_buffer_error;
    __typeof__(nft_ctx_buffer_output) *nft_ctx_buffer_output;
    __typeof__(nft_ctx_get_error_buffer) *nft_ctx_get_error_buffer;
    __typeof__(nft_run_cmd_from_buffer) *nft_run_cmd_from_buffer;
} wcl_nftables;

typedef struct wcl_firewall {
    wcl_nftables nftables;
    struct nft_ctx *context;
    char table[24];
    char owner[128];
} wcl_firewall;

/* At work in the namespace of the calling thread. */
wcl_status wcl_firewall_open(wcl_firewall *firewall, uint32_t home, const char *owner,
                             wcl_error *error);
void wcl_firewall_close(wcl_firewall *firewall);

/* These append to a change. */
wcl_status wcl_firewall_add_tables(const wcl_firewall *firewall, wcl_buffer *change,
                                   wcl_error *error);
/* Also right where there are none. */
wcl_status wcl_firewall_remove_tables(const wcl_firewall *firewall, wcl_buffer *change,
                                      wcl_error *error);
wcl_status wcl_firewall_add_network(const wcl_firewall *firewall, const wcl_network_record *network,
                                    wcl_buffer *change, wcl_error *error);
/*
 * Which source addresses leave through the network's chain; to be applied after add_network, and
 * taken back before remove_network, each by itself: libnftables cannot have an interval lead to a
 * chain that the same change makes.
 */
wcl_status wcl_firewall_add_sources(const wcl_firewall *firewall, const wcl_network_record *network,
                                    wcl_buffer *change, wcl_error *error);
wcl_status wcl_firewall_remove_sources(const wcl_firewall *firewall,
                                       const wcl_network_record *network, wcl_buffer *change,
                                       wcl_error *error);
wcl_status wcl_firewall_remove_network(const wcl_firewall *firewall,
                                       const wcl_network_record *network, wcl_buffer *change,
                                       wcl_error *error);
wcl_status wcl_firewall_add_endpoint(const wcl_firewall *firewall,
                                     const wcl_endpoint_record *endpoint, wcl_buffer *change,
                                     wcl_error *error);
/* Also right where its elements are not there. */
wcl_status wcl_firewall_remove_endpoint(const wcl_firewall *firewall,
                                        const wcl_endpoint_record *endpoint, wcl_buffer *change,
                                        wcl_error *error);

bool wcl_firewall_has_tables(wcl_firewall *firewall);
/* An empty change is nothing to do. */
wcl_status wcl_firewall_apply(wcl_firewall *firewall, const wcl_buffer *change, wcl_error *error);

#endif
