/* What a link of the layer reads as a symbolic link on disk. */
#ifndef WCL_DIR_LINK_TEXT_H
#define WCL_DIR_LINK_TEXT_H

#include "layer/dir/record.h"

/*
 * The text of a relative symbolic link for the entry `path`, whose reparse data or target is in
 * `record`. `*inside` is false where the entry is no link, or its target lies outside the volume
 * that the layer is of.
 */
wcl_status wcl_link_text(const char *path, const wcl_file_record *record, size_t name_max,
                         wcl_buffer *text, bool *inside, wcl_error *error);

#endif
