/* POSIX's <sys/mman.h> on Windows, as far as reading a file needs it. */
#ifndef WCL_NT_SYS_MMAN_H
#define WCL_NT_SYS_MMAN_H

#pragma GCC system_header

#include <stddef.h>
#include <sys/types.h>

#define PROT_READ 1
#define MAP_SHARED 1
#define MAP_PRIVATE 2
#define MAP_FAILED ((void *)-1)

/* A file is mapped for reading, from its start. */
void *wcl_nt_mmap(void *address, size_t size, int protection, int flags, int descriptor,
                  off_t offset);
int wcl_nt_munmap(void *address, size_t size);

#define mmap wcl_nt_mmap
#define munmap wcl_nt_munmap

#endif
