/* A kernel side that does nothing but count and, when told to, fail; and a service upon it. */
#ifndef WCL_TEST_FAKE_KERNEL_H
#define WCL_TEST_FAKE_KERNEL_H

#include "hns/linux/service.h"

typedef struct fake_kernel {
    wcl_kernel base;
    int networks_up;
    int endpoints_up;
    int changes;
    int sweeps;
    int namespaces;
    bool forwarding4, forwarding6;
    bool fail_network, fail_endpoint, fail_change;
    bool is_up; /* what endpoint_is_up says */
    char identity[80];
} fake_kernel;

/* A service in a folder of its own under `folder`; closed with wcl_hns_close(). */
wcl_hns *fake_service_open(const char *folder, const char *identity, fake_kernel **kernel);

#endif
