/* Reading, writing, mapping and locking by descriptor on Windows. */
#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "platform/windows/posix/native.h"

static OVERLAPPED at_offset(uint64_t offset)
{
    return (OVERLAPPED) { .Offset = (DWORD)offset, .OffsetHigh = (DWORD)(offset >> 32) };
}

static DWORD at_most(size_t size)
{
    return size > INT_MAX ? INT_MAX : (DWORD)size;
}

/* The handle's own position moves too, which nobody here counts on who reads by offset. */
ssize_t wcl_nt_pread(int descriptor, void *buffer, size_t size, off_t offset)
{
    HANDLE handle = wcl_native_handle(descriptor);
    OVERLAPPED place = at_offset((uint64_t)offset);
    DWORD got = 0;

    if (handle == INVALID_HANDLE_VALUE)
        return -1;
    if (!ReadFile(handle, buffer, at_most(size), &got, &place) &&
        GetLastError() != ERROR_HANDLE_EOF)
        return wcl_native_fail(GetLastError());
    return (ssize_t)got;
}

ssize_t wcl_nt_pwrite(int descriptor, const void *data, size_t size, off_t offset)
{
    HANDLE handle = wcl_native_handle(descriptor);
    OVERLAPPED place = at_offset((uint64_t)offset);
    DWORD written = 0;

    if (handle == INVALID_HANDLE_VALUE)
        return -1;
    if (!WriteFile(handle, data, at_most(size), &written, &place))
        return wcl_native_fail(GetLastError());
    return (ssize_t)written;
}

ssize_t wcl_nt_pwritev(int descriptor, const struct iovec *pieces, int count, off_t offset)
{
    ssize_t sum = 0;

    for (int i = 0; i < count; i++) {
        ssize_t written =
            wcl_nt_pwrite(descriptor, pieces[i].iov_base, pieces[i].iov_len, offset + sum);
        if (written < 0)
            return sum > 0 ? sum : -1;
        sum += written;
        if ((size_t)written < pieces[i].iov_len)
            break;
    }
    return sum;
}

off_t wcl_nt_lseek(int descriptor, off_t offset, int whence)
{
    static const DWORD methods[] = { FILE_BEGIN, FILE_CURRENT, FILE_END };
    HANDLE handle = wcl_native_handle(descriptor);
    LARGE_INTEGER distance = { .QuadPart = offset }, place;

    if (handle == INVALID_HANDLE_VALUE)
        return -1;
    if (GetFileType(handle) != FILE_TYPE_DISK) {
        errno = ESPIPE;
        return -1;
    }
    if (!SetFilePointerEx(handle, distance, &place, methods[whence]))
        return wcl_native_fail(GetLastError());
    return place.QuadPart;
}

int wcl_nt_ftruncate(int descriptor, off_t size)
{
    HANDLE handle = wcl_native_handle(descriptor);
    FILE_END_OF_FILE_INFO end = { .EndOfFile.QuadPart = size };

    if (handle == INVALID_HANDLE_VALUE)
        return -1;
    if (!SetFileInformationByHandle(handle, FileEndOfFileInfo, &end, sizeof(end)))
        return wcl_native_fail(GetLastError());
    return 0;
}

int wcl_nt_fsync(int descriptor)
{
    HANDLE handle = wcl_native_handle(descriptor);

    if (handle == INVALID_HANDLE_VALUE)
        return -1;
    if (FlushFileBuffers(handle))
        return 0;
    /* A folder cannot be flushed by who only reads it; NTFS journals what changes in it. */
    return GetLastError() == ERROR_ACCESS_DENIED ? 0 : wcl_native_fail(GetLastError());
}

/* ---- Mapping -------------------------------------------------------------------------------- */

void *wcl_nt_mmap(void *address, size_t size, int protection, int flags, int descriptor,
                  off_t offset)
{
    HANDLE handle = wcl_native_handle(descriptor);

    if (address || protection != PROT_READ || !flags || offset != 0) {
        errno = ENOTSUP;
        return MAP_FAILED;
    }
    if (handle == INVALID_HANDLE_VALUE)
        return MAP_FAILED;
    HANDLE mapping = CreateFileMappingW(handle, NULL, PAGE_READONLY, 0, 0, NULL);
    void *view = mapping ? MapViewOfFile(mapping, FILE_MAP_READ, 0, 0, size) : NULL;
    DWORD code = GetLastError();
    if (mapping)
        CloseHandle(mapping);
    if (view)
        return view;
    wcl_native_fail(code);
    return MAP_FAILED;
}

int wcl_nt_munmap(void *address, size_t size)
{
    (void)size;
    return UnmapViewOfFile(address) ? 0 : wcl_native_fail(GetLastError());
}

/* ---- Locks ---------------------------------------------------------------------------------- */

int wcl_nt_flock(int descriptor, int operation)
{
    HANDLE handle = wcl_native_handle(descriptor);
    /* A byte that no file reaches, because Windows keeps others from what is locked. */
    OVERLAPPED place = at_offset(INT64_MAX - 1);
    DWORD flags = operation & LOCK_EX ? LOCKFILE_EXCLUSIVE_LOCK : 0;

    if (handle == INVALID_HANDLE_VALUE)
        return -1;
    if (operation & LOCK_UN)
        return UnlockFileEx(handle, 0, 1, 0, &place) ? 0 : wcl_native_fail(GetLastError());
    if (operation & LOCK_NB)
        flags |= LOCKFILE_FAIL_IMMEDIATELY;
    if (LockFileEx(handle, flags, 0, 1, 0, &place))
        return 0;
    if (GetLastError() == ERROR_IO_PENDING) {
        errno = EWOULDBLOCK;
        return -1;
    }
    return wcl_native_fail(GetLastError());
}
