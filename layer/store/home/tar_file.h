/* The file layer.tar as it is written: on a thread of its own, past the page cache where the file
 * system can, because most of a layer is not read soon and copying it there costs as much as
 * hashing it. */
#ifndef WCL_STORE_TAR_FILE_H
#define WCL_STORE_TAR_FILE_H

#include "compress/block.h"

typedef struct wcl_tar_file wcl_tar_file;

/* Writes to the open file `fd`, which is empty and stays the caller's. */
wcl_status wcl_tar_file_start(int fd, wcl_tar_file **file, wcl_error *error);
/* Writes the block next, of which it takes a reference. Fails as soon as an earlier write did. */
wcl_status wcl_tar_file_give(wcl_tar_file *file, wcl_block *block, wcl_error *error);
/* Waits until all is written, though maybe not on the disk yet. May be called once. */
wcl_status wcl_tar_file_finish(wcl_tar_file *file, wcl_error *error);
/* NULL is allowed. */
void wcl_tar_file_free(wcl_tar_file *file);

#endif
