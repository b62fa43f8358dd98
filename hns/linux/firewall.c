/* The tables of nftables: address translation, port mappings and separation. */
#include "hns/linux/firewall.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "platform/linux/late.h"

static wcl_status firewall_load(wcl_nftables *nftables, wcl_error *error)
{
    const wcl_late_symbol symbols[] = {
        WCL_LATE_SYMBOL(nftables, nft_ctx_new),
        WCL_LATE_SYMBOL(nftables, nft_ctx_free),
        WCL_LATE_SYMBOL(nftables, nft_ctx_buffer_error),
        WCL_LATE_SYMBOL(nftables, nft_ctx_buffer_output),
        WCL_LATE_SYMBOL(nftables, nft_ctx_get_error_buffer),
        WCL_LATE_SYMBOL(nftables, nft_run_cmd_from_buffer),
    };

    return wcl_late_load(WCL_SONAME_NFTABLES, symbols, sizeof(symbols) / sizeof(symbols[0]), error);
}

wcl_status wcl_firewall_open(wcl_firewall *firewall, uint32_t home, const char *owner,
                             wcl_error *error)
{
    size_t length = 0;

    snprintf(firewall->table, sizeof(firewall->table), "wcl_%08" PRIx32, home);
    for (const char *at = owner; *at && length < 100; at++)
        firewall->owner[length++] = *at < ' ' || *at > '~' || *at == '"' || *at == '\\' ? '_' : *at;
    firewall->owner[length] = '\0';
    if (firewall_load(&firewall->nftables, error) != WCL_OK)
        return WCL_FAILED;
    firewall->context = firewall->nftables.nft_ctx_new(NFT_CTX_DEFAULT);
    if (!firewall->context)
        return wcl_fail(error, WCL_CODE_GEN_FAILURE, "cannot reach nftables");
    firewall->nftables.nft_ctx_buffer_error(firewall->context);
    firewall->nftables.nft_ctx_buffer_output(firewall->context);
    return WCL_OK;
}

void wcl_firewall_close(wcl_firewall *firewall)
{
    if (firewall->context)
        firewall->nftables.nft_ctx_free(firewall->context);
    firewall->context = NULL;
}

/* Appends a template with the names put in; `network` may be NULL. */
static wcl_status expand(const wcl_firewall *firewall, const char *template,
                         const wcl_network_record *network, wcl_buffer *change, wcl_error *error)
{
    for (const char *at = template, *next; *at; at = next) {
        size_t plain = strcspn(at, "$");
        const char *name = "";
        if (wcl_buffer_append(change, at, plain, error) != WCL_OK)
            return WCL_FAILED;
        next = at + plain;
        if (!*next)
            break;
        if (next[1] == 'T')
            name = firewall->table;
        else if (next[1] == 'O')
            name = firewall->owner;
        else if (network)
            name = next[1] == 'N' ? network->tag : network->bridge;
        if (wcl_buffer_append_text(change, name, error) != WCL_OK)
            return WCL_FAILED;
        next += 2;
    }
    return WCL_OK;
}

/*
 * In these, $T stands for the table, $O for the owner, $N for the network's tag and $B for its
 * bridge. Loopback: a bridge that routes 127.0.0.0/8, so that mappings work from
 * there, must not take such packets from a container. A packet's way out of a
 * network is judged in from_TAG, its way in in to_TAG, its source address in leave_TAG.
 */
