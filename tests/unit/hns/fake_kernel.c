/* A kernel side that does nothing but count and, when told to, fail. */
#include "tests/unit/hns/fake_kernel.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static fake_kernel *fake(wcl_kernel *kernel)
{
    return (fake_kernel *)kernel;
}

static void close_kernel(wcl_kernel *kernel)
{
    free(kernel);
}

/* "eth0" is an adapter with addresses, "bare0" one without, "port0" one in use. */
static wcl_status find_adapter(wcl_kernel *kernel, const char *name, wcl_adapter *adapter,
                               wcl_error *error)
{
    (void)kernel;
    memset(adapter, 0, sizeof(*adapter));
    adapter->mtu = 1400;
    adapter->mac = wcl_mac_from_number(0x00155D010203);
    if (strcmp(name, "eth0") == 0)
        wcl_ip_parse("192.0.2.1", &adapter->ip);
    else if (strcmp(name, "port0") == 0)
        snprintf(adapter->bridge, sizeof(adapter->bridge), "br0");
    else if (strcmp(name, "bare0") != 0)
        return wcl_fail(error, WCL_CODE_ELEMENT_NOT_FOUND, "there is no network adapter '%s'",
                        name);
    return WCL_OK;
}

/* The host has 10.255.0.1/16. */
static wcl_status check_prefix(wcl_kernel *kernel, const wcl_prefix *prefix, wcl_error *error)
{
    wcl_prefix host;

    (void)kernel;
    wcl_prefix_parse("10.255.0.0/16", &host);
    return prefix->address.size == 4 && wcl_prefix_overlaps(prefix, &host)
               ? wcl_fail(error, WCL_CODE_ALREADY_EXISTS, "the subnet overlaps with the host's")
               : WCL_OK;
}

static wcl_status network_up(wcl_kernel *kernel, const wcl_network_record *network, size_t others,
                             wcl_error *error)
{
    (void)network;
    (void)others;
    if (fake(kernel)->fail_network)
        return wcl_fail(error, WCL_CODE_GEN_FAILURE, "the kernel has no bridges today");
    fake(kernel)->networks_up++;
    return WCL_OK;
}

static wcl_status network_down(wcl_kernel *kernel, const wcl_network_record *network, size_t others,
                               wcl_error *error)
{
    (void)network;
    (void)others;
    (void)error;
    fake(kernel)->networks_up--;
    return WCL_OK;
}

static wcl_status endpoint_up(wcl_kernel *kernel, const wcl_network_record *network,
                              const wcl_endpoint_record *endpoint, int namespace_fd,
                              wcl_error *error)
{
    (void)network;
    (void)endpoint;
    (void)namespace_fd;
    if (fake(kernel)->fail_endpoint)
        return wcl_fail(error, WCL_CODE_GEN_FAILURE, "the kernel has no interfaces today");
    fake(kernel)->endpoints_up++;
    return WCL_OK;
}

static wcl_status endpoint_down(wcl_kernel *kernel, const wcl_network_record *network,
                                const wcl_endpoint_record *endpoint, wcl_error *error)
{
    (void)network;
    (void)endpoint;
    (void)error;
    fake(kernel)->endpoints_up--;
    return WCL_OK;
}

static wcl_status endpoint_change(wcl_kernel *kernel, const wcl_network_record *network,
                                  const wcl_endpoint_record *before,
                                  const wcl_endpoint_record *after, wcl_error *error)
{
    (void)network;
    (void)after;
    fake(kernel)->changes++;
    return fake(kernel)->fail_change && before
               ? wcl_fail(error, WCL_CODE_GEN_FAILURE, "the kernel changes nothing today")
               : WCL_OK;
}

static wcl_status endpoint_is_up(wcl_kernel *kernel, const wcl_endpoint_record *endpoint,
                                 bool *is_up, wcl_error *error)
{
    (void)endpoint;
    (void)error;
    *is_up = fake(kernel)->is_up;
    return WCL_OK;
}

