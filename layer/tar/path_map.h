/* A map from paths to small values, for what a reader or writer must remember of a layer. */
#ifndef WCL_TAR_PATH_MAP_H
#define WCL_TAR_PATH_MAP_H

#include <wcl/base.h>

typedef struct wcl_path_map wcl_path_map;

/* A map to values of `value_size` bytes. */
wcl_status wcl_path_map_new(size_t value_size, wcl_path_map **map, wcl_error *error);
/* The value of the path, or NULL. Valid until the map is freed. */
void *wcl_path_map_find(const wcl_path_map *map, const void *path, size_t size);
/* Adds a path, or replaces its value. */
wcl_status wcl_path_map_set(wcl_path_map *map, const void *path, size_t size, const void *value,
                            wcl_error *error);
void wcl_path_map_free(wcl_path_map *map);

#endif
