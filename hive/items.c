/* Lists of the subkeys or values of several layers. */
#include <stdlib.h>

#include "hive/key_internal.h"

static int compare_items(const void *a, const void *b)
{
    const wcl_hive_item *left = a, *right = b;
    int difference = wcl_hive_name_compare(&left->name, &right->name);

    if (difference)
        return difference;
    if (left->place != right->place)
        return left->place < right->place ? -1 : 1;
    return (left->order > right->order) - (left->order < right->order);
}

wcl_status wcl_hive_items_sort(wcl_hive_items *list, wcl_error *error)
{
    list->is_listed = true;
    if (!list->count)
        return WCL_OK;
    qsort(list->items, list->count, sizeof(*list->items), compare_items);
    list->first = malloc(list->count * sizeof(*list->first));
    if (!list->first)
        return wcl_fail_memory(error);
    for (size_t i = 0; i < list->count; i++)
        if (i == 0 || wcl_hive_name_compare(&list->items[i - 1].name, &list->items[i].name) != 0)
            list->first[list->visible++] = i;
    return WCL_OK;
}

void wcl_hive_items_free(wcl_hive_items *list)
{
    free(list->items);
    free(list->first);
    *list = (wcl_hive_items) { .items = NULL };
}
