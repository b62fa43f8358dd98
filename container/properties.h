/* ContainerProperties: the structs callers see, made of the provider's JSON. */
#ifndef WCL_CONTAINER_PROPERTIES_H
#define WCL_CONTAINER_PROPERTIES_H

#include <wcl/container.h>

/* `json` is one ContainerProperties or an array of them. */
wcl_status wcl_container_list_parse(const char *json, wcl_container_list **list, wcl_error *error);

#endif
