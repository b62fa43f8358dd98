/* Loading libcurl. */
#include "image/registry/curl.h"

#include <pthread.h>

#include "base/error.h"
#include "platform/linux/late.h"

/* Written once, under the lock. */
static wcl_curl_functions functions;
static bool is_loaded;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static wcl_status curl_load(wcl_error *error)
{
    const wcl_late_symbol symbols[] = {
        WCL_LATE_SYMBOL(&functions, curl_easy_cleanup),
        WCL_LATE_SYMBOL(&functions, curl_easy_escape),
        WCL_LATE_SYMBOL(&functions, curl_easy_getinfo),
        WCL_LATE_SYMBOL(&functions, curl_easy_header),
        WCL_LATE_SYMBOL(&functions, curl_easy_init),
        WCL_LATE_SYMBOL(&functions, curl_easy_pause),
        WCL_LATE_SYMBOL(&functions, curl_easy_reset),
        WCL_LATE_SYMBOL(&functions, curl_easy_setopt),
        WCL_LATE_SYMBOL(&functions, curl_easy_strerror),
        WCL_LATE_SYMBOL(&functions, curl_free),
        WCL_LATE_SYMBOL(&functions, curl_getdate),
        WCL_LATE_SYMBOL(&functions, curl_global_init),
        WCL_LATE_SYMBOL(&functions, curl_multi_add_handle),
        WCL_LATE_SYMBOL(&functions, curl_multi_cleanup),
        WCL_LATE_SYMBOL(&functions, curl_multi_info_read),
        WCL_LATE_SYMBOL(&functions, curl_multi_init),
        WCL_LATE_SYMBOL(&functions, curl_multi_perform),
        WCL_LATE_SYMBOL(&functions, curl_multi_poll),
        WCL_LATE_SYMBOL(&functions, curl_multi_remove_handle),
        WCL_LATE_SYMBOL(&functions, curl_multi_strerror),
        WCL_LATE_SYMBOL(&functions, curl_slist_append),
        WCL_LATE_SYMBOL(&functions, curl_slist_free_all),
        WCL_LATE_SYMBOL(&functions, curl_url),
        WCL_LATE_SYMBOL(&functions, curl_url_cleanup),
        WCL_LATE_SYMBOL(&functions, curl_url_get),
        WCL_LATE_SYMBOL(&functions, curl_url_set),
        WCL_LATE_SYMBOL(&functions, curl_url_strerror),
    };

    if (wcl_late_load(WCL_SONAME_CURL, symbols, sizeof(symbols) / sizeof(symbols[0]), error) !=
        WCL_OK)
        return WCL_FAILED;
    return functions.curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? WCL_OK
                                                                       : wcl_fail_memory(error);
}

wcl_status wcl_curl_load(wcl_error *error)
{
    wcl_status status = WCL_OK;

    pthread_mutex_lock(&lock);
    if (!is_loaded)
        status = curl_load(error);
    is_loaded = is_loaded || status == WCL_OK;
    pthread_mutex_unlock(&lock);
    return status;
}

const wcl_curl_functions *wcl_curl(void)
{
    return &functions;
}
