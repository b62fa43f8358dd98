/* ext4 in a file, as the limited storage of a sandbox. */
#ifndef WCL_PLATFORM_LINUX_EXT4_H
#define WCL_PLATFORM_LINUX_EXT4_H

#include <wcl/base.h>

/* The least size that leaves room beside the journal. */
#define WCL_EXT4_SIZE_MIN (UINT64_C(16) << 20)

/* Bytes of an image in which about (a few per cent less than, never more than) `size` bytes can be
 * written. 0 where that is less than WCL_EXT4_SIZE_MIN or beyond what ext4 can be. */
uint64_t wcl_ext4_image_size(uint64_t size);

/* Makes the file `path` of `image_size` bytes, which are holes but for what ext4 needs. */
wcl_status wcl_ext4_make(const char *path, uint64_t image_size, wcl_error *error);

/* Lets the mounted file system of the open folder grow to `image_size` bytes of its device. */
wcl_status wcl_ext4_grow(int folder, uint64_t image_size, wcl_error *error);

#endif
