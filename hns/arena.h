/* Memory that is given out piece by piece and freed at once, with the object it belongs to. */
#ifndef WCL_HNS_ARENA_H
#define WCL_HNS_ARENA_H

#include "base/error.h"

typedef struct wcl_hns_arena_block wcl_hns_arena_block;

typedef struct wcl_hns_arena {
    wcl_hns_arena_block *blocks;
} wcl_hns_arena;

/* Zeroed memory; NULL when out of memory. */
void *wcl_hns_arena_alloc(wcl_hns_arena *arena, size_t count, size_t size);
char *wcl_hns_arena_text(wcl_hns_arena *arena, const char *text);
void wcl_hns_arena_free(wcl_hns_arena *arena);

#endif
