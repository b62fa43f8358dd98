/* The privileges of backup programs on Windows. */
#include <wcl/backupstream.h>

#include <windows.h>

#include "base/error.h"
#include "platform/windows/win32_error.h"

static wcl_status enable(HANDLE token, const wchar_t *name, wcl_error *error)
{
    TOKEN_PRIVILEGES privileges = { .PrivilegeCount = 1 };

    privileges.Privileges[0].Attributes = SE_PRIVILEGE_ENABLED;
    if (!LookupPrivilegeValueW(NULL, name, &privileges.Privileges[0].Luid))
        return wcl_fail_win32(error, GetLastError(), "this system has no %ls", name);
    SetLastError(ERROR_SUCCESS);
    if (!AdjustTokenPrivileges(token, FALSE, &privileges, 0, NULL, NULL) ||
        GetLastError() != ERROR_SUCCESS)
        return wcl_fail_win32(error, GetLastError(), "cannot get %ls; run this as an administrator",
                              name);
    return WCL_OK;
}

wcl_status wcl_enable_backup_privileges(wcl_error *error)
{
    HANDLE token;

    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES | TOKEN_QUERY, &token))
        return wcl_fail_win32(error, GetLastError(), "cannot change this process's rights");
    wcl_status status = enable(token, L"SeBackupPrivilege", error);
    if (status == WCL_OK)
        status = enable(token, L"SeRestorePrivilege", error);
    CloseHandle(token);
    return status;
}
