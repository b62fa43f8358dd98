/* Networks and endpoints in the kernel: bridges, VXLANs, pairs of interfaces, rules. */
#include "hns/linux/kernel_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hns/linux/adapter.h"
#include "hns/linux/link.h"
#include "hns/linux/sysctl.h"
#include "hns/linux/traffic.h"

static void kernel_close(wcl_kernel *kernel)
{
    wcl_linux_kernel *linux_kernel = (wcl_linux_kernel *)kernel;

    wcl_rtnl_close(&linux_kernel->rtnl);
    wcl_firewall_close(&linux_kernel->firewall);
    if (linux_kernel->home_fd >= 0)
        close(linux_kernel->home_fd);
    free(linux_kernel);
}

/* ---- Settings, which belong to the namespace of the thread that writes them ---- */

struct settings {
    const char *interface;
    const char *memory;
    bool bridge_routes, ipv4, ipv6;
    wcl_status status;
    wcl_error *error;
};

static int write_bridge_settings(void *argument)
{
    struct settings *settings = argument;

    settings->status =
        wcl_interface_setting("ipv6", settings->interface, "accept_ra", "0", settings->error);
    if (settings->status == WCL_OK && settings->bridge_routes)
        settings->status = wcl_interface_setting("ipv4", settings->interface, "route_localnet", "1",
                                                 settings->error);
    return 0;
}

static int write_forwarding(void *argument)
{
    struct settings *settings = argument;

    settings->status =
        wcl_forwarding_set(settings->memory, settings->ipv4, settings->ipv6, settings->error);
    return 0;
}

/* Runs `function` in the service's namespace, in a thread of its own if the caller is elsewhere. */
static wcl_status run_at_home(const wcl_linux_kernel *kernel, int (*function)(void *),
                              struct settings *settings)
{
    struct stat here;
    bool is_home = stat("/proc/thread-self/ns/net", &here) == 0 &&
                   here.st_ino == kernel->home_inode && here.st_dev == kernel->home_device;
    int result = wcl_in_namespace(is_home ? -1 : kernel->home_fd, function, settings);

    if (result)
        return wcl_fail_errno(settings->error, result, "cannot enter the network namespace");
    return settings->status;
}

static wcl_status set_forwarding(wcl_kernel *kernel, const char *memory, bool ipv4, bool ipv6,
                                 wcl_error *error)
{
    struct settings settings = {
        .memory = memory, .ipv4 = ipv4, .ipv6 = ipv6, .error = error, .status = WCL_OK
    };

    return run_at_home((wcl_linux_kernel *)kernel, write_forwarding, &settings);
}

/* ---- The host's interfaces ---- */

static wcl_status find_adapter(wcl_kernel *kernel, const char *name, wcl_adapter *adapter,
                               wcl_error *error)
{
    wcl_rtnl *rtnl = &((wcl_linux_kernel *)kernel)->rtnl;
    wcl_link link, master;

    if (wcl_link_require(rtnl, "the network adapter", name, "does not exist", &link, error) !=
        WCL_OK)
        return WCL_FAILED;
    memset(adapter, 0, sizeof(*adapter));
    adapter->mtu = link.mtu;
    adapter->mac = link.mac;
    if (link.master) {
        wcl_status status = wcl_link_find(rtnl, NULL, link.master, &master, error);
        if (status == WCL_FAILED)
            return WCL_FAILED;
        snprintf(adapter->bridge, sizeof(adapter->bridge), "%s",
                 status == WCL_OK ? master.name : "?");
    }
    int holder = link.master ? link.master : link.index;
    return wcl_adapter_address(rtnl, holder, &adapter->ip, error);
}

static wcl_status check_prefix(wcl_kernel *kernel, const wcl_prefix *prefix, wcl_error *error)
{
    return wcl_prefix_check_host(&((wcl_linux_kernel *)kernel)->rtnl, prefix, error);
}

/* ---- Networks ---- */

