/* Security identifiers: their binary form, their "S-1-..." form, and SDDL's two-letter aliases. */
#ifndef WCL_BACKUPSTREAM_SID_H
#define WCL_BACKUPSTREAM_SID_H

#include "base/buffer.h"
#include "base/cursor.h"

#define WCL_SID_HEADER_SIZE 8
#define WCL_SID_SUBAUTHORITIES_MAX 15
#define WCL_SID_SIZE_MAX (WCL_SID_HEADER_SIZE + 4 * WCL_SID_SUBAUTHORITIES_MAX)

/* Takes one SID; its bytes, or NULL where there is no valid one. */
const uint8_t *wcl_sid_take(wcl_cursor *cursor, size_t *size);

/* Appends a valid SID as SDDL has it: an alias that means the same everywhere, else "S-1-...". */
wcl_status wcl_sid_print(const uint8_t *sid, wcl_buffer *out, wcl_error *error);

/* Takes a SID of either form from the front of `*text`, which it moves on; its size, or 0 where
 * there is none. Aliases of a domain's accounts stand for those of the domain 0-0-0. */
size_t wcl_sid_scan(const char **text, uint8_t sid[WCL_SID_SIZE_MAX]);

#endif
