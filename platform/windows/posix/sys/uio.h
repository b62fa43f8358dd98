/* POSIX's <sys/uio.h> on Windows. */
#ifndef WCL_NT_SYS_UIO_H
#define WCL_NT_SYS_UIO_H

#pragma GCC system_header

#include <stddef.h>
#include <sys/types.h>

struct iovec {
    void *iov_base;
    size_t iov_len;
};

ssize_t wcl_nt_pwritev(int descriptor, const struct iovec *pieces, int count, off_t offset);

#define pwritev wcl_nt_pwritev

#endif
