/* fstat() and its like on Windows. */
#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "platform/windows/posix/native.h"

static struct timespec time_of(FILETIME time)
{
    return wcl_filetime_to_timespec(
        (wcl_filetime)((uint64_t)time.dwHighDateTime << 32 | time.dwLowDateTime));
}

/* Windows has no such permissions; these say what may usually be done. */
static unsigned mode_of(HANDLE handle, DWORD attributes)
{
    FILE_ATTRIBUTE_TAG_INFO tag;

    if ((attributes & FILE_ATTRIBUTE_REPARSE_POINT) &&
        GetFileInformationByHandleEx(handle, FileAttributeTagInfo, &tag, sizeof(tag)) &&
        IsReparseTagNameSurrogate(tag.ReparseTag))
        return S_IFLNK | 0777;
    if (attributes & FILE_ATTRIBUTE_DIRECTORY)
        return S_IFDIR | 0755;
    return S_IFREG | (attributes & FILE_ATTRIBUTE_READONLY ? 0444 : 0644);
}

static int stat_handle(HANDLE handle, struct wcl_nt_stat *status)
{
    BY_HANDLE_FILE_INFORMATION info;

    memset(status, 0, sizeof(*status));
    status->st_nlink = 1;
    switch (GetFileType(handle)) {
    case FILE_TYPE_CHAR:
        status->st_mode = S_IFCHR | 0666;
        return 0;
    case FILE_TYPE_PIPE:
        status->st_mode = S_IFIFO | 0666;
        return 0;
    default:
        break;
    }
    if (!GetFileInformationByHandle(handle, &info))
        return wcl_native_fail(GetLastError());
    status->st_dev = info.dwVolumeSerialNumber;
    status->st_ino = (uint64_t)info.nFileIndexHigh << 32 | info.nFileIndexLow;
    status->st_nlink = info.nNumberOfLinks;
    status->st_mode = mode_of(handle, info.dwFileAttributes);
    if (!S_ISDIR(status->st_mode))
        status->st_size = (int64_t)((uint64_t)info.nFileSizeHigh << 32 | info.nFileSizeLow);
    status->st_blocks = (status->st_size + 511) / 512;
    status->st_atim = time_of(info.ftLastAccessTime);
    status->st_mtim = status->st_ctim = time_of(info.ftLastWriteTime);
    return 0;
}

int wcl_nt_fstat(int descriptor, struct wcl_nt_stat *status)
{
    HANDLE handle = wcl_native_handle(descriptor);

    return handle == INVALID_HANDLE_VALUE ? -1 : stat_handle(handle, status);
}

int wcl_nt_fstatat(int folder, const char *path, struct wcl_nt_stat *status, int flags)
{
    HANDLE handle;

    if (flags & AT_SYMLINK_NOFOLLOW) {
        if (wcl_native_open_itself(folder, path, FILE_READ_ATTRIBUTES, &handle) < 0)
            return -1;
        int result = stat_handle(handle, status);
        CloseHandle(handle);
        return result;
    }
    int descriptor = wcl_nt_openat(folder, path, O_PATH | O_CLOEXEC);
    if (descriptor < 0)
        return -1;
    int result = wcl_nt_fstat(descriptor, status);
    int number = errno;
    close(descriptor);
    errno = number;
    return result;
}

int wcl_nt_lstat(const char *path, struct wcl_nt_stat *status)
{
    return wcl_nt_fstatat(AT_FDCWD, path, status, AT_SYMLINK_NOFOLLOW);
}

/* A time beyond what files have becomes the nearest that they have. Windows takes 0 and the
 * negative ones as "leave it". */
static FILETIME file_time(struct timespec from)
{
    wcl_filetime time = wcl_filetime_from_timespec(from);

    if (time < 1)
        time = 1;
    return (FILETIME) { (DWORD)time, (DWORD)((uint64_t)time >> 32) };
}

static int set_times(HANDLE handle, const struct timespec times[2])
{
    FILETIME fields[2];
    bool given[2];

    for (size_t i = 0; i < 2; i++) {
        given[i] = times[i].tv_nsec != UTIME_OMIT;
        fields[i] = file_time(times[i]);
    }
    if (!SetFileTime(handle, NULL, given[0] ? &fields[0] : NULL, given[1] ? &fields[1] : NULL))
        return wcl_native_fail(GetLastError());
    return 0;
}

/* The descriptor of a folder cannot change it, so it is opened once more. */
int wcl_nt_futimens(int descriptor, const struct timespec times[2])
{
    HANDLE handle = wcl_native_handle(descriptor);

    if (handle == INVALID_HANDLE_VALUE)
        return -1;
    HANDLE writable =
        ReOpenFile(handle, FILE_WRITE_ATTRIBUTES, WCL_NATIVE_SHARE_ALL, FILE_FLAG_BACKUP_SEMANTICS);
    if (writable == INVALID_HANDLE_VALUE)
        return set_times(handle, times);
    int result = set_times(writable, times);
    CloseHandle(writable);
    return result;
}

int wcl_nt_utimensat(int folder, const char *path, const struct timespec times[2], int flags)
{
    HANDLE handle;

    if (!(flags & AT_SYMLINK_NOFOLLOW)) {
        errno = EINVAL;
        return -1;
    }
    if (wcl_native_open_itself(folder, path, FILE_WRITE_ATTRIBUTES, &handle) < 0)
        return -1;
    int result = set_times(handle, times);
    CloseHandle(handle);
    return result;
}

/* Who may do what is inherited from the folder; a mode has nothing to say on Windows. */
int wcl_nt_fchmod(int descriptor, unsigned mode)
{
    (void)mode;
    return wcl_native_handle(descriptor) == INVALID_HANDLE_VALUE ? -1 : 0;
}

int wcl_nt_faccessat(int folder, const char *path, int mode, int flags)
{
    struct wcl_nt_stat status;

    (void)mode; /* what is there can be opened, or opening it says why not */
    return wcl_nt_fstatat(folder, path, &status, flags & AT_SYMLINK_NOFOLLOW);
}
