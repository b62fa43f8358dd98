/* Container configurations as JSON, with hcsshim's field names. */
#ifndef WCL_CONTAINER_CONFIG_H
#define WCL_CONTAINER_CONFIG_H

#include <wcl/container.h>

#include "base/region.h"

/* A configuration and the memory its texts and lists lie in. */
typedef struct wcl_parsed_config {
    wcl_container_config config;
    wcl_region region;
} wcl_parsed_config;

/* wcl_free() */
wcl_status wcl_container_config_print(const wcl_container_config *config, char **json,
                                      wcl_error *error);

/* Refuses what is not JSON, a field that does not exist and one of a wrong type, by name. */
wcl_status wcl_container_config_parse(const char *json, wcl_parsed_config *parsed,
                                      wcl_error *error);
void wcl_parsed_config_free(wcl_parsed_config *parsed);
#define WCL_CLEANUP_CONTAINER_CONFIG __attribute__((cleanup(wcl_parsed_config_free)))

/* A ComputeSystemQuery; wcl_free(). NULL and "" are one that all match. */
wcl_status wcl_compute_system_query_print(const wcl_compute_system_query *query, char **json,
                                          wcl_error *error);
wcl_status wcl_compute_system_query_parse(const char *json, wcl_region *region,
                                          wcl_compute_system_query *query, wcl_error *error);

#endif