static wcl_status statistics(wcl_kernel *kernel, const wcl_endpoint_record *endpoint,
                             int namespace_fd, wcl_hns_statistics *found, wcl_error *error)
{
    (void)kernel;
    (void)endpoint;
    (void)namespace_fd;
    (void)error;
    *found = (wcl_hns_statistics) { sizeof(*found), 1, 2, 3, 4, 5, 6 };
    return WCL_OK;
}

static wcl_status set_forwarding(wcl_kernel *kernel, const char *memory, bool ipv4, bool ipv6,
                                 wcl_error *error)
{
    (void)memory;
    (void)error;
    fake(kernel)->forwarding4 = ipv4;
    fake(kernel)->forwarding6 = ipv6;
    return WCL_OK;
}

static wcl_status sweep(wcl_kernel *kernel, wcl_network_record *const *networks,
                        size_t network_count, wcl_endpoint_record *const *endpoints,
                        size_t endpoint_count, wcl_error *error)
{
    (void)networks;
    (void)network_count;
    (void)endpoints;
    (void)endpoint_count;
    (void)error;
    fake(kernel)->sweeps++;
    fake(kernel)->networks_up = 0;
    return WCL_OK;
}

static wcl_status namespace_create(wcl_kernel *kernel, const char *path, wcl_error *error)
{
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);

    if (file < 0)
        return wcl_fail(error, WCL_CODE_ALREADY_EXISTS, "there is a network namespace at %s", path);
    close(file);
    fake(kernel)->namespaces++;
    return WCL_OK;
}

static wcl_status namespace_remove(wcl_kernel *kernel, const char *path, wcl_error *error)
{
    (void)error;
    if (unlink(path) == 0)
        fake(kernel)->namespaces--;
    return WCL_OK;
}

static wcl_status namespace_enter(wcl_kernel *kernel, const char *path, wcl_error *error)
{
    (void)kernel;
    return !path || access(path, F_OK) == 0
               ? WCL_OK
               : wcl_fail(error, WCL_CODE_ELEMENT_NOT_FOUND, "there is no such compartment");
}

static wcl_status identify(wcl_kernel *kernel, char text[80], wcl_error *error)
{
    (void)error;
    memcpy(text, fake(kernel)->identity, 80);
    return WCL_OK;
}

static const wcl_kernel_ops fake_ops = {
    .close = close_kernel,
    .find_adapter = find_adapter,
    .check_prefix = check_prefix,
    .network_up = network_up,
    .network_down = network_down,
    .endpoint_up = endpoint_up,
    .endpoint_down = endpoint_down,
    .endpoint_change = endpoint_change,
    .endpoint_is_up = endpoint_is_up,
    .statistics = statistics,
    .set_forwarding = set_forwarding,
    .sweep = sweep,
    .namespace_create = namespace_create,
    .namespace_remove = namespace_remove,
    .namespace_enter = namespace_enter,
    .identify = identify,
};

wcl_hns *fake_service_open(const char *folder, const char *identity, fake_kernel **kernel)
{
    fake_kernel *made = calloc(1, sizeof(*made));
    wcl_service *service = NULL;
    char state[512], run[512];

    if (!made)
        abort();
    made->base.ops = &fake_ops;
    snprintf(made->identity, sizeof(made->identity), "%s", identity);
    snprintf(state, sizeof(state), "%s/state", folder);
    snprintf(run, sizeof(run), "%s/run", folder);
    const wcl_hns_options options = { .struct_size = sizeof(options),
                                      .state_dir = state,
                                      .run_dir = run };
    if (wcl_service_new(&options, &made->base, 0x40000001, &service, NULL) != WCL_OK)
        abort();
    service->base.provider = &wcl_hns_linux_provider;
    if (kernel)
        *kernel = made;
    return &service->base;
}
