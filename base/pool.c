/* Growing memory for very many small things, and byte strings that are kept once. */
#include "base/pool.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/list.h"

static wcl_status add_chunk(wcl_chunks *chunks, size_t size, wcl_error *error)
{
    if (WCL_LIST_RESERVE(chunks->chunks, chunks->count, chunks->capacity, error) != WCL_OK)
        return WCL_FAILED;
    uint8_t *chunk = malloc(size);
    if (!chunk)
        return wcl_fail_memory(error);
    chunks->chunks[chunks->count++] = chunk;
    return WCL_OK;
}

static void free_chunks(wcl_chunks *chunks)
{
    for (uint32_t i = 0; i < chunks->count; i++)
        free(chunks->chunks[i]);
    free(chunks->chunks);
    *chunks = (wcl_chunks) { NULL, 0, 0 };
}

/* ---- Items ---------------------------------------------------------------------------------- */

wcl_status wcl_pool_add(wcl_pool *pool, uint32_t *number, wcl_error *error)
{
    if (pool->count == UINT32_MAX)
        return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE, "there are too many entries");
    if (pool->count >> WCL_POOL_BITS == pool->chunks.count &&
        add_chunk(&pool->chunks, (size_t)pool->item_size << WCL_POOL_BITS, error) != WCL_OK)
        return WCL_FAILED;
    *number = pool->count++;
    memset(wcl_pool_at(pool, *number), 0, pool->item_size);
    return WCL_OK;
}

void wcl_pool_free(wcl_pool *pool)
{
    free_chunks(&pool->chunks);
    pool->count = 0;
}

size_t wcl_pool_memory(const wcl_pool *pool)
{
    return (size_t)pool->chunks.count * ((size_t)pool->item_size << WCL_POOL_BITS);
}

/* ---- Bytes ---------------------------------------------------------------------------------- */

wcl_status wcl_arena_add(wcl_arena *arena, size_t size, uint32_t *offset, wcl_error *error)
{
    if (size > WCL_ARENA_MAX)
        return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE, "%zu bytes are too many to keep together",
                        size);
    if (!arena->chunks.count || size > WCL_ARENA_MAX - arena->used) {
        if (arena->chunks.count == 1u << (32 - WCL_ARENA_BITS))
            return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE,
                            "names and attributes take more than 4 GiB");
        if (add_chunk(&arena->chunks, WCL_ARENA_MAX, error) != WCL_OK)
            return WCL_FAILED;
        arena->used = 0;
    }
    /* A run of no bytes at the very end of a chunk must not name the next one. */
    if (arena->used == WCL_ARENA_MAX)
        arena->used--;
    *offset = ((arena->chunks.count - 1) << WCL_ARENA_BITS) | arena->used;
    arena->used += (uint32_t)size;
    return WCL_OK;
}

void wcl_arena_free(wcl_arena *arena)
{
    free_chunks(&arena->chunks);
    arena->used = 0;
}

size_t wcl_arena_memory(const wcl_arena *arena)
{
    return (size_t)arena->chunks.count << WCL_ARENA_BITS;
}

/* ---- Hashes --------------------------------------------------------------------------------- */

uint32_t wcl_hash(const wcl_siphash_key *key, uint64_t seed, const void *data, size_t size)
{
    return (uint32_t)wcl_siphash_numbered(key, seed, data, size);
}

static void put_in_slot(uint32_t *slots, uint32_t mask, uint32_t hash, uint32_t number)
{
    uint32_t slot = hash & mask;

    while (slots[slot])
        slot = (slot + 1) & mask;
    slots[slot] = number + 1;
}

wcl_status wcl_hash_table_reserve(wcl_hash_table *table,
                                  uint32_t (*hash_of)(const void *context, uint32_t number),
                                  const void *context, wcl_error *error)
{
    uint64_t size = table->slots ? (uint64_t)table->mask + 1 : 0;

    if ((uint64_t)table->used + 1 <= size / 4 * 3)
        return WCL_OK;
    uint64_t wanted = 64;
    while (wanted / 2 < (uint64_t)table->live + 1)
        wanted *= 2;
    if (wanted > UINT64_C(1) << 32)
        return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE, "there are too many entries");
    uint32_t *slots = calloc((size_t)wanted, sizeof(*slots));
    if (!slots)
        return wcl_fail_memory(error);
    for (uint64_t i = 0; i < size; i++) {
        uint32_t number = table->slots[i];
        if (number && number != WCL_HASH_REMOVED)
            put_in_slot(slots, (uint32_t)(wanted - 1), hash_of(context, number - 1), number - 1);
    }
    free(table->slots);
    table->slots = slots;
    table->mask = (uint32_t)(wanted - 1);
    table->used = table->live;
    return WCL_OK;
}

