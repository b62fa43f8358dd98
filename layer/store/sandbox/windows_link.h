/* Symbolic links that were made in the mount of a Windows layer, as Windows has them. */
#ifndef WCL_STORE_WINDOWS_LINK_H
#define WCL_STORE_WINDOWS_LINK_H

#include "layer/store/sandbox/sandbox_read.h"

/* The REPARSE_DATA_BUFFER of a link to the POSIX path `target`, in which the root is the volume's:
 * "/x" is C:\x, and what is relative stays so. Freed with wcl_free(). */
wcl_status wcl_windows_link(const char *target, void **data, size_t *size, wcl_error *error);

/* Whether the target of the link at the reader's place is a folder, which Windows wants to know. */
wcl_status wcl_windows_link_is_folder(wcl_sandbox_reader *reader, const char *target,
                                      bool *is_folder, wcl_error *error);

#endif
