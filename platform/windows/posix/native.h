/* What the POSIX functions on Windows share: NT names, errors as errno, descriptors as handles. */
#ifndef WCL_PLATFORM_WINDOWS_NATIVE_H
#define WCL_PLATFORM_WINDOWS_NATIVE_H

#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#include <winternl.h>

#include <stdbool.h>
#include <stdint.h>

/* Sets errno to what the code says and returns -1. */
int wcl_native_fail(DWORD win32_code);
int wcl_native_fail_status(NTSTATUS status);

/*
 * A name as the kernel takes it: relative to a folder's handle, or from the root of all. It is not
 * limited to 260 units, and the kernel leaves trailing dots, blanks and device names alone.
 */
typedef struct wcl_native_name {
    UNICODE_STRING text;
    OBJECT_ATTRIBUTES attributes;
} wcl_native_name;

/*
 * `path` (UTF-8, slashes) in the folder `descriptor`; AT_FDCWD or an absolute path mean what Win32
 * means by it. Beneath a folder a backslash or colon is refused: it could only lead elsewhere.
 * 0, or -1 with errno.
 */
int wcl_native_name_make(int descriptor, const char *path, wcl_native_name *name);
void wcl_native_name_free(wcl_native_name *name);

/* -1 with errno; INVALID_HANDLE_VALUE where the descriptor is not open. */
HANDLE wcl_native_handle(int descriptor);
/* Opens what is at the name, never following it when it is a link. */
int wcl_native_open_itself(int folder, const char *path, ACCESS_MASK access, HANDLE *handle);

static inline bool wcl_native_failed(NTSTATUS status)
{
    return status < 0;
}

#define WCL_NATIVE_SHARE_ALL (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)

#endif