/* Makes the bridge unless it is there; one of that name that is somebody else's is an error. */
static wcl_status ensure_bridge(wcl_linux_kernel *kernel, const wcl_network_record *network,
                                wcl_link *bridge, wcl_error *error)
{
    const wcl_bridge_options options = {
        .name = network->bridge, .group = kernel->home, .mac = &network->mac, .mtu = network->mtu
    };
    wcl_status status = wcl_link_find(&kernel->rtnl, network->bridge, 0, bridge, error);

    if (status == WCL_FAILED)
        return WCL_FAILED;
    if (status == WCL_OK && bridge->group != kernel->home)
        return wcl_fail(error, WCL_CODE_ALREADY_EXISTS,
                        "there is an interface %s that does not belong to the network",
                        network->bridge);
    if (status == WCL_END) {
        if (wcl_bridge_create(&kernel->rtnl, &options, error) != WCL_OK)
            return WCL_FAILED;
        status = wcl_link_require(&kernel->rtnl, "the bridge", network->bridge, "vanished", bridge,
                                  error);
    }
    struct settings settings = { .interface = network->bridge,
                                 .bridge_routes = network->kind == WCL_NETWORK_NAT,
                                 .error = error };
    return status == WCL_OK ? run_at_home(kernel, write_bridge_settings, &settings) : status;
}

