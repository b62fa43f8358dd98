/* Errors, names and handles of the NT kernel for the POSIX functions. */
#include "platform/windows/posix/native.h"

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/utf16.h"

int wcl_native_fail(DWORD win32_code)
{
    static const struct {
        DWORD code;
        int number;
    } numbers[] = {
        { ERROR_FILE_NOT_FOUND, ENOENT },
        { ERROR_PATH_NOT_FOUND, ENOENT },
        { ERROR_INVALID_DRIVE, ENOENT },
        { ERROR_BAD_NETPATH, ENOENT },
        { ERROR_BAD_NET_NAME, ENOENT },
        { ERROR_BAD_PATHNAME, ENOENT },
        { ERROR_DELETE_PENDING, ENOENT },
        { ERROR_TOO_MANY_OPEN_FILES, EMFILE },
        { ERROR_ACCESS_DENIED, EACCES },
        { ERROR_PRIVILEGE_NOT_HELD, EPERM },
        { ERROR_WRITE_PROTECT, EROFS },
        { ERROR_INVALID_HANDLE, EBADF },
        { ERROR_NOT_ENOUGH_MEMORY, ENOMEM },
        { ERROR_OUTOFMEMORY, ENOMEM },
        { ERROR_COMMITMENT_LIMIT, ENOMEM },
        { ERROR_NOT_SAME_DEVICE, EXDEV },
        { ERROR_SHARING_VIOLATION, EBUSY },
        { ERROR_LOCK_VIOLATION, EWOULDBLOCK },
        { ERROR_BUSY, EBUSY },
        { ERROR_FILE_EXISTS, EEXIST },
        { ERROR_ALREADY_EXISTS, EEXIST },
        { ERROR_DISK_FULL, ENOSPC },
        { ERROR_HANDLE_DISK_FULL, ENOSPC },
        { ERROR_BROKEN_PIPE, EPIPE },
        { ERROR_NO_DATA, EPIPE },
        { ERROR_DIR_NOT_EMPTY, ENOTEMPTY },
        { ERROR_DIRECTORY, ENOTDIR },
        { ERROR_INVALID_NAME, EINVAL },
        { ERROR_INVALID_PARAMETER, EINVAL },
        { ERROR_NEGATIVE_SEEK, EINVAL },
        { ERROR_FILENAME_EXCED_RANGE, ENAMETOOLONG },
        { ERROR_CANT_RESOLVE_FILENAME, ELOOP },
        { ERROR_TOO_MANY_LINKS, EMLINK },
        { ERROR_FILE_TOO_LARGE, EFBIG },
        { ERROR_NOT_SUPPORTED, ENOTSUP },
        { ERROR_INVALID_FUNCTION, ENOTSUP },
        { ERROR_CALL_NOT_IMPLEMENTED, ENOSYS },
        { ERROR_OPERATION_ABORTED, EINTR },
    };

    errno = EIO;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        if (numbers[i].code == win32_code)
            errno = numbers[i].number;
    return -1;
}

int wcl_native_fail_status(NTSTATUS status)
{
    static const NTSTATUS is_a_folder = (NTSTATUS)0xC00000BA, not_a_folder = (NTSTATUS)0xC0000103,
                          delete_pending = (NTSTATUS)0xC0000056;

    /* Win32 calls all three "access denied" or worse. */
    if (status == is_a_folder)
        errno = EISDIR;
    else if (status == not_a_folder)
        errno = ENOTDIR;
    else if (status == delete_pending)
        errno = ENOENT;
    else
        wcl_native_fail(RtlNtStatusToDosError(status));
    return -1;
}

HANDLE wcl_native_handle(int descriptor)
{
    HANDLE handle = (HANDLE)_get_osfhandle(descriptor);

    if (handle == INVALID_HANDLE_VALUE)
        errno = EBADF;
    return handle;
}

/* ---- Names ---------------------------------------------------------------------------------- */

/* UTF-16 with a NUL, or NULL with errno. */
static wchar_t *widen(const char *text)
{
    wcl_buffer units = { 0 };

    if (wcl_wtf8_to_utf16(text, strlen(text), &units, NULL) != WCL_OK ||
        wcl_buffer_append(&units, "\0", 2, NULL) != WCL_OK) {
        wcl_buffer_free(&units);
        errno = wcl_wtf8_is_valid(text, strlen(text)) ? ENOMEM : EILSEQ;
        return NULL;
    }
    return (wchar_t *)units.data;
}

