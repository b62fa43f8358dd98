/* Loading libnghttp2. */
#include "snapshotter/grpc/nghttp2.h"

#include <pthread.h>

#include "platform/linux/late.h"

/* Written once, under the lock; the same for all connections of the program. */
static wcl_nghttp2 functions;
static bool is_loaded;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define LATE(function) symbols[count++] = (wcl_late_symbol)WCL_LATE_SYMBOL(&functions, function)

wcl_status wcl_nghttp2_load(wcl_error *error)
{
    wcl_late_symbol symbols[sizeof(functions) / sizeof(void *)];
    wcl_status status = WCL_OK;
    size_t count = 0;

    WCL_NGHTTP2_FUNCTIONS(LATE);
    pthread_mutex_lock(&lock);
    if (!is_loaded)
        status = wcl_late_load(WCL_SONAME_NGHTTP2, symbols, count, error);
    is_loaded = is_loaded || status == WCL_OK;
    pthread_mutex_unlock(&lock);
    return status;
}

const wcl_nghttp2 *wcl_nghttp2_functions(void)
{
    return &functions;
}