/* Gives the bridge the gateways' addresses, where the host is the gateway. */
static wcl_status add_gateways(wcl_linux_kernel *kernel, const wcl_network_record *network,
                               const wcl_link *bridge, wcl_error *error)
{
    if (network->kind != WCL_NETWORK_NAT && network->kind != WCL_NETWORK_INTERNAL)
        return WCL_OK;
    for (size_t i = 0; i < network->subnet_count; i++)
        if (network->subnets[i].gateway.size &&
            wcl_address_add(&kernel->rtnl, bridge->index, &network->subnets[i].gateway,
                            network->subnets[i].prefix.length, error) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}

static wcl_status take_adapter(wcl_linux_kernel *kernel, const wcl_network_record *network,
                               const wcl_link *bridge, wcl_error *error)
{
    const char *name = network->object->network_adapter_name;
    wcl_link adapter;

    if (wcl_link_require(&kernel->rtnl, "the network adapter", name, "does not exist", &adapter,
                         error) != WCL_OK)
        return WCL_FAILED;
    if (adapter.master && adapter.master != bridge->index)
        return wcl_fail(error, WCL_CODE_BUSY, "the network adapter '%s' is a port of a bridge",
                        name);
    if (!adapter.master &&
        wcl_link_set_master(&kernel->rtnl, adapter.index, bridge->index, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_link_set_up(&kernel->rtnl, adapter.index, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_adapter_move(&kernel->rtnl, &adapter, bridge, error);
}

/* Gives the adapter, if it is a port of the bridge, its addresses and routes back. */
static wcl_status release_adapter(wcl_linux_kernel *kernel, const wcl_link *adapter,
                                  const wcl_link *bridge, wcl_error *error)
{
    if (adapter->master == bridge->index &&
        wcl_link_set_master(&kernel->rtnl, adapter->index, 0, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_adapter_move(&kernel->rtnl, bridge, adapter, error);
}

static wcl_status ensure_vxlan(wcl_linux_kernel *kernel, const wcl_network_record *network,
                               const wcl_link *bridge, wcl_error *error)
{
    const wcl_vxlan_options options = { .name = network->vxlan,
                                        .group = kernel->home,
                                        .vni = network->vsid,
                                        .local = &network->local,
                                        .bridge = bridge->index,
                                        .mtu = network->mtu };
    wcl_link vxlan;
    wcl_status status = wcl_link_find(&kernel->rtnl, network->vxlan, 0, &vxlan, error);

    if (status == WCL_END) {
        if (wcl_vxlan_create(&kernel->rtnl, &options, error) != WCL_OK)
            return WCL_FAILED;
        status = wcl_link_find(&kernel->rtnl, network->vxlan, 0, &vxlan, error);
    }
    if (status != WCL_OK)
        return WCL_FAILED;
    return wcl_link_set_up_as_port(&kernel->rtnl, vxlan.index, error);
}

/* Applies the rules of a network; the first one finds no tables, or what a crash left of them. */
static wcl_status add_rules(wcl_linux_kernel *kernel, const wcl_network_record *network, bool first,
                            wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer change = WCL_BUFFER_INIT;

    if (first && (wcl_firewall_remove_tables(&kernel->firewall, &change, error) != WCL_OK ||
                  wcl_firewall_add_tables(&kernel->firewall, &change, error) != WCL_OK))
        return WCL_FAILED;
    if (wcl_firewall_add_network(&kernel->firewall, network, &change, error) != WCL_OK ||
        wcl_firewall_apply(&kernel->firewall, &change, error) != WCL_OK)
        return WCL_FAILED;
    wcl_buffer_clear(&change);
    if (wcl_firewall_add_sources(&kernel->firewall, network, &change, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_firewall_apply(&kernel->firewall, &change, error);
}

/* Takes the rules of a network away. With other networks there, rules that are lost already are
 * nothing to fail for: the next restore writes all rules anew. */
static wcl_status remove_rules(wcl_linux_kernel *kernel, const wcl_network_record *network,
                               bool last, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer change = WCL_BUFFER_INIT;

    if (last)
        return wcl_firewall_remove_tables(&kernel->firewall, &change, error) == WCL_OK
                   ? wcl_firewall_apply(&kernel->firewall, &change, error)
                   : WCL_FAILED;
    if (wcl_firewall_remove_sources(&kernel->firewall, network, &change, error) != WCL_OK)
        return WCL_FAILED;
    wcl_firewall_apply(&kernel->firewall, &change, NULL);
    wcl_buffer_clear(&change);
    if (wcl_firewall_remove_network(&kernel->firewall, network, &change, error) != WCL_OK)
        return WCL_FAILED;
    wcl_firewall_apply(&kernel->firewall, &change, NULL);
    return WCL_OK;
}

static wcl_status build_network(wcl_linux_kernel *kernel, const wcl_network_record *network,
                                size_t others, wcl_error *error)
{
    wcl_link bridge;

    if (ensure_bridge(kernel, network, &bridge, error) != WCL_OK ||
        add_gateways(kernel, network, &bridge, error) != WCL_OK)
        return WCL_FAILED;
    if (network->kind == WCL_NETWORK_OVERLAY &&
        ensure_vxlan(kernel, network, &bridge, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_network_has_uplink(network->kind) &&
        take_adapter(kernel, network, &bridge, error) != WCL_OK)
        return WCL_FAILED;
    /* The tables may be missing when the other networks could not be restored. */
    return add_rules(kernel, network, others == 0 || !wcl_firewall_has_tables(&kernel->firewall),
                     error);
}

/* Removes the network's interfaces and gives back its adapter. */
static wcl_status remove_interfaces(wcl_linux_kernel *kernel, const wcl_network_record *network,
                                    wcl_error *error)
{
    wcl_link bridge, adapter;
    wcl_status status = wcl_link_find(&kernel->rtnl, network->bridge, 0, &bridge, error);

    if (network->vxlan[0] && wcl_link_delete_named(&kernel->rtnl, network->vxlan, error) != WCL_OK)
        return WCL_FAILED;
    if (status == WCL_OK && wcl_network_has_uplink(network->kind)) {
        status =
            wcl_link_find(&kernel->rtnl, network->object->network_adapter_name, 0, &adapter, error);
        if (status == WCL_OK)
            status = release_adapter(kernel, &adapter, &bridge, error);
        else if (status == WCL_END)
            status = WCL_OK;
    }
    if (status == WCL_OK && bridge.group == kernel->home)
        status = wcl_link_delete(&kernel->rtnl, bridge.index, error);
    return status == WCL_FAILED ? WCL_FAILED : WCL_OK;
}

static wcl_status network_down(wcl_kernel *base, const wcl_network_record *network, size_t others,
                               wcl_error *error)
{
    wcl_linux_kernel *kernel = (wcl_linux_kernel *)base;

    if (remove_interfaces(kernel, network, error) != WCL_OK)
        return WCL_FAILED;
    return remove_rules(kernel, network, others == 0, error);
}

static wcl_status network_up(wcl_kernel *base, const wcl_network_record *network, size_t others,
                             wcl_error *error)
{
    if (build_network((wcl_linux_kernel *)base, network, others, error) == WCL_OK)
        return WCL_OK;
    network_down(base, network, others, NULL);
    return WCL_FAILED;
}

/* ---- What is left over ---- */

/* A VXLAN never is: it is made anew, with the entries of the remote endpoints there now. */
static bool is_wanted(const char *name, wcl_network_record *const *networks, size_t network_count,
                      wcl_endpoint_record *const *endpoints, size_t endpoint_count)
{
    for (size_t i = 0; i < network_count; i++)
        if (strcmp(name, networks[i]->bridge) == 0)
            return true;
    for (size_t i = 0; i < endpoint_count; i++)
        if (endpoints[i]->attachment.kind &&
            (strcmp(name, endpoints[i]->interface) == 0 ||
             (endpoints[i]->rate && strcmp(name, endpoints[i]->shaper) == 0)))
            return true;
    return false;
}

/* Removes an interface that belongs to nothing; a bridge gives its foreign ports back first. */
static wcl_status remove_leftover(wcl_linux_kernel *kernel, const wcl_link *leftover,
                                  const wcl_link *links, size_t count, wcl_error *error)
{
    if (strcmp(leftover->kind, "bridge") == 0)
        for (size_t i = 0; i < count; i++)
            if (links[i].master == leftover->index && links[i].group != kernel->home &&
                release_adapter(kernel, &links[i], leftover, error) != WCL_OK)
                return WCL_FAILED;
    return wcl_link_delete(&kernel->rtnl, leftover->index, error);
}

static wcl_status sweep(wcl_kernel *base, wcl_network_record *const *networks, size_t network_count,
                        wcl_endpoint_record *const *endpoints, size_t endpoint_count,
                        wcl_error *error)
{
    wcl_linux_kernel *kernel = (wcl_linux_kernel *)base;
    WCL_CLEANUP_BUFFER wcl_buffer change = WCL_BUFFER_INIT;
    WCL_CLEANUP_FREE wcl_link *links = NULL;
    size_t count;

    if (wcl_link_list(&kernel->rtnl, &links, &count, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i < count; i++)
        if (links[i].group == kernel->home && strncmp(links[i].name, "wcl", 3) == 0 &&
            !is_wanted(links[i].name, networks, network_count, endpoints, endpoint_count) &&
            remove_leftover(kernel, &links[i], links, count, error) != WCL_OK)
            return WCL_FAILED;
    if (wcl_firewall_remove_tables(&kernel->firewall, &change, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_firewall_apply(&kernel->firewall, &change, error);
}

static wcl_status identify(wcl_kernel *base, char text[80], wcl_error *error)
{
    wcl_linux_kernel *kernel = (wcl_linux_kernel *)base;
    char boot[40] = "";
    int file = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

    if (file < 0 || read(file, boot, 36) < 0) {
        int number = errno;
        if (file >= 0)
            close(file);
        return wcl_fail_errno(error, number, "cannot read the boot id");
    }
    close(file);
    snprintf(text, 80, "%.36s %" PRIu64, boot, (uint64_t)kernel->home_inode);
    return WCL_OK;
}

static const wcl_kernel_ops linux_ops = {
    .close = kernel_close,
    .find_adapter = find_adapter,
    .check_prefix = check_prefix,
    .network_up = network_up,
    .network_down = network_down,
    .endpoint_up = wcl_linux_endpoint_up,
    .endpoint_down = wcl_linux_endpoint_down,
    .endpoint_change = wcl_linux_endpoint_change,
    .endpoint_is_up = wcl_linux_endpoint_is_up,
    .statistics = wcl_linux_statistics,
    .set_forwarding = set_forwarding,
    .sweep = sweep,
    .namespace_create = wcl_linux_namespace_create,
    .namespace_remove = wcl_linux_namespace_remove,
    .namespace_enter = wcl_linux_namespace_enter,
    .identify = identify,
};

static wcl_status kernel_open_parts(wcl_linux_kernel *kernel, const char *owner, wcl_error *error)
{
    struct stat home;

    kernel->home_fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    if (kernel->home_fd < 0 || fstat(kernel->home_fd, &home) != 0)
        return wcl_fail_errno(error, errno, "cannot open the network namespace");
    kernel->home_inode = home.st_ino;
    kernel->home_device = home.st_dev;
    if (wcl_rtnl_open(&kernel->rtnl, -1, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_firewall_open(&kernel->firewall, kernel->home, owner, error);
}

wcl_status wcl_kernel_open(uint32_t home, const char *owner, wcl_kernel **kernel, wcl_error *error)
{
    wcl_linux_kernel *opened = calloc(1, sizeof(*opened));

    if (!opened)
        return wcl_fail_memory(error);
    opened->base.ops = &linux_ops;
    opened->home = home;
    opened->home_fd = -1;
    if (kernel_open_parts(opened, owner, error) != WCL_OK) {
        kernel_close(&opened->base);
        return WCL_FAILED;
    }
    *kernel = &opened->base;
    return WCL_OK;
}
