/* SipHash-2-4, as Aumasson and Bernstein define it. */
#include "base/siphash.h"

#include "base/cursor.h"
#include "base/random.h"

typedef struct state {
    uint64_t v0, v1, v2, v3;
} state;

wcl_status wcl_siphash_key_new(wcl_siphash_key *key, wcl_error *error)
{
    return wcl_random_bytes(key, sizeof(*key), error);
}

static inline uint64_t rotate(uint64_t word, unsigned bits)
{
    return word << bits | word >> (64 - bits);
}

static inline void round_once(state *s)
{
    s->v0 += s->v1;
    s->v2 += s->v3;
    s->v1 = rotate(s->v1, 13) ^ s->v0;
    s->v3 = rotate(s->v3, 16) ^ s->v2;
    s->v0 = rotate(s->v0, 32);
    s->v2 += s->v1;
    s->v0 += s->v3;
    s->v1 = rotate(s->v1, 17) ^ s->v2;
    s->v3 = rotate(s->v3, 21) ^ s->v0;
    s->v2 = rotate(s->v2, 32);
}

static inline void take(state *s, uint64_t word)
{
    s->v3 ^= word;
    round_once(s);
    round_once(s);
    s->v0 ^= word;
}

static inline state siphash_begin(const wcl_siphash_key *key)
{
    return (state) { key->words[0] ^ UINT64_C(0x736f6d6570736575),
                     key->words[1] ^ UINT64_C(0x646f72616e646f6d),
                     key->words[0] ^ UINT64_C(0x6c7967656e657261),
                     key->words[1] ^ UINT64_C(0x7465646279746573) };
}

/* The rest of a text of `total` bytes. */
static inline uint64_t siphash_end(state *s, const uint8_t *bytes, size_t size, uint64_t total)
{
    uint64_t last = total << 56;

    for (; size >= 8; bytes += 8, size -= 8)
        take(s, wcl_load_le64(bytes));
    for (size_t i = 0; i < size; i++)
        last |= (uint64_t)bytes[i] << (8 * i);
    take(s, last);
    s->v2 ^= 0xff;
    for (int i = 0; i < 4; i++)
        round_once(s);
    return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

uint64_t wcl_siphash(const wcl_siphash_key *key, const void *data, size_t size)
{
    state s = siphash_begin(key);

    return siphash_end(&s, data, size, size);
}

uint64_t wcl_siphash_numbered(const wcl_siphash_key *key, uint64_t number, const void *data,
                              size_t size)
{
    state s = siphash_begin(key);

    take(&s, number);
    return siphash_end(&s, data, size, (uint64_t)size + 8);
}
