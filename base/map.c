/* A map of paths: their numbers, and a value for each. */
#include "base/map.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/pool.h"

struct wcl_map {
    wcl_intern paths;
    wcl_pool values; /* by the paths' numbers, and one to spare */
};

wcl_status wcl_map_new(size_t value_size, wcl_map **map, wcl_error *error)
{
    wcl_siphash_key key;
    wcl_map *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    if (wcl_siphash_key_new(&key, error) != WCL_OK) {
        free(made);
        return WCL_FAILED;
    }
    wcl_intern_init(&made->paths, &key);
    made->values.item_size = (uint32_t)value_size;
    *map = made;
    return WCL_OK;
}

void *wcl_map_find(const wcl_map *map, const void *path, size_t size)
{
    uint32_t number = wcl_intern_find(&map->paths, path, size);
    return number == UINT32_MAX ? NULL : wcl_pool_at(&map->values, number);
}

wcl_status wcl_map_set(wcl_map *map, const void *path, size_t size, const void *value,
                       wcl_error *error)
{
    uint32_t number;

    if (map->values.count == map->paths.items.count &&
        wcl_pool_add(&map->values, &number, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_intern_add(&map->paths, path, size, &number, error) != WCL_OK)
        return WCL_FAILED;
    memcpy(wcl_pool_at(&map->values, number), value, map->values.item_size);
    return WCL_OK;
}

void wcl_map_free(wcl_map *map)
{
    if (!map)
        return;
    wcl_intern_free(&map->paths);
    wcl_pool_free(&map->values);
    free(map);
}
