/* Process configurations as JSON, with hcsshim's field names. */
#ifndef WCL_CONTAINER_PROCESS_CONFIG_H
#define WCL_CONTAINER_PROCESS_CONFIG_H

#include <wcl/container.h>

#include "base/region.h"

/* Command lines and environments are smaller; a limit keeps a wrong file from being taken for one.
 */
#define WCL_PROCESS_CONFIG_LIMIT (4 * 1024 * 1024)

typedef struct wcl_parsed_process_config {
    wcl_process_config config;
    wcl_region region;
} wcl_parsed_process_config;

/* wcl_free() */
wcl_status wcl_process_config_print(const wcl_process_config *config, char **json,
                                    wcl_error *error);

/* Refuses what is not JSON, a field that does not exist and one of a wrong type, by name. */
wcl_status wcl_process_config_parse(const char *json, wcl_parsed_process_config *parsed,
                                    wcl_error *error);
void wcl_parsed_process_config_free(wcl_parsed_process_config *parsed);
#define WCL_CLEANUP_PROCESS_CONFIG __attribute__((cleanup(wcl_parsed_process_config_free)))

#endif
