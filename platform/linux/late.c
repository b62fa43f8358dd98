/* Loading libraries when they are first used. */
#include "platform/linux/late.h"

#include <dlfcn.h>

#include "base/error.h"

wcl_status wcl_late_load(const char *soname, const wcl_late_symbol *symbols, size_t count,
                         wcl_error *error)
{
    void *library = dlopen(soname, RTLD_NOW | RTLD_NODELETE);

    if (!library)
        return wcl_fail(error, WCL_CODE_MOD_NOT_FOUND, "cannot load %s: %s", soname, dlerror());
    for (size_t i = 0; i < count; i++) {
        *symbols[i].address = dlsym(library, symbols[i].name);
        if (!*symbols[i].address) {
            dlclose(library);
            return wcl_fail(error, WCL_CODE_PROC_NOT_FOUND, "%s has no function %s", soname,
                            symbols[i].name);
        }
    }
    dlclose(library);
    return WCL_OK;
}
