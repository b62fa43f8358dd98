/* Memory that is freed at once, as a list of blocks, one for each piece. */
#include "hns/arena.h"

#include <stdlib.h>
#include <string.h>

struct wcl_hns_arena_block {
    wcl_hns_arena_block *next;
    max_align_t data[];
};

void *wcl_hns_arena_alloc(wcl_hns_arena *arena, size_t count, size_t size)
{
    size_t bytes, total;

    if (__builtin_mul_overflow(count, size, &bytes) ||
        __builtin_add_overflow(bytes, sizeof(wcl_hns_arena_block), &total))
        return NULL;
    wcl_hns_arena_block *block = calloc(1, total);
    if (!block)
        return NULL;
    block->next = arena->blocks;
    arena->blocks = block;
    return block->data;
}

char *wcl_hns_arena_text(wcl_hns_arena *arena, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = wcl_hns_arena_alloc(arena, size, 1);

    return copy ? memcpy(copy, text, size) : NULL;
}

void wcl_hns_arena_free(wcl_hns_arena *arena)
{
    while (arena->blocks) {
        wcl_hns_arena_block *next = arena->blocks->next;
        free(arena->blocks);
        arena->blocks = next;
    }
}
