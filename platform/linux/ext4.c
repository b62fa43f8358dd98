/* Making and growing an ext4 in a file. */
#include "platform/linux/ext4.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "platform/linux/run.h"

#define BLOCK_SIZE 4096u
/* One fixed size of journal, so that growing keeps the relation between image and room. */
#define JOURNAL_MIB 16u
#define MIB (UINT64_C(1) << 20)
/* A group of 128 MiB spends a little over one on its own books: 4096 inodes of 256 bytes, bitmaps.
 */
#define BOOKS_SHARE 118u
/* The kernel holds back a fiftieth, 16 MiB at most, for what a full file system must still do. */
#define HELD_BACK_MAX (16 * MIB)
/* Left out, so that what can be written stays below what was asked for. */
#define MARGIN_SHARE 256u
/* Sixteen tebibytes: what 32-bit block numbers reach. */
#define SIZE_MAX_BYTES (UINT64_C(15) << 40)

#ifndef EXT4_IOC_RESIZE_FS
#define EXT4_IOC_RESIZE_FS _IOW('f', 16, uint64_t)
#endif

uint64_t wcl_ext4_image_size(uint64_t size)
{
    if (size < WCL_EXT4_SIZE_MIN || size > SIZE_MAX_BYTES)
        return 0;
    uint64_t held_back = size / 50 < HELD_BACK_MAX ? size / 50 : HELD_BACK_MAX;
    uint64_t journal = JOURNAL_MIB * MIB;
    uint64_t image = size - size / MARGIN_SHARE + held_back + journal;
    image += (size + journal) / BOOKS_SHARE;
    return image / BLOCK_SIZE * BLOCK_SIZE;
}

wcl_status wcl_ext4_make(const char *path, uint64_t image_size, wcl_error *error)
{
    /* Folders of a container's image are small and many; its files' descriptors can be large. */
    const char *const arguments[] = {
        "mkfs.ext4",
        "-q",
        "-F",
        "-b",
        "4096",
        "-I",
        "256",
        "-i",
        "32768",
        "-m",
        "0",
        "-J",
        "size=16",
        "-O",
        "ea_inode",
        "-E",
        "lazy_itable_init=1,lazy_journal_init=1,nodiscard,root_owner=0:0",
        "-L",
        "wcl-sandbox",
        path,
        NULL,
    };
    WCL_CLEANUP_FD int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0)
        return wcl_fail_errno(error, errno, "cannot create '%s'", path);
    if (ftruncate(fd, (off_t)image_size) != 0)
        return wcl_fail_errno(error, errno, "cannot make '%s' %llu bytes long", path,
                              (unsigned long long)image_size);
    if (wcl_run(arguments, error) != WCL_OK)
        return WCL_FAILED;
    return fsync(fd) == 0 ? WCL_OK : wcl_fail_errno(error, errno, "cannot write '%s'", path);
}

wcl_status wcl_ext4_grow(int folder, uint64_t image_size, wcl_error *error)
{
    uint64_t blocks = image_size / BLOCK_SIZE;

    if (ioctl(folder, EXT4_IOC_RESIZE_FS, &blocks) != 0)
        return wcl_fail_errno(error, errno, "cannot let the file system grow to %llu bytes",
                              (unsigned long long)image_size);
    return WCL_OK;
}
