/* Making, limiting and growing an ext4 in a file. */
#include "platform/linux/ext4.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "platform/linux/loop.h"
#include "platform/linux/run.h"

#define BLOCK_SIZE 4096u
#define GIB (UINT64_C(1) << 30)
#define IMAGE_SIZE_MIN (64 * GIB)
#define ROOM_TO_GROW 16
/* What the file system needs of its own for its largest limit, and then some. */
#define OWN_SHARE 32

#ifndef EXT4_IOC_RESIZE_FS
#define EXT4_IOC_RESIZE_FS _IOW('f', 16, uint64_t)
#endif

uint64_t wcl_ext4_image_size(uint64_t limit)
{
    uint64_t size = limit * ROOM_TO_GROW;

    if (size < IMAGE_SIZE_MIN)
        size = IMAGE_SIZE_MIN;
    if (size > WCL_EXT4_LIMIT_MAX)
        size = WCL_EXT4_LIMIT_MAX;
    size += size / OWN_SHARE;
    return size / BLOCK_SIZE * BLOCK_SIZE;
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

/* ---- Limiting ------------------------------------------------------------------------------- */

static wcl_status write_text(const char *path, const char *text, wcl_error *error)
{
    WCL_CLEANUP_FD int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
        return wcl_fail_errno(error, errno, "cannot limit the storage by '%s'", path);
    return WCL_OK;
}

wcl_status wcl_ext4_limit(int folder, uint64_t limit, wcl_error *error)
{
    char name[NAME_MAX + 1], path[NAME_MAX + 64], text[32];
    struct statvfs info;

    if (fstatvfs(folder, &info) != 0)
        return wcl_fail_errno(error, errno, "cannot ask for the size of the storage");
    if (limit / BLOCK_SIZE > info.f_blocks)
        return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE, "the storage has only %llu bytes",
                        (unsigned long long)info.f_blocks * BLOCK_SIZE);
    if (wcl_loop_name_of(folder, name, error) != WCL_OK)
        return WCL_FAILED;
    /* f_blocks leaves out the file system's own: what is used and what may be used add up to it. */
    snprintf(path, sizeof(path), "/sys/fs/ext4/%s/reserved_clusters", name);
    snprintf(text, sizeof(text), "%llu", (unsigned long long)(info.f_blocks - limit / BLOCK_SIZE));
    return write_text(path, text, error);
}

wcl_status wcl_ext4_grow(int folder, uint64_t image_size, wcl_error *error)
{
    uint64_t blocks = image_size / BLOCK_SIZE;

    if (ioctl(folder, EXT4_IOC_RESIZE_FS, &blocks) == 0)
        return WCL_OK;
    if (errno == EPERM)
        return wcl_fail(error, WCL_CODE_ACCESS_DENIED,
                        "letting the storage grow that far needs CAP_SYS_RESOURCE");
    return wcl_fail_errno(error, errno, "cannot let the storage grow to %llu bytes",
                          (unsigned long long)image_size);
}
