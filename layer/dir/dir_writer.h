/* The writer of plain folders with the choices that tests need. */
#ifndef WCL_DIR_DIR_WRITER_H
#define WCL_DIR_DIR_WRITER_H

#include <wcl/layer.h>

/* As wcl_dir_writer_open(); `avoid_xattrs`: as if the file system had no extended attributes. */
wcl_status wcl_dir_writer_open_with(const char *folder, bool avoid_xattrs,
                                    wcl_layer_writer **writer, wcl_error *error);

#endif
