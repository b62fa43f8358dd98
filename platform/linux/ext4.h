/*
 * ext4 in a sparse file, as the limited storage of a sandbox.
 *
 * The limit is not the size of the file system but what the kernel holds back of a much larger one
 * (reserved_clusters), set whenever it is mounted. So it is exact, grows at once while mounted, and
 * needs no right beyond mounting; growing a file system online needs CAP_SYS_RESOURCE.
 */
#ifndef WCL_PLATFORM_LINUX_EXT4_H
#define WCL_PLATFORM_LINUX_EXT4_H

#include <wcl/base.h>

#define WCL_EXT4_LIMIT_MIN (UINT64_C(1) << 20)
#define WCL_EXT4_LIMIT_MAX (UINT64_C(8) << 40)

/* Bytes of an image for a limit, which is between the two: room to grow sixteenfold at least, while
 * that is possible at all. */
uint64_t wcl_ext4_image_size(uint64_t limit);

/* Makes the file `path` of `image_size` bytes, which are holes but for what ext4 needs. */
wcl_status wcl_ext4_make(const char *path, uint64_t image_size, wcl_error *error);

/* Lets `limit` bytes be used of the mounted file system of the open folder. Fails with
 * FILE_TOO_LARGE where it has not that many. */
wcl_status wcl_ext4_limit(int folder, uint64_t limit, wcl_error *error);

/* Lets that file system grow to `image_size` bytes of its device. */
wcl_status wcl_ext4_grow(int folder, uint64_t image_size, wcl_error *error);

#endif
