/* Looking up functions of DLLs when they are first used. */
#include "platform/windows/late.h"

#include <windows.h>

#include "base/buffer.h"
#include "base/error.h"
#include "platform/windows/wide.h"
#include "platform/windows/win32_error.h"

/* Libraries stay loaded for as long as the program runs, as those do that are linked to. */
static HMODULE late_load(const char *name, wcl_error *error)
{
    WCL_CLEANUP_FREE wchar_t *wide = wcl_wide_of(name, error);

    if (!wide)
        return NULL;
    HMODULE module = NULL;
    if (!GetModuleHandleExW(0, wide, &module))
        module = LoadLibraryExW(wide, NULL,
                                LOAD_LIBRARY_SEARCH_APPLICATION_DIR | LOAD_LIBRARY_SEARCH_SYSTEM32);
    if (!module)
        wcl_fail_win32(error, GetLastError(),
                       "cannot load %s (does this Windows have its Containers feature?)", name);
    return module;
}

wcl_procedure wcl_late_find(wcl_late *late, wcl_error *error)
{
    wcl_procedure found = __atomic_load_n(&late->address, __ATOMIC_ACQUIRE);

    if (found)
        return found;
    HMODULE module = late_load(late->library, error);
    if (!module)
        return NULL;
    found = (wcl_procedure)GetProcAddress(module, late->name);
    if (!found) {
        wcl_fail(error, WCL_CODE_PROC_NOT_FOUND, "%s of this Windows has no function %s",
                 late->library, late->name);
        return NULL;
    }
    __atomic_store_n(&late->address, found, __ATOMIC_RELEASE);
    return found;
}
