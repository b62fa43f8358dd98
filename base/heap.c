/* Giving freed memory back. */
#include "base/heap.h"

#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#define LARGE (256 * 1024)

void wcl_heap_give_back(void)
{
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

void wcl_heap_keep_small(void)
{
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, LARGE);
    mallopt(M_TRIM_THRESHOLD, LARGE);
#endif
}
