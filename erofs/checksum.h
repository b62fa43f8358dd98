/* CRC-32C as the superblock has it: started with all ones and not inverted at the end. */
#ifndef WCL_EROFS_CHECKSUM_H
#define WCL_EROFS_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

static inline uint32_t wcl_erofs_checksum(uint32_t crc, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78u : 0);
    }
    return crc;
}

#endif
