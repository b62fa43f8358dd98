/*
 * Memory for very many small things that only grows: items and bytes that never move and are known
 * by 32-bit numbers, and byte strings that are kept once. Chunks are added as needed, so growing
 * copies nothing and holds no second copy.
 */
#ifndef WCL_BASE_POOL_H
#define WCL_BASE_POOL_H

#include <wcl/base.h>

#include "base/siphash.h"

/* Chunks of a fixed number of bytes. */
typedef struct wcl_chunks {
    uint8_t **chunks;
    uint32_t count;
    size_t capacity;
} wcl_chunks;

/* ---- Items ---------------------------------------------------------------------------------- */

#define WCL_POOL_BITS 12u
#define WCL_POOL_MASK ((1u << WCL_POOL_BITS) - 1)

/* Items of one size. The number UINT32_MAX is never given. */
typedef struct wcl_pool {
    wcl_chunks chunks;
    uint32_t item_size;
    uint32_t count;
} wcl_pool;

/* Adds an item of zero bytes. */
wcl_status wcl_pool_add(wcl_pool *pool, uint32_t *number, wcl_error *error);

static inline void *wcl_pool_at(const wcl_pool *pool, uint32_t number)
{
    return pool->chunks.chunks[number >> WCL_POOL_BITS] +
           (size_t)(number & WCL_POOL_MASK) * pool->item_size;
}

void wcl_pool_free(wcl_pool *pool);
size_t wcl_pool_memory(const wcl_pool *pool);

/* ---- Bytes ---------------------------------------------------------------------------------- */

#define WCL_ARENA_BITS 18u
#define WCL_ARENA_MAX (1u << WCL_ARENA_BITS)

/* Runs of up to WCL_ARENA_MAX bytes, 4 GiB in all. */
typedef struct wcl_arena {
    wcl_chunks chunks;
    uint32_t used; /* of the last chunk */
} wcl_arena;

/* Room for `size` bytes, which the caller fills. */
wcl_status wcl_arena_add(wcl_arena *arena, size_t size, uint32_t *offset, wcl_error *error);

static inline uint8_t *wcl_arena_at(const wcl_arena *arena, uint32_t offset)
{
    return arena->chunks.chunks[offset >> WCL_ARENA_BITS] + (offset & (WCL_ARENA_MAX - 1));
}

void wcl_arena_free(wcl_arena *arena);
size_t wcl_arena_memory(const wcl_arena *arena);

/* ---- Hashes --------------------------------------------------------------------------------- */

/* Part of a keyed hash of the seed and the data. */
uint32_t wcl_hash(const wcl_siphash_key *key, uint64_t seed, const void *data, size_t size);

/* A table of numbers of things that are kept elsewhere, found by their hash: the one hash table
 * there is, below base/map too. Names in a folder are in it without a copy, as a map would make. */
typedef struct wcl_hash_table {
    uint32_t *slots; /* number + 1; 0 is free, UINT32_MAX a removed one */
    uint32_t mask;
    uint32_t used; /* removed ones too */
    uint32_t live;
} wcl_hash_table;

#define WCL_HASH_REMOVED UINT32_MAX

/* Makes room for one more. `hash_of` gives the hash of a thing that is in the table. */
wcl_status wcl_hash_table_reserve(wcl_hash_table *table,
                                  uint32_t (*hash_of)(const void *context, uint32_t number),
                                  const void *context, wcl_error *error);
/* Adds what is not yet in it; room was reserved. */
void wcl_hash_table_add(wcl_hash_table *table, uint32_t hash, uint32_t number);
void wcl_hash_table_remove(wcl_hash_table *table, uint32_t hash, uint32_t number);
void wcl_hash_table_free(wcl_hash_table *table);

/* ---- Strings kept once ---------------------------------------------------------------------- */

/* Byte strings, each of which has one number, from 0. */
typedef struct wcl_intern {
    wcl_arena bytes;
    wcl_pool items;
    wcl_hash_table table;
    wcl_siphash_key key;
} wcl_intern;

void wcl_intern_init(wcl_intern *intern, const wcl_siphash_key *key);
/* The number of a string of up to WCL_ARENA_MAX bytes. */
wcl_status wcl_intern_add(wcl_intern *intern, const void *data, size_t size, uint32_t *number,
                          wcl_error *error);
/* UINT32_MAX when it is not there. */
uint32_t wcl_intern_find(const wcl_intern *intern, const void *data, size_t size);
const uint8_t *wcl_intern_at(const wcl_intern *intern, uint32_t number, size_t *size);
void wcl_intern_free(wcl_intern *intern);
size_t wcl_intern_memory(const wcl_intern *intern);

#endif
