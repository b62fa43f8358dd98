/* Random bytes from OpenSSL's libcrypto. */
#include <openssl/rand.h>

#include "base/error.h"
#include "base/random.h"

wcl_status wcl_random_bytes(void *buffer, size_t size, wcl_error *error)
{
    if (RAND_bytes(buffer, (int)size) != 1)
        return wcl_fail(error, WCL_CODE_GEN_FAILURE, "cannot get random bytes");
    return WCL_OK;
}