static const char inet_table[] =
    "add table inet $T { comment \"$O\"; }\n"
    "add set inet $T bridges { type ifname; }\n"
    "add map inet $T ports4 { type inet_proto . inet_service : ipv4_addr . inet_service; }\n"
    "add map inet $T ports6 { type inet_proto . inet_service : ipv6_addr . inet_service; }\n"
    "add set inet $T isolated4 { type ipv4_addr; }\n"
    "add set inet $T isolated6 { type ipv6_addr; }\n"
    "add set inet $T selves4 { type ipv4_addr . ipv4_addr; }\n"
    "add set inet $T selves6 { type ipv6_addr . ipv6_addr; }\n"
    "add map inet $T sources4 { type ipv4_addr : verdict; flags interval; }\n"
    "add map inet $T sources6 { type ipv6_addr : verdict; flags interval; }\n"
    "add map inet $T from { type ifname : verdict; }\n"
    "add map inet $T to { type ifname : verdict; }\n"
    "add chain inet $T loopback { type filter hook prerouting priority raw; }\n"
    "add rule inet $T loopback iifname @bridges ip daddr 127.0.0.0/8 drop\n"
    "add chain inet $T inbound { type nat hook prerouting priority dstnat; }\n"
    "add rule inet $T inbound fib daddr type local dnat ip to meta l4proto . th dport map "
    "@ports4\n"
    "add rule inet $T inbound fib daddr type local dnat ip6 to meta l4proto . th dport map "
    "@ports6\n"
    "add chain inet $T outbound { type nat hook output priority -100; }\n"
    "add rule inet $T outbound fib daddr type local dnat ip to meta l4proto . th dport map "
    "@ports4\n"
    "add rule inet $T outbound fib daddr type local dnat ip6 to meta l4proto . th dport map "
    "@ports6\n"
    "add chain inet $T leaving { type nat hook postrouting priority srcnat; }\n"
    "add rule inet $T leaving ip saddr vmap @sources4\n"
    "add rule inet $T leaving ip6 saddr vmap @sources6\n"
    "add rule inet $T leaving oifname @bridges ip saddr 127.0.0.0/8 masquerade\n"
    "add rule inet $T leaving oifname @bridges ip6 saddr ::1 masquerade\n"
    "add chain inet $T forward { type filter hook forward priority filter; }\n"
    "add rule inet $T forward iifname vmap @from\n"
    "add rule inet $T forward oifname vmap @to\n";

static const char bridge_table[] =
    "add table bridge $T { comment \"$O\"; }\n"
    "add set bridge $T isolated { type ifname; }\n"
    "add set bridge $T selves { type ifname . ifname; }\n"
    "add set bridge $T uplinks { type ifname; }\n"
    "add chain bridge $T forward { type filter hook forward priority filter; }\n"
    "add rule bridge $T forward iifname . oifname @selves accept\n"
    "add rule bridge $T forward iifname @isolated oifname != @uplinks drop\n"
    "add rule bridge $T forward oifname @isolated iifname != @uplinks drop\n";

wcl_status wcl_firewall_add_tables(const wcl_firewall *firewall, wcl_buffer *change,
                                   wcl_error *error)
{
    if (expand(firewall, inet_table, NULL, change, error) != WCL_OK)
        return WCL_FAILED;
    return expand(firewall, bridge_table, NULL, change, error);
}

wcl_status wcl_firewall_remove_tables(const wcl_firewall *firewall, wcl_buffer *change,
                                      wcl_error *error)
{
    /* Adding one that is there changes nothing, and then there is one to delete. */
    return expand(firewall,
                  "add table inet $T\ndelete table inet $T\n"
                  "add table bridge $T\ndelete table bridge $T\n",
                  NULL, change, error);
}

static const char nat_chains[] =
    "add element inet $T bridges { \"$B\" }\n"
    "add chain inet $T from_$N\n"
    "add rule inet $T from_$N ip saddr . ip daddr @selves4 return\n"
    "add rule inet $T from_$N ip6 saddr . ip6 daddr @selves6 return\n"
    "add rule inet $T from_$N oifname \"$B\" ip saddr @isolated4 drop\n"
    "add rule inet $T from_$N oifname \"$B\" ip daddr @isolated4 drop\n"
    "add rule inet $T from_$N oifname \"$B\" ip6 saddr @isolated6 drop\n"
    "add rule inet $T from_$N oifname \"$B\" ip6 daddr @isolated6 drop\n"
    "add rule inet $T from_$N ct status dnat return\n"
    "add rule inet $T from_$N oifname != \"$B\" oifname @bridges drop\n"
    "add chain inet $T to_$N\n"
    "add rule inet $T to_$N ct status dnat return\n"
    "add rule inet $T to_$N ct state established,related return\n"
    "add rule inet $T to_$N iifname != \"$B\" drop\n"
    "add chain inet $T leave_$N\n"
    "add rule inet $T leave_$N oifname != \"$B\" masquerade\n"
    "add rule inet $T leave_$N ct status dnat masquerade\n";

