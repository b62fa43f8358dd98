/* Loading libmicrohttpd. */
#include "graphdriver/server/microhttpd.h"

#include <pthread.h>

#include "platform/linux/late.h"

/* Written once, under the lock; the same for all servers of the program. */
static wcl_microhttpd functions;
static bool is_loaded;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

wcl_status wcl_microhttpd_load(wcl_error *error)
{
    const wcl_late_symbol symbols[] = {
        WCL_LATE_SYMBOL(&functions, MHD_start_daemon),
        WCL_LATE_SYMBOL(&functions, MHD_stop_daemon),
        WCL_LATE_SYMBOL(&functions, MHD_lookup_connection_value),
        WCL_LATE_SYMBOL(&functions, MHD_get_connection_info),
        WCL_LATE_SYMBOL(&functions, MHD_set_connection_option),
        WCL_LATE_SYMBOL(&functions, MHD_create_response_from_callback),
        WCL_LATE_SYMBOL(&functions, MHD_create_response_from_buffer_with_free_callback),
        WCL_LATE_SYMBOL(&functions, MHD_add_response_header),
        WCL_LATE_SYMBOL(&functions, MHD_queue_response),
        WCL_LATE_SYMBOL(&functions, MHD_destroy_response),
    };
    wcl_status status = WCL_OK;

    pthread_mutex_lock(&lock);
    if (!is_loaded)
        status = wcl_late_load(WCL_SONAME_MICROHTTPD, symbols, sizeof(symbols) / sizeof(symbols[0]),
                               error);
    is_loaded = is_loaded || status == WCL_OK;
    pthread_mutex_unlock(&lock);
    return status;
}

const wcl_microhttpd *wcl_microhttpd_functions(void)
{
    return &functions;
}