static int native_set_text(wcl_native_name *name, wchar_t *text)
{
    size_t bytes = wcslen(text) * sizeof(wchar_t);

    if (bytes > 0xFFFC) {
        free(text);
        errno = ENAMETOOLONG;
        return -1;
    }
    name->text.Buffer = text;
    name->text.Length = (USHORT)bytes;
    name->text.MaximumLength = (USHORT)(bytes + sizeof(wchar_t));
    return 0;
}

/* What Win32 makes of the path, as a name from the kernel's root: "\??\C:\...". */
static int make_from_root(const char *path, wcl_native_name *name)
{
    static const wchar_t root[] = L"\\??\\", unc_root[] = L"\\??\\UNC\\";
    wchar_t *wide = widen(path);
    DWORD size = wide && *wide ? GetFullPathNameW(wide, 0, NULL, NULL) : 0;
    wchar_t *full = size ? malloc((size + 8) * sizeof(wchar_t)) : NULL;

    if (!wide || (size && !full) || !size) {
        int number = !wide ? errno : !*wide ? ENOENT : size ? ENOMEM : EINVAL;
        free(wide);
        free(full);
        errno = number;
        return -1;
    }
    wchar_t *at = full + 8;
    DWORD length = GetFullPathNameW(wide, size, at, NULL);
    free(wide);
    if (length == 0 || length >= size) {
        free(full);
        errno = EINVAL;
        return -1;
    }
    bool device = at[0] == '\\' && at[1] == '\\' && (at[2] == '?' || at[2] == '.') && at[3] == '\\';
    const wchar_t *start = device || at[0] != '\\' || at[1] != '\\' ? root : unc_root;
    if (device)
        at += 4;
    else if (start == unc_root)
        at += 2;
    size_t start_length = wcslen(start);
    memmove(full + start_length, at, (wcslen(at) + 1) * sizeof(wchar_t));
    memcpy(full, start, start_length * sizeof(wchar_t));
    return native_set_text(name, full);
}

static int make_beneath(HANDLE folder, const char *path, wcl_native_name *name)
{
    if (strpbrk(path, "\\:")) {
        errno = EINVAL;
        return -1;
    }
    wchar_t *wide = widen(strcmp(path, ".") == 0 ? "" : path);
    if (!wide)
        return -1;
    for (wchar_t *at = wide; *at; at++)
        if (*at == '/')
            *at = '\\';
    name->attributes.RootDirectory = folder;
    return native_set_text(name, wide);
}

int wcl_native_name_make(int descriptor, const char *path, wcl_native_name *name)
{
    bool absolute = path[0] == '/' || path[0] == '\\' || (path[0] && path[1] == ':');
    HANDLE folder = NULL;

    memset(name, 0, sizeof(*name));
    name->attributes.Length = sizeof(name->attributes);
    name->attributes.ObjectName = &name->text;
    name->attributes.Attributes = OBJ_CASE_INSENSITIVE;
    if (descriptor == AT_FDCWD || absolute)
        return make_from_root(path, name);
    folder = wcl_native_handle(descriptor);
    return folder == INVALID_HANDLE_VALUE ? -1 : make_beneath(folder, path, name);
}

void wcl_native_name_free(wcl_native_name *name)
{
    int number = errno;

    free(name->text.Buffer);
    name->text.Buffer = NULL;
    errno = number;
}

int wcl_native_open_itself(int folder, const char *path, ACCESS_MASK access, HANDLE *handle)
{
    wcl_native_name name;
    IO_STATUS_BLOCK done;

    if (wcl_native_name_make(folder, path, &name) < 0)
        return -1;
    NTSTATUS status = NtOpenFile(
        handle, access | SYNCHRONIZE, &name.attributes, &done, WCL_NATIVE_SHARE_ALL,
        FILE_OPEN_REPARSE_POINT | FILE_OPEN_FOR_BACKUP_INTENT | FILE_SYNCHRONOUS_IO_NONALERT);
    wcl_native_name_free(&name);
    return wcl_native_failed(status) ? wcl_native_fail_status(status) : 0;
}