static const char internal_chains[] = "add element inet $T bridges { \"$B\" }\n"
                                      "add chain inet $T from_$N\n"
                                      "add rule inet $T from_$N oifname != \"$B\" drop\n"
                                      "add rule inet $T from_$N ip saddr @isolated4 drop\n"
                                      "add rule inet $T from_$N ip daddr @isolated4 drop\n"
                                      "add rule inet $T from_$N ip6 saddr @isolated6 drop\n"
                                      "add rule inet $T from_$N ip6 daddr @isolated6 drop\n"
                                      "add chain inet $T to_$N\n"
                                      "add rule inet $T to_$N iifname != \"$B\" drop\n";

static const char gates[] = "add element inet $T from { \"$B\" : jump from_$N }\n"
                            "add element inet $T to { \"$B\" : jump to_$N }\n";

static const char gates_removed[] = "delete element inet $T bridges { \"$B\" }\n"
                                    "delete element inet $T from { \"$B\" : jump from_$N }\n"
                                    "delete element inet $T to { \"$B\" : jump to_$N }\n"
                                    "delete chain inet $T from_$N\n"
                                    "delete chain inet $T to_$N\n";

static bool has_gates(const wcl_network_record *network)
{
    return network->kind == WCL_NETWORK_NAT || network->kind == WCL_NETWORK_INTERNAL;
}

