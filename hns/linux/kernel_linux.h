/* The parts of the real kernel side: one file for networks, one for endpoints, one for namespaces.
 */
#ifndef WCL_HNS_KERNEL_LINUX_H
#define WCL_HNS_KERNEL_LINUX_H

#include "hns/linux/firewall.h"
#include "hns/linux/kernel.h"
#include "hns/linux/rtnl.h"

typedef struct wcl_linux_kernel {
    wcl_kernel base;
    uint32_t home; /* the interface group that marks what is ours */
    int home_fd;   /* the namespace the service works in */
    ino_t home_inode;
    dev_t home_device;
    wcl_rtnl rtnl;
    wcl_firewall firewall;
} wcl_linux_kernel;

wcl_status wcl_linux_endpoint_up(wcl_kernel *base, const wcl_network_record *network,
                                 const wcl_endpoint_record *endpoint, int namespace_fd,
                                 wcl_error *error);
wcl_status wcl_linux_endpoint_down(wcl_kernel *base, const wcl_network_record *network,
                                   const wcl_endpoint_record *endpoint, wcl_error *error);
wcl_status wcl_linux_endpoint_change(wcl_kernel *base, const wcl_network_record *network,
                                     const wcl_endpoint_record *before,
                                     const wcl_endpoint_record *after, wcl_error *error);
wcl_status wcl_linux_endpoint_is_up(wcl_kernel *base, const wcl_endpoint_record *endpoint,
                                    bool *is_up, wcl_error *error);
wcl_status wcl_linux_statistics(wcl_kernel *base, const wcl_endpoint_record *endpoint,
                                int namespace_fd, wcl_hns_statistics *statistics, wcl_error *error);

wcl_status wcl_linux_namespace_create(wcl_kernel *base, const char *path, wcl_error *error);
wcl_status wcl_linux_namespace_remove(wcl_kernel *base, const char *path, wcl_error *error);
wcl_status wcl_linux_namespace_enter(wcl_kernel *base, const char *path, wcl_error *error);

#endif
