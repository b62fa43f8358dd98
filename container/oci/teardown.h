/* Giving back what a container had, once nobody works with it. */
#ifndef WCL_CONTAINER_OCI_TEARDOWN_H
#define WCL_CONTAINER_OCI_TEARDOWN_H

#include <wcl/base.h>

/*
 * Unprepares the layer, detaches the endpoints and removes the container's folder `path`. The
 * caller holds its lock. What is gone already is no error. With `ended`, what the configuration
 * says goes with the container is removed as well: the caller of a creation that failed has it yet.
 */
wcl_status wcl_container_teardown(const char *path, bool ended, wcl_error *error);

/* Ends a container without a supervisor through its runtime, and then tears it down. */
wcl_status wcl_container_teardown_lost(const char *path, wcl_error *error);

#endif
