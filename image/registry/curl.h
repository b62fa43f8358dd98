/* The functions of libcurl, which is loaded when a registry is first spoken to. */
#ifndef WCL_REGISTRY_CURL_H
#define WCL_REGISTRY_CURL_H

/* Its checks of types are macros that know no function pointers. */
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include <wcl/base.h>

typedef struct wcl_curl_functions {
    __typeof__(curl_easy_cleanup) *curl_easy_cleanup;
    __typeof__(curl_easy_escape) *curl_easy_escape;
    __typeof__(curl_easy_getinfo) *curl_easy_getinfo;
    __typeof__(curl_easy_header) *curl_easy_header;
    __typeof__(curl_easy_init) *curl_easy_init;
    __typeof__(curl_easy_pause) *curl_easy_pause;
    __typeof__(curl_easy_reset) *curl_easy_reset;
    __typeof__(curl_easy_setopt) *curl_easy_setopt;
    __typeof__(curl_easy_strerror) *curl_easy_strerror;
    __typeof__(curl_free) *curl_free;
    __typeof__(curl_getdate) *curl_getdate;
    __typeof__(curl_global_init) *curl_global_init;
    __typeof__(curl_multi_add_handle) *curl_multi_add_handle;
    __typeof__(curl_multi_cleanup) *curl_multi_cleanup;
    __typeof__(curl_multi_info_read) *curl_multi_info_read;
    __typeof__(curl_multi_init) *curl_multi_init;
    __typeof__(curl_multi_perform) *curl_multi_perform;
    __typeof__(curl_multi_poll) *curl_multi_poll;
    __typeof__(curl_multi_remove_handle) *curl_multi_remove_handle;
    __typeof__(curl_multi_strerror) *curl_multi_strerror;
    __typeof__(curl_slist_append) *curl_slist_append;
    __typeof__(curl_slist_free_all) *curl_slist_free_all;
    __typeof__(curl_url) *curl_url;
    __typeof__(curl_url_cleanup) *curl_url_cleanup;
    __typeof__(curl_url_get) *curl_url_get;
    __typeof__(curl_url_set) *curl_url_set;
    __typeof__(curl_url_strerror) *curl_url_strerror;
} wcl_curl_functions;

/* Loads it, once for the program. Any thread. */
wcl_status wcl_curl_load(wcl_error *error);
/* Its functions, after wcl_curl_load(). */
const wcl_curl_functions *wcl_curl(void);

#endif
