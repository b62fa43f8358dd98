/*
 * SipHash-2-4: the hash for tables whose keys come from others. Without the key, which is random
 * and never shown, nobody can choose keys that collide.
 */
#ifndef WCL_BASE_SIPHASH_H
#define WCL_BASE_SIPHASH_H

#include <wcl/base.h>

typedef struct wcl_siphash_key {
    uint64_t words[2];
} wcl_siphash_key;

/* A key of random bytes. */
wcl_status wcl_siphash_key_new(wcl_siphash_key *key, wcl_error *error);

uint64_t wcl_siphash(const wcl_siphash_key *key, const void *data, size_t size);

/* The hash of the eight bytes of `number`, lowest first, and then the data. */
uint64_t wcl_siphash_numbered(const wcl_siphash_key *key, uint64_t number, const void *data,
                              size_t size);

#endif
