/* Growing an array of items that are added one by one. */
#include "base/list.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define FIRST_CAPACITY 16

wcl_status wcl_list_reserve(void *items, size_t count, size_t *capacity, size_t item_size,
                            wcl_error *error)
{
    size_t bytes, wanted = *capacity ? *capacity : FIRST_CAPACITY / 2;
    void *old;

    if (count < *capacity)
        return WCL_OK;
    /* Of whatever type the pointer is. */
    memcpy(&old, items, sizeof(old));
    if (__builtin_mul_overflow(wanted, 2, &wanted) ||
        __builtin_mul_overflow(wanted, item_size, &bytes))
        return wcl_fail_memory(error);
    void *grown = realloc(old, bytes);
    if (!grown)
        return wcl_fail_memory(error);
    memcpy(items, &grown, sizeof(grown));
    *capacity = wanted;
    return WCL_OK;
}
