/* The pipes of processes, as HANDLEs, which the compute service may have opened for overlapped use.
 */
#include <windows.h>

#include <wcl/container.h>

#include "base/error.h"
#include "platform/windows/win32_error.h"

/* One read or write never takes more than this. */
#define CHUNK_LIMIT (1u << 30)

static DWORD chunk_of(size_t size)
{
    return size < CHUNK_LIMIT ? (DWORD)size : CHUNK_LIMIT;
}

/* Waits for an operation that was begun; 0 or a Win32 error. */
static DWORD pipe_finish(HANDLE handle, BOOL begun, OVERLAPPED *overlapped, DWORD *transferred)
{
    if (!begun && GetLastError() != ERROR_IO_PENDING)
        return GetLastError();
    return GetOverlappedResult(handle, overlapped, transferred, TRUE) ? 0 : GetLastError();
}

static wcl_status pipe_begin(OVERLAPPED *overlapped, wcl_error *error)
{
    overlapped->hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (overlapped->hEvent)
        return WCL_OK;
    return wcl_fail_win32(error, GetLastError(), "cannot make an event to wait for the pipe");
}

wcl_status wcl_pipe_read(wcl_pipe pipe, void *buffer, size_t size, size_t *got, wcl_error *error)
{
    OVERLAPPED overlapped = { 0 };
    HANDLE handle = (HANDLE)pipe;
    DWORD transferred = 0;

    if (pipe_begin(&overlapped, error) != WCL_OK)
        return WCL_FAILED;
    BOOL begun = ReadFile(handle, buffer, chunk_of(size), NULL, &overlapped);
    DWORD failed = pipe_finish(handle, begun, &overlapped, &transferred);
    CloseHandle(overlapped.hEvent);
    /* The end of a pipe is that nobody writes to it any more. */
    if (failed == ERROR_BROKEN_PIPE || failed == ERROR_HANDLE_EOF)
        transferred = 0;
    else if (failed && failed != ERROR_MORE_DATA)
        return wcl_fail_win32(error, failed, "cannot read from the pipe");
    *got = transferred;
    return WCL_OK;
}

static wcl_status write_some(HANDLE handle, const void *data, size_t size, DWORD *written,
                             wcl_error *error)
{
    OVERLAPPED overlapped = { 0 };

    if (pipe_begin(&overlapped, error) != WCL_OK)
        return WCL_FAILED;
    BOOL begun = WriteFile(handle, data, chunk_of(size), NULL, &overlapped);
    DWORD failed = pipe_finish(handle, begun, &overlapped, written);
    CloseHandle(overlapped.hEvent);
    if (failed == ERROR_NO_DATA || failed == ERROR_PIPE_NOT_CONNECTED)
        failed = ERROR_BROKEN_PIPE;
    return failed ? wcl_fail_win32(error, failed, "cannot write to the pipe") : WCL_OK;
}

wcl_status wcl_pipe_write(wcl_pipe pipe, const void *data, size_t size, wcl_error *error)
{
    const char *at = data;
    DWORD written;

    while (size > 0) {
        if (write_some((HANDLE)pipe, at, size, &written, error) != WCL_OK)
            return WCL_FAILED;
        at += written;
        size -= written;
    }
    return WCL_OK;
}

void wcl_pipe_close(wcl_pipe pipe)
{
    if (pipe != WCL_PIPE_NONE)
        CloseHandle((HANDLE)pipe);
}
