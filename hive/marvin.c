/* Marvin32. */
#include "hive/marvin.h"

#include "base/cursor.h"

static uint32_t rotate(uint32_t value, unsigned count)
{
    return value << count | value >> (32 - count);
}

static void mix(uint32_t *low, uint32_t *high, uint32_t value)
{
    *low += value;
    *high ^= *low;
    *low = rotate(*low, 20) + *high;
    *high = rotate(*high, 9) ^ *low;
    *low = rotate(*low, 27) + *high;
    *high = rotate(*high, 19);
}

uint64_t wcl_marvin32(uint64_t seed, const uint8_t *data, size_t size)
{
    uint32_t low = (uint32_t)seed, high = (uint32_t)(seed >> 32), last = 0x80;

    for (; size >= 4; data += 4, size -= 4)
        mix(&low, &high, wcl_load_le32(data));
    while (size)
        last = last << 8 | data[--size];
    mix(&low, &high, last);
    mix(&low, &high, 0);
    return (uint64_t)high << 32 | low;
}
