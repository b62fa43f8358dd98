/* Waiting for input on Windows. */
#include <errno.h>
#include <io.h>
#include <poll.h>

#include "platform/windows/posix/native.h"

#define LOOK_EVERY 10

int wcl_nt_poll(struct pollfd *waits, unsigned long count, int milliseconds)
{
    HANDLE handle = count == 1 ? wcl_native_handle(waits->fd) : INVALID_HANDLE_VALUE;
    DWORD waiting = 0;

    if (handle == INVALID_HANDLE_VALUE) {
        errno = EINVAL;
        return -1;
    }
    waits->revents = POLLIN;
    if (GetFileType(handle) != FILE_TYPE_PIPE)
        return 1;
    for (int left = milliseconds;; left -= LOOK_EVERY) {
        /* That the other end has gone can be read, too. */
        if (!PeekNamedPipe(handle, NULL, 0, NULL, &waiting, NULL) || waiting > 0)
            return 1;
        if (left <= 0)
            break;
        Sleep(LOOK_EVERY);
    }
    waits->revents = 0;
    return 0;
}
