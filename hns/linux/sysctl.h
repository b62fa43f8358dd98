/* The host's forwarding settings: switched on while a network needs them, with a memory on disk of
 * what they were. */
#ifndef WCL_HNS_SYSCTL_H
#define WCL_HNS_SYSCTL_H

#include "base/error.h"

/* Works in the namespace of the calling thread. `memory` is the file; see wcl_kernel_ops. */
wcl_status wcl_forwarding_set(const char *memory, bool ipv4, bool ipv6, wcl_error *error);

/* Writes a setting of one interface, "net/ipv4/conf/%s/NAME"; one the kernel lacks is skipped. */
wcl_status wcl_interface_setting(const char *family, const char *interface, const char *name,
                                 const char *value, wcl_error *error);

#endif
