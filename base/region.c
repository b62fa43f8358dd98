/* Memory that is freed at once, as a list of blocks, one for each piece. */
#include "base/region.h"

#include <stdlib.h>
#include <string.h>

struct wcl_region_block {
    wcl_region_block *next;
    max_align_t data[];
};

void *wcl_region_alloc(wcl_region *region, size_t count, size_t size)
{
    size_t bytes, total;

    if (__builtin_mul_overflow(count, size, &bytes) ||
        __builtin_add_overflow(bytes, sizeof(wcl_region_block) + sizeof(max_align_t), &total))
        return NULL;
    size_t start = region->used;
    region->used += (bytes + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
    if (region->room)
        return region->room + start;
    wcl_region_block *block = calloc(1, total);
    if (!block)
        return NULL;
    block->next = region->blocks;
    region->blocks = block;
    return block->data;
}

char *wcl_region_text(wcl_region *region, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = wcl_region_alloc(region, size, 1);

    return copy ? memcpy(copy, text, size) : NULL;
}

void wcl_region_free(wcl_region *region)
{
    while (region->blocks) {
        wcl_region_block *next = region->blocks->next;
        free(region->blocks);
        region->blocks = next;
    }
}
