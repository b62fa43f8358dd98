/* What a program waits for, on Windows. */
#include "container/waitable.h"

#include <windows.h>

#include "platform/windows/win32_error.h"

wcl_status wcl_waitable_new(wcl_waitable *waitable, wcl_error *error)
{
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);

    if (!event)
        return wcl_fail_win32(error, GetLastError(), "cannot make an event to be waited for");
    *waitable = (wcl_waitable)event;
    return WCL_OK;
}

void wcl_waitable_set(wcl_waitable waitable)
{
    if (waitable != WCL_WAITABLE_NONE)
        SetEvent((HANDLE)waitable);
}

void wcl_waitable_free(wcl_waitable waitable)
{
    if (waitable != WCL_WAITABLE_NONE)
        CloseHandle((HANDLE)waitable);
}
