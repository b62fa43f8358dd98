/* Which bytes of a hive have an owner. */
#include "hive/hive_internal.h"

bool wcl_hive_claim_range(wcl_hive_claims *claims, uint64_t offset, uint64_t size)
{
    for (uint64_t at = offset / 8; at < (offset + size) / 8; at++) {
        if (claims->taken[at / 8] & 1u << at % 8)
            return false;
        claims->taken[at / 8] |= (uint8_t)(1u << at % 8);
    }
    return true;
}

wcl_status wcl_hive_claim(wcl_hive_claims *claims, const wcl_hive_cell *cell, wcl_error *error)
{
    return wcl_hive_claim_range(claims, cell->offset, cell->size + 4)
               ? WCL_OK
               : wcl_hive_fail(cell->offset, error, "a cell is used twice");
}
