/* A key of a view: the nodes that make it up, and what was listed of them. */
#ifndef WCL_HIVE_KEY_INTERNAL_H
#define WCL_HIVE_KEY_INTERNAL_H

#include "hive/hive_internal.h"

/* A hive of the view, and the key's cell in it. */
typedef struct wcl_hive_place {
    const wcl_hive *hive;
    uint32_t layer;
    uint32_t offset;
} wcl_hive_place;

/* A subkey or value of one layer. */
typedef struct wcl_hive_item {
    wcl_hive_name name;
    uint32_t place; /* an index of the key's places */
    uint32_t offset;
    uint32_t order;
} wcl_hive_item;

typedef struct wcl_hive_items {
    wcl_hive_item *items;
    size_t count;
    size_t *first; /* of each name that is visible, where its items begin */
    size_t visible;
    bool is_listed;
} wcl_hive_items;

struct wcl_hive_key {
    bool is_merged;
    wcl_hive_place *places; /* the nearest first */
    uint32_t tree_count;    /* those whose subkeys count */
    uint32_t own_count;     /* those of them whose values, class and time count */
    wcl_hive_key_info info;
    wcl_buffer name, class_name;
    wcl_hive_items subkeys, values;
    wcl_hive_value value;
    wcl_buffer value_name, value_data;
};

/* Sorts items by name, then layer and order, and finds where each name begins. */
wcl_status wcl_hive_items_sort(wcl_hive_items *list, wcl_error *error);
void wcl_hive_items_free(wcl_hive_items *list);

#endif
