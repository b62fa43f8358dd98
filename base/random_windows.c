/* Random bytes from Windows' own generator. */
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#include <bcrypt.h>

#include "base/error.h"
#include "base/random.h"

wcl_status wcl_random_bytes(void *buffer, size_t size, wcl_error *error)
{
    if (BCryptGenRandom(NULL, buffer, (ULONG)size, BCRYPT_USE_SYSTEM_PREFERRED_RNG) < 0)
        return wcl_fail(error, WCL_CODE_GEN_FAILURE, "cannot get random bytes");
    return WCL_OK;
}
