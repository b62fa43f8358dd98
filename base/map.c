/* A hash table of paths. Its hash is keyed, so that a layer cannot be made to fill one chain. */
#include "base/map.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/siphash.h"

typedef struct path_node {
    struct path_node *next;
    uint64_t hash;
    size_t size;
    uint8_t bytes[] __attribute__((aligned(16))); /* the value, then the path */
} path_node;

struct wcl_map {
    path_node **chains;
    size_t chain_count; /* a power of two */
    size_t count;
    size_t value_size;
    wcl_siphash_key key;
};

wcl_status wcl_map_new(size_t value_size, wcl_map **map, wcl_error *error)
{
    wcl_map *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    made->value_size = value_size;
    made->chain_count = 1024;
    made->chains = calloc(made->chain_count, sizeof(*made->chains));
    if (!made->chains) {
        free(made);
        return wcl_fail_memory(error);
    }
    if (wcl_siphash_key_new(&made->key, error) != WCL_OK) {
        wcl_map_free(made);
        return WCL_FAILED;
    }
    *map = made;
    return WCL_OK;
}

static path_node *find_node(const wcl_map *map, const void *path, size_t size, uint64_t hash)
{
    path_node *node = map->chains[hash & (map->chain_count - 1)];

    while (node && (node->hash != hash || node->size != size ||
                    memcmp(node->bytes + map->value_size, path, size) != 0))
        node = node->next;
    return node;
}

void *wcl_map_find(const wcl_map *map, const void *path, size_t size)
{
    path_node *node = find_node(map, path, size, wcl_siphash(&map->key, path, size));
    return node ? node->bytes : NULL;
}

/* Doubles the chains. Without memory for that the map only becomes slower. */
static void map_grow(wcl_map *map)
{
    size_t count = map->chain_count * 2;
    path_node **chains = calloc(count, sizeof(*chains));

    if (!chains)
        return;
    for (size_t i = 0; i < map->chain_count; i++) {
        path_node *next;
        for (path_node *node = map->chains[i]; node; node = next) {
            next = node->next;
            node->next = chains[node->hash & (count - 1)];
            chains[node->hash & (count - 1)] = node;
        }
    }
    free(map->chains);
    map->chains = chains;
    map->chain_count = count;
}

wcl_status wcl_map_set(wcl_map *map, const void *path, size_t size, const void *value,
                       wcl_error *error)
{
    uint64_t hash = wcl_siphash(&map->key, path, size);
    path_node *node = find_node(map, path, size, hash);

    if (!node) {
        node = malloc(sizeof(*node) + map->value_size + size);
        if (!node)
            return wcl_fail_memory(error);
        node->hash = hash;
        node->size = size;
        memcpy(node->bytes + map->value_size, path, size);
        if (++map->count > map->chain_count)
            map_grow(map);
        node->next = map->chains[hash & (map->chain_count - 1)];
        map->chains[hash & (map->chain_count - 1)] = node;
    }
    if (map->value_size > 0)
        memcpy(node->bytes, value, map->value_size);
    return WCL_OK;
}

void wcl_map_free(wcl_map *map)
{
    if (!map)
        return;
    for (size_t i = 0; i < map->chain_count; i++) {
        path_node *next;
        for (path_node *node = map->chains[i]; node; node = next) {
            next = node->next;
            free(node);
        }
    }
    free(map->chains);
    free(map);
}
