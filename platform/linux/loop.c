/* Loop devices through LOOP_CONFIGURE (Linux 5.8 and later). */
#include "platform/linux/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/loop.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"

#define LOOP_MAJOR 7
#define ATTEMPTS 64

static wcl_status open_free(int control, bool read_only, int *device, char path[WCL_LOOP_PATH_SIZE],
                            wcl_error *error)
{
    int number = ioctl(control, LOOP_CTL_GET_FREE);
    int flags = (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC;

    if (number < 0)
        return wcl_fail_errno(error, errno, "cannot get a free loop device");
    snprintf(path, WCL_LOOP_PATH_SIZE, "/dev/loop%d", number);
    *device = open(path, flags);
    if (*device < 0 && errno == ENOENT &&
        mknod(path, S_IFBLK | 0600, makedev(LOOP_MAJOR, (unsigned)number)) == 0)
        *device = open(path, flags);
    if (*device < 0)
        return wcl_fail_errno(error, errno, "cannot open '%s'", path);
    return WCL_OK;
}

wcl_status wcl_loop_attach(int file, const wcl_loop_options *options, int *device,
                           char path[WCL_LOOP_PATH_SIZE], wcl_error *error)
{
    struct loop_config config = { .fd = (unsigned)file, .block_size = options->block_size };
    WCL_CLEANUP_FD int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);

    config.info.lo_flags = LO_FLAGS_AUTOCLEAR;
    if (options->read_only)
        config.info.lo_flags |= LO_FLAGS_READ_ONLY;
    if (options->direct)
        config.info.lo_flags |= LO_FLAGS_DIRECT_IO;
    *device = -1;
    if (control < 0)
        return wcl_fail_errno(error, errno, "cannot open '/dev/loop-control'");
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        if (open_free(control, options->read_only, device, path, error) != WCL_OK)
            return WCL_FAILED;
        if (ioctl(*device, LOOP_CONFIGURE, &config) == 0)
            return WCL_OK;
        /* Another process was faster to take the free device. */
        int number = errno;
        close(*device);
        *device = -1;
        if (number != EBUSY)
            return wcl_fail_errno(error, number, "cannot attach '%s' to a file", path);
    }
    return wcl_fail(error, WCL_CODE_BUSY, "found no free loop device in %d attempts", ATTEMPTS);
}

wcl_status wcl_loop_name_of(int fd, char name[256], wcl_error *error)
{
    struct stat info;
    char link[64], target[PATH_MAX];

    if (fstat(fd, &info) != 0)
        return wcl_fail_errno(error, errno, "cannot look at the mount");
    snprintf(link, sizeof(link), "/sys/dev/block/%u:%u", major(info.st_dev), minor(info.st_dev));
    ssize_t length = readlink(link, target, sizeof(target) - 1);
    if (length < 0)
        return wcl_fail_errno(error, errno, "cannot find the mount's device by '%s'", link);
    target[length] = '\0';
    const char *slash = strrchr(target, '/');
    snprintf(name, 256, "%.255s", slash ? slash + 1 : target);
    return WCL_OK;
}

wcl_status wcl_loop_open_of(int fd, int *device, wcl_error *error)
{
    char name[256], path[256 + 8];

    if (wcl_loop_name_of(fd, name, error) != WCL_OK)
        return WCL_FAILED;
    snprintf(path, sizeof(path), "/dev/%s", name);
    *device = open(path, O_RDWR | O_CLOEXEC);
    if (*device < 0)
        return wcl_fail_errno(error, errno, "cannot open '%s'", path);
    return WCL_OK;
}

wcl_status wcl_loop_refresh(int device, wcl_error *error)
{
    if (ioctl(device, LOOP_SET_CAPACITY, 0) != 0)
        return wcl_fail_errno(error, errno, "cannot let the loop device grow");
    return WCL_OK;
}
