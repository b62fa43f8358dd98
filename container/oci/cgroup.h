/*
 * Where a process's cgroups are, on hosts of version 1, 2 and both. A controller is looked for
 * among the version 1 hierarchies first; one that is not there is version 2's.
 */
#ifndef WCL_CONTAINER_OCI_CGROUP_H
#define WCL_CONTAINER_OCI_CGROUP_H

#include <wcl/base.h>

/* Files that the code reads instead of the system's own, in tests; NULL: "/proc". */
typedef struct wcl_cgroup_view {
    const char *proc;
} wcl_cgroup_view;

typedef struct wcl_cgroup {
    char folder[1024]; /* "" when there is none */
    bool unified;      /* of version 2 */
} wcl_cgroup;

/* The folder of `controller` ("memory", "cpuacct", "blkio", "freezer") for the process. */
bool wcl_cgroup_find(const wcl_cgroup_view *view, int32_t pid, const char *controller,
                     wcl_cgroup *cgroup);

/* A whole number in a file of the cgroup; false when there is none. */
bool wcl_cgroup_read(const wcl_cgroup *cgroup, const char *file, uint64_t *value);
/* The number behind a key, in a file of lines "KEY NUMBER". */
bool wcl_cgroup_read_key(const wcl_cgroup *cgroup, const char *file, const char *key,
                         uint64_t *value);

/* The pids of the cgroup and those below it; wcl_free(). */
wcl_status wcl_cgroup_processes(const wcl_cgroup *cgroup, int32_t **pids, size_t *count,
                                wcl_error *error);

/* Whether `pid` is a process outside the cgroup of `init`. */
bool wcl_cgroup_is_foreign(int32_t init, int32_t pid);

#endif
