/* Having the kernel copy from file to file. */
#ifndef WCL_BASE_WRITE_FD_H
#define WCL_BASE_WRITE_FD_H

#include <wcl/base.h>

/* Copies up to `size` bytes at `offset` of a file to where another one is; `*got` says how many.
 * WCL_END where that cannot be done, and nothing was. */
wcl_status wcl_copy_to_fd(int from, uint64_t offset, size_t size, int to, size_t *got,
                          wcl_error *error);

#endif
