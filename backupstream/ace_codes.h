/* The flags and the rights of an ACE, as SDDL writes them. */
#ifndef WCL_BACKUPSTREAM_ACE_CODES_H
#define WCL_BACKUPSTREAM_ACE_CODES_H

#include "backupstream/ace.h"
#include "backupstream/scan.h"

wcl_status wcl_ace_flags_print(const wcl_ace *ace, wcl_buffer *out, wcl_error *error);
wcl_status wcl_ace_flags_scan(wcl_sddl_scan *scan, uint8_t *flags, wcl_error *error);

wcl_status wcl_ace_rights_print(const wcl_ace *ace, wcl_buffer *out, wcl_error *error);
wcl_status wcl_ace_rights_scan(wcl_sddl_scan *scan, uint32_t *mask, wcl_error *error);

#endif
