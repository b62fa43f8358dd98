/* Growing an array of items that are added one by one. */
#ifndef WCL_BASE_LIST_H
#define WCL_BASE_LIST_H

#include <wcl/base.h>

/*
 * Makes room for one item behind the first `count`. `items` is the address of the pointer to them,
 * `capacity` how many it has room for: both 0 at first, and as they were after a failure.
 */
wcl_status wcl_list_reserve(void *items, size_t count, size_t *capacity, size_t item_size,
                            wcl_error *error);

/* The same for an array and its capacity by their names. */
#define WCL_LIST_RESERVE(items, count, capacity, error)                                            \
    wcl_list_reserve(&(items), count, &(capacity), sizeof(*(items)), error)

#endif
