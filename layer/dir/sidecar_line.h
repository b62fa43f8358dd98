/* One line of a sidecar: a record as JSON. */
#ifndef WCL_DIR_SIDECAR_LINE_H
#define WCL_DIR_SIDECAR_LINE_H

#include "layer/dir/record.h"

/* Bytes of the longest line that is read. */
#define WCL_SIDECAR_LINE_MAX (4u << 20)

wcl_status wcl_sidecar_line_format(const char *path, const wcl_file_record *record,
                                   wcl_buffer *line, wcl_error *error);

/* Either of `path` and `record` may be NULL. */
wcl_status wcl_sidecar_line_parse(const char *line, size_t size, wcl_buffer *path,
                                  wcl_file_record *record, wcl_error *error);

#endif
