/* Memory that is given out piece by piece and freed at once, with the object it belongs to. */
#ifndef WCL_BASE_REGION_H
#define WCL_BASE_REGION_H

#include "base/error.h"

typedef struct wcl_region_block wcl_region_block;

typedef struct wcl_region {
    wcl_region_block *blocks;
    char *room;  /* one piece of memory for all, of another region's `used`; the caller's */
    size_t used; /* bytes that were given out */
} wcl_region;

/* Zeroed memory; NULL when out of memory. */
void *wcl_region_alloc(wcl_region *region, size_t count, size_t size);
char *wcl_region_text(wcl_region *region, const char *text);
void wcl_region_free(wcl_region *region);
#define WCL_CLEANUP_REGION __attribute__((cleanup(wcl_region_free)))

#endif
