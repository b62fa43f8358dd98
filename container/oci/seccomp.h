/* What system calls a container's processes may make. */
#ifndef WCL_CONTAINER_OCI_SECCOMP_H
#define WCL_CONTAINER_OCI_SECCOMP_H

#include <cjson/cJSON.h>
#include <wcl/base.h>

/* The profile's name that stands for none. */
#define WCL_SECCOMP_UNCONFINED "unconfined"

/*
 * Adds "seccomp" to the document's "linux", as a profile in docker's form says for this machine and
 * for processes of those capabilities. `profile` is the profile's text; NULL and "" are docker's
 * own (seccomp.json), "unconfined" is none.
 */
wcl_status wcl_seccomp_add(const char *profile, const char *const *capabilities, size_t count,
                           cJSON *linux_part, wcl_error *error);

#endif
