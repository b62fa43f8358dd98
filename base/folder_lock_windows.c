/*
 * Windows locks no folders, and a file that is open in a folder keeps that from being renamed. So
 * all folders' locks are bytes of one file of the machine, each at its folder's number.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/folder_lock.h"
#include "platform/windows/posix/native.h"

static int open_lock_file(void)
{
    const char *data = getenv("ProgramData");
    char path[4096];

    snprintf(path, sizeof(path) - 8, "%s/wcl", data && *data ? data : "C:/ProgramData");
    if (mkdir(path, 0755) != 0 && errno != EEXIST)
        return -1;
    strcat(path, "/locks");
    int file = open(path, O_RDONLY | O_CLOEXEC);
    return file >= 0 ? file : open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
}

static int lock_byte(int file, uint64_t offset, int operation)
{
    OVERLAPPED place = { .Offset = (DWORD)offset, .OffsetHigh = (DWORD)(offset >> 32) };
    DWORD flags = (operation & LOCK_EX ? LOCKFILE_EXCLUSIVE_LOCK : 0) |
                  (operation & LOCK_NB ? LOCKFILE_FAIL_IMMEDIATELY : 0);

    if (LockFileEx(wcl_native_handle(file), flags, 0, 1, 0, &place))
        return 0;
    if (GetLastError() == ERROR_IO_PENDING || GetLastError() == ERROR_LOCK_VIOLATION) {
        errno = EWOULDBLOCK;
        return -1;
    }
    return wcl_native_fail(GetLastError());
}

int wcl_folder_lock(int folder, int operation, int *held)
{
    struct stat info;

    *held = -1;
    if (fstat(folder, &info) != 0)
        return -1;
    int file = open_lock_file();
    if (file < 0)
        return -1;
    /* Numbers of different volumes are kept apart as far as 63 bits can. */
    uint64_t number = info.st_ino ^ (info.st_dev << 48 | info.st_dev >> 16);
    if (lock_byte(file, number & INT64_MAX, operation) != 0) {
        int code = errno;
        close(file);
        errno = code;
        return -1;
    }
    *held = file;
    return 0;
}
