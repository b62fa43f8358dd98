/* Giving freed memory back. */
#include "base/heap.h"

#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

void wcl_heap_give_back(void)
{
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}
