/* A container's statistics and processes, in hcsshim's names and units. */
#ifndef WCL_CONTAINER_OCI_STATISTICS_H
#define WCL_CONTAINER_OCI_STATISTICS_H

#include <cjson/cJSON.h>

#include "container/oci/cgroup.h"

/* Makes a Statistics object; `started` is in ns since 1970, 0 before the start. */
cJSON *wcl_statistics_make(const wcl_cgroup_view *view, int32_t init, int64_t started);

/* Makes a list of ProcessListItem: all but init, which no caller started. */
wcl_status wcl_process_list_make(const wcl_cgroup_view *view, int32_t init, cJSON **list,
                                 wcl_error *error);

#endif
