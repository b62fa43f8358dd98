/*
 * Resource attributes of ACEs: CLAIM_SECURITY_ATTRIBUTE_RELATIVE_V1 ([MS-DTYP] 2.4.10.1), and the
 * attribute-data of SDDL (2.5.1.1).
 */
#ifndef WCL_BACKUPSTREAM_CLAIM_H
#define WCL_BACKUPSTREAM_CLAIM_H

#include "backupstream/scan.h"
#include "base/buffer.h"

/* Appends `("name",type,flags,value...)`. */
wcl_status wcl_claim_print(const uint8_t *data, size_t size, wcl_buffer *out, wcl_error *error);

/* Takes that and appends the claim, not yet padded. */
wcl_status wcl_claim_scan(wcl_sddl_scan *scan, wcl_buffer *out, wcl_error *error);

#endif
