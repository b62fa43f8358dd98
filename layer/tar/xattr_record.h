/* Extended attributes of Linux in pax records: raw as SCHILY.xattr.NAME, or in libarchive's form as
 * LIBARCHIVE.xattr.NAME. */
#ifndef WCL_TAR_XATTR_RECORD_H
#define WCL_TAR_XATTR_RECORD_H

#include "base/buffer.h"
#include "layer/tar/pax_records.h"

/* The prefix of the records that an entry's attributes are read of: libarchive writes each in both
 * forms, so its own counts only where it stands alone. NULL where there are none. */
const char *wcl_xattr_records_prefix(const wcl_pax_records *records);

/* Whether the record is one of them; one for all entries that follow is not. */
bool wcl_xattr_record_is(const wcl_pax_record *record, const char *prefix);

/* Appends the attribute's name and a NUL. GNU tar escapes '=' and '%' in it, libarchive all that is
 * unusual. */
wcl_status wcl_xattr_record_name(const wcl_pax_record *record, const char *prefix, wcl_buffer *out,
                                 wcl_error *error);

/* Appends its value. */
wcl_status wcl_xattr_record_value(const wcl_pax_record *record, const char *prefix, wcl_buffer *out,
                                  wcl_error *error);

/* Appends the name as it stands behind SCHILY.xattr. when it is written, and a NUL. */
wcl_status wcl_xattr_record_escape(const char *name, wcl_buffer *out, wcl_error *error);

#endif
