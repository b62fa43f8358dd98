/* A process configuration as the OCI runtime wants it. */
#ifndef WCL_CONTAINER_OCI_PROCESS_SPEC_H
#define WCL_CONTAINER_OCI_PROCESS_SPEC_H

#include <cjson/cJSON.h>

#include "container/oci/folder.h"

/* Makes the process document of a configuration in hcsshim's JSON (wcl_free()), and tells which
 * pipes and whether a console it wants (WCL_PIPE_..., WCL_EXEC_CONSOLE). */
wcl_status wcl_process_spec(const wcl_container_folder *place, const char *config, char **document,
                            uint32_t *flags, wcl_error *error);

/* Adds the "seccomp" of a container whose processes have the capabilities that they have here. */
wcl_status wcl_spec_add_seccomp(const char *profile, cJSON *linux_part, wcl_error *error);

/* Adds a text to a list; false when out of memory, and then it is not in it. */
bool wcl_spec_add_text(cJSON *list, const char *text);

/* The POSIX form of a path in the container: "C:\a\b" and "/a/b" are "/a/b". wcl_free(). */
wcl_status wcl_container_path(const char *path, const char *field, char **posix, wcl_error *error);

#endif
