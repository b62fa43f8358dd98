/* ContainerProperties: the structs callers see, made of the provider's JSON. */
#ifndef WCL_CONTAINER_PROPERTIES_H
#define WCL_CONTAINER_PROPERTIES_H

#include <wcl/container.h>

/* `json` is one ContainerProperties or an array of them. One block, freed with wcl_free(). */
wcl_status wcl_container_list_parse(const char *json, wcl_container_properties ***list,
                                    size_t *count, wcl_error *error);
/* The same of exactly one. */
wcl_status wcl_container_properties_parse(const char *json, wcl_container_properties **properties,
                                          wcl_error *error);

#endif