void wcl_hash_table_add(wcl_hash_table *table, uint32_t hash, uint32_t number)
{
    put_in_slot(table->slots, table->mask, hash, number);
    table->used++;
    table->live++;
}

void wcl_hash_table_remove(wcl_hash_table *table, uint32_t hash, uint32_t number)
{
    uint32_t slot = hash & table->mask;

    while (table->slots[slot] != number + 1)
        slot = (slot + 1) & table->mask;
    table->slots[slot] = WCL_HASH_REMOVED;
    table->live--;
}

void wcl_hash_table_free(wcl_hash_table *table)
{
    free(table->slots);
    *table = (wcl_hash_table) { NULL, 0, 0, 0 };
}

/* ---- Strings kept once ---------------------------------------------------------------------- */

typedef struct intern_item {
    uint32_t offset;
    uint32_t size;
    uint32_t hash;
} intern_item;

void wcl_intern_init(wcl_intern *intern, const wcl_siphash_key *key)
{
    memset(intern, 0, sizeof(*intern));
    intern->items.item_size = sizeof(intern_item);
    intern->key = *key;
}

static uint32_t intern_hash_of(const void *context, uint32_t number)
{
    const wcl_intern *intern = context;

    return ((const intern_item *)wcl_pool_at(&intern->items, number))->hash;
}

static uint32_t find_hashed(const wcl_intern *intern, uint32_t hash, const void *data, size_t size)
{
    const wcl_hash_table *table = &intern->table;

    if (!table->slots)
        return UINT32_MAX;
    for (uint32_t slot = hash & table->mask; table->slots[slot]; slot = (slot + 1) & table->mask) {
        uint32_t number = table->slots[slot] - 1;
        const intern_item *item = wcl_pool_at(&intern->items, number);
        if (item->hash == hash && item->size == size &&
            (!size || memcmp(wcl_arena_at(&intern->bytes, item->offset), data, size) == 0))
            return number;
    }
    return UINT32_MAX;
}

uint32_t wcl_intern_find(const wcl_intern *intern, const void *data, size_t size)
{
    return find_hashed(intern, wcl_hash(&intern->key, 0, data, size), data, size);
}

wcl_status wcl_intern_add(wcl_intern *intern, const void *data, size_t size, uint32_t *number,
                          wcl_error *error)
{
    uint32_t hash = wcl_hash(&intern->key, 0, data, size);
    uint32_t offset;

    *number = find_hashed(intern, hash, data, size);
    if (*number != UINT32_MAX)
        return WCL_OK;
    if (wcl_hash_table_reserve(&intern->table, intern_hash_of, intern, error) != WCL_OK ||
        wcl_arena_add(&intern->bytes, size, &offset, error) != WCL_OK ||
        wcl_pool_add(&intern->items, number, error) != WCL_OK)
        return WCL_FAILED;
    if (size)
        memcpy(wcl_arena_at(&intern->bytes, offset), data, size);
    *(intern_item *)wcl_pool_at(&intern->items, *number) =
        (intern_item) { offset, (uint32_t)size, hash };
    wcl_hash_table_add(&intern->table, hash, *number);
    return WCL_OK;
}

const uint8_t *wcl_intern_at(const wcl_intern *intern, uint32_t number, size_t *size)
{
    const intern_item *item = wcl_pool_at(&intern->items, number);

    *size = item->size;
    return wcl_arena_at(&intern->bytes, item->offset);
}

void wcl_intern_free(wcl_intern *intern)
{
    wcl_arena_free(&intern->bytes);
    wcl_pool_free(&intern->items);
    wcl_hash_table_free(&intern->table);
}

size_t wcl_intern_memory(const wcl_intern *intern)
{
    size_t slots = intern->table.slots ? (size_t)intern->table.mask + 1 : 0;

    return wcl_arena_memory(&intern->bytes) + wcl_pool_memory(&intern->items) +
           slots * sizeof(uint32_t);
}
