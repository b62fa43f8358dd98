/* Numbers that depend on a seed and on what they are for, and on nothing else. */
#ifndef GENERATE_RANDOM_H
#define GENERATE_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

/* SplitMix64's finalizer over two numbers. */
static inline uint64_t mix(uint64_t a, uint64_t b)
{
    uint64_t x = a * 0x9e3779b97f4a7c15u + b + 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

/* Whether something that happens `per_mille` times in a thousand happens to `id`. */
static inline bool happens(uint64_t id, unsigned what, unsigned per_mille)
{
    return mix(id, what) % 1000 < per_mille;
}

/* A weight whose logarithm is normally distributed: 1 to 2^24, around 4096, with a mean of about
 * 30000. Made of integers, so that it is the same on every machine. */
static inline uint64_t log_normal(uint64_t id)
{
    uint64_t random = mix(id, 0x10c);
    int64_t sum = 0; /* of twelve uniform numbers of 16 bits: normal, deviation 65536 */
    for (int i = 0; i < 12; i++) {
        sum += (int64_t)(random & 0xffff);
        random = i % 4 == 3 ? mix(random, id) : random >> 16;
    }
    int64_t exponent = 12 * 65536 + (sum - 6 * 65536) * 11 / 4; /* base 2, 16 fraction bits */
    if (exponent < 0)
        exponent = 0;
    if (exponent > 24 * 65536)
        exponent = 24 * 65536;
    uint64_t mantissa = 65536 + ((uint64_t)exponent & 0xffff);
    return (mantissa << (exponent >> 16)) >> 16;
}

#endif
