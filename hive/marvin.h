/* Marvin32, the checksum of the entries of logs. */
#ifndef WCL_HIVE_MARVIN_H
#define WCL_HIVE_MARVIN_H

#include <stddef.h>
#include <stdint.h>

#define WCL_MARVIN_LOG_SEED 0x82EF4D887A4E55C5u

uint64_t wcl_marvin32(uint64_t seed, const uint8_t *data, size_t size);

#endif