/* Which source addresses leave through the network's chain. */
static wcl_status change_sources(const wcl_firewall *firewall, const wcl_network_record *network,
                                 const char *verb, wcl_buffer *change, wcl_error *error)
{
    for (size_t i = 0; i < network->subnet_count; i++) {
        const wcl_prefix *prefix = &network->subnets[i].prefix;
        char text[WCL_IP_TEXT_SIZE];
        if (wcl_buffer_printf(
                change, error, "%s element inet %s sources%c { %s/%u : jump leave_%s }\n", verb,
                firewall->table, prefix->address.size == 4 ? '4' : '6',
                wcl_ip_format(&prefix->address, text), prefix->length, network->tag) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

wcl_status wcl_firewall_add_network(const wcl_firewall *firewall, const wcl_network_record *network,
                                    wcl_buffer *change, wcl_error *error)
{
    if (wcl_network_has_uplink(network->kind) &&
        wcl_buffer_printf(change, error, "add element bridge %s uplinks { \"%s\" }\n",
                          firewall->table, network->object->network_adapter_name) != WCL_OK)
        return WCL_FAILED;
    if (!has_gates(network))
        return WCL_OK;
    if (expand(firewall, network->kind == WCL_NETWORK_NAT ? nat_chains : internal_chains, network,
               change, error) != WCL_OK)
        return WCL_FAILED;
    return expand(firewall, gates, network, change, error);
}

wcl_status wcl_firewall_add_sources(const wcl_firewall *firewall, const wcl_network_record *network,
                                    wcl_buffer *change, wcl_error *error)
{
    return network->kind == WCL_NETWORK_NAT
               ? change_sources(firewall, network, "add", change, error)
               : WCL_OK;
}

wcl_status wcl_firewall_remove_sources(const wcl_firewall *firewall,
                                       const wcl_network_record *network, wcl_buffer *change,
                                       wcl_error *error)
{
    return network->kind == WCL_NETWORK_NAT
               ? change_sources(firewall, network, "delete", change, error)
               : WCL_OK;
}

wcl_status wcl_firewall_remove_network(const wcl_firewall *firewall,
                                       const wcl_network_record *network, wcl_buffer *change,
                                       wcl_error *error)
{
    if (wcl_network_has_uplink(network->kind) &&
        wcl_buffer_printf(change, error, "delete element bridge %s uplinks { \"%s\" }\n",
                          firewall->table, network->object->network_adapter_name) != WCL_OK)
        return WCL_FAILED;
    if (!has_gates(network))
        return WCL_OK;
    if (network->kind == WCL_NETWORK_NAT &&
        expand(firewall, "delete chain inet $T leave_$N\n", network, change, error) != WCL_OK)
        return WCL_FAILED;
    return expand(firewall, gates_removed, network, change, error);
}

/* Adds one element, or takes it away whether it is there or not. */
static wcl_status change_element(const wcl_firewall *firewall, bool add, const char *family,
                                 const char *set, const char *element, wcl_buffer *change,
                                 wcl_error *error)
{
    if (wcl_buffer_printf(change, error, "add element %s %s %s { %s }\n", family, firewall->table,
                          set, element) != WCL_OK)
        return WCL_FAILED;
    if (add)
        return WCL_OK;
    return wcl_buffer_printf(change, error, "delete element %s %s %s { %s }\n", family,
                             firewall->table, set, element);
}

static wcl_status change_port(const wcl_firewall *firewall, bool add, const wcl_hns_nat_policy *nat,
                              const wcl_ip *ip, wcl_buffer *change, wcl_error *error)
{
    char element[128], text[WCL_IP_TEXT_SIZE];

    snprintf(element, sizeof(element), "%s . %u : %s . %u", wcl_nat_protocol(nat),
             nat->external_port, wcl_ip_format(ip, text), nat->internal_port);
    return change_element(firewall, add, "inet", ip->size == 4 ? "ports4" : "ports6", element,
                          change, error);
}

/* An endpoint that is to reach no other must still reach itself, by a port that is mapped to it. */
static wcl_status change_isolation(const wcl_firewall *firewall, bool add,
                                   const wcl_endpoint_record *endpoint, wcl_buffer *change,
                                   wcl_error *error)
{
    char name[IFNAMSIZ + 2], pair[128], text[WCL_IP_TEXT_SIZE];

    snprintf(name, sizeof(name), "\"%s\"", endpoint->interface);
    snprintf(pair, sizeof(pair), "%s . %s", name, name);
    if (change_element(firewall, add, "bridge", "isolated", name, change, error) != WCL_OK ||
        change_element(firewall, add, "bridge", "selves", pair, change, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i < endpoint->address_count; i++) {
        bool is_ipv4 = endpoint->addresses[i].ip.size == 4;
        wcl_ip_format(&endpoint->addresses[i].ip, text);
        snprintf(pair, sizeof(pair), "%s . %s", text, text);
        if (change_element(firewall, add, "inet", is_ipv4 ? "isolated4" : "isolated6", text, change,
                           error) != WCL_OK ||
            change_element(firewall, add, "inet", is_ipv4 ? "selves4" : "selves6", pair, change,
                           error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

static wcl_status change_endpoint(const wcl_firewall *firewall, bool add,
                                  const wcl_endpoint_record *endpoint, wcl_buffer *change,
                                  wcl_error *error)
{
    const wcl_hns_endpoint *object = endpoint->object;

    for (size_t i = 0; i < object->policy_count; i++) {
        if (object->policies[i].type != WCL_HNS_POLICY_NAT)
            continue;
        for (size_t j = 0; j < endpoint->address_count; j++)
            if (change_port(firewall, add, &object->policies[i].nat, &endpoint->addresses[j].ip,
                            change, error) != WCL_OK)
                return WCL_FAILED;
    }
    return object->disable_icc ? change_isolation(firewall, add, endpoint, change, error) : WCL_OK;
}

wcl_status wcl_firewall_add_endpoint(const wcl_firewall *firewall,
                                     const wcl_endpoint_record *endpoint, wcl_buffer *change,
                                     wcl_error *error)
{
    return change_endpoint(firewall, true, endpoint, change, error);
}

wcl_status wcl_firewall_remove_endpoint(const wcl_firewall *firewall,
                                        const wcl_endpoint_record *endpoint, wcl_buffer *change,
                                        wcl_error *error)
{
    return change_endpoint(firewall, false, endpoint, change, error);
}

wcl_status wcl_firewall_apply(wcl_firewall *firewall, const wcl_buffer *change, wcl_error *error)
{
    if (change->size == 0)
        return WCL_OK;
    if (firewall->nftables.nft_run_cmd_from_buffer(firewall->context, wcl_buffer_text(change)) == 0)
        return WCL_OK;
    /* The reason is one line; the next one is the command it is about. */
    const char *reason = firewall->nftables.nft_ctx_get_error_buffer(firewall->context);
    size_t line = reason ? strcspn(reason, "\n") : 0;
    const char *command = reason && reason[line] ? reason + line + 1 : "";
    return wcl_fail(error, WCL_CODE_GEN_FAILURE,
                    "nftables refused a change of the table %s: %.*s: %.*s", firewall->table,
                    (int)line, reason ? reason : "", (int)strcspn(command, "\n"), command);
}

bool wcl_firewall_has_tables(wcl_firewall *firewall)
{
    char command[64];

    snprintf(command, sizeof(command), "list set inet %s bridges", firewall->table);
    return firewall->nftables.nft_run_cmd_from_buffer(firewall->context, command) == 0;
}
