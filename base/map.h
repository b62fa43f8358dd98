/* A map from paths to small values, for what a reader or writer must remember of a layer. */
#ifndef WCL_BASE_MAP_H
#define WCL_BASE_MAP_H

#include <wcl/base.h>

typedef struct wcl_map wcl_map;

/* A map to values of `value_size` bytes. */
wcl_status wcl_map_new(size_t value_size, wcl_map **map, wcl_error *error);
/* The value of the path, or NULL. Valid until the map is freed. */
void *wcl_map_find(const wcl_map *map, const void *path, size_t size);
/* Adds a path, or replaces its value. */
wcl_status wcl_map_set(wcl_map *map, const void *path, size_t size, const void *value,
                       wcl_error *error);
void wcl_map_free(wcl_map *map);

#endif
