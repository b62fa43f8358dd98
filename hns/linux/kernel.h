/*
 * What the provider asks of the kernel, as a table of functions, so that the rules of the service
 * can be tested, and fuzzed, without one.
 */
#ifndef WCL_HNS_KERNEL_H
#define WCL_HNS_KERNEL_H

#include "hns/linux/record.h"

typedef struct wcl_kernel wcl_kernel;

typedef struct wcl_adapter {
    uint32_t mtu;
    wcl_mac mac;
    wcl_ip ip;             /* its first IPv4, else IPv6 address; size 0 for none */
    char bridge[IFNAMSIZ]; /* what it is a port of, "" for nothing */
} wcl_adapter;

typedef struct wcl_kernel_ops {
    void (*close)(wcl_kernel *kernel);
    /* Fails when there is no such interface. */
    wcl_status (*find_adapter)(wcl_kernel *kernel, const char *name, wcl_adapter *adapter,
                               wcl_error *error);
    /* Fails when an address of the host lies in the prefix. */
    wcl_status (*check_prefix)(wcl_kernel *kernel, const wcl_prefix *prefix, wcl_error *error);
    /*
     * Build and take down. A failed network_up or endpoint_up leaves nothing. Taking down what is
     * not there, wholly or in part, is not an error. `others` is how many other networks there are.
     */
    wcl_status (*network_up)(wcl_kernel *kernel, const wcl_network_record *network, size_t others,
                             wcl_error *error);
    wcl_status (*network_down)(wcl_kernel *kernel, const wcl_network_record *network, size_t others,
                               wcl_error *error);
    /* A remote endpoint, or one attached to the namespace of the descriptor (negative: the
     * service's own). */
    wcl_status (*endpoint_up)(wcl_kernel *kernel, const wcl_network_record *network,
                              const wcl_endpoint_record *endpoint, int namespace_fd,
                              wcl_error *error);
    wcl_status (*endpoint_down)(wcl_kernel *kernel, const wcl_network_record *network,
                                const wcl_endpoint_record *endpoint, wcl_error *error);
    /* Changes the policies of one that is up; with `before` NULL, from what is not known. */
    wcl_status (*endpoint_change)(wcl_kernel *kernel, const wcl_network_record *network,
                                  const wcl_endpoint_record *before,
                                  const wcl_endpoint_record *after, wcl_error *error);
    wcl_status (*statistics)(wcl_kernel *kernel, const wcl_endpoint_record *endpoint,
                             int namespace_fd, wcl_hns_statistics *statistics, wcl_error *error);
    /*
     * Forwarding as the networks that are there need it: `ipv4`, `ipv6`. What is changed is first
     * noted in the file `memory`, and undone, and the file removed, when it is not needed any more.
     */
    wcl_status (*set_forwarding)(wcl_kernel *kernel, const char *memory, bool ipv4, bool ipv6,
                                 wcl_error *error);
    /* Removes interfaces and rules that belong to none of these, and rules of these: the rest of a
     * restore is network_up and endpoint_up for all. */
    wcl_status (*sweep)(wcl_kernel *kernel, wcl_network_record *const *networks,
                        size_t network_count, wcl_endpoint_record *const *endpoints,
                        size_t endpoint_count, wcl_error *error);
    /* Whether the endpoint's interface is there. */
    wcl_status (*endpoint_is_up)(wcl_kernel *kernel, const wcl_endpoint_record *endpoint,
                                 bool *is_up, wcl_error *error);
    wcl_status (*namespace_create)(wcl_kernel *kernel, const char *path, wcl_error *error);
    wcl_status (*namespace_remove)(wcl_kernel *kernel, const char *path, wcl_error *error);
    /* The calling thread enters the namespace at `path`, or the service's own for NULL. */
    wcl_status (*namespace_enter)(wcl_kernel *kernel, const char *path, wcl_error *error);
    /* Tells the namespace the service is in from others, also after a restart of the host. */
    wcl_status (*identify)(wcl_kernel *kernel, char text[80], wcl_error *error);
} wcl_kernel_ops;

struct wcl_kernel {
    const wcl_kernel_ops *ops;
};

/*
 * The real one, at work in the namespace that the calling thread is in. `home` marks the interfaces
 * as belonging to one state folder, `owner` says to people whose they are.
 */
wcl_status wcl_kernel_open(uint32_t home, const char *owner, wcl_kernel **kernel, wcl_error *error);

#endif
