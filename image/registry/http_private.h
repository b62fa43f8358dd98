/* What the files of HTTP share: the connections and the exchange. */
#ifndef WCL_REGISTRY_HTTP_PRIVATE_H
#define WCL_REGISTRY_HTTP_PRIVATE_H

#include <pthread.h>

#include "image/registry/curl.h"
#include "image/registry/http.h"

/* A libcurl handle with the connections that it keeps; used by one exchange at a time. */
typedef struct wcl_http_line {
    CURLM *multi;
    CURL *easy;
    struct wcl_http_line *next;
} wcl_http_line;

struct wcl_http {
    wcl_http_options options;
    char *ca_file;
    pthread_mutex_t mutex;
    wcl_http_line *idle;
    uint64_t received;
};

wcl_status wcl_http_take_line(wcl_http *http, wcl_http_line **line, wcl_error *error);
void wcl_http_return_line(wcl_http *http, wcl_http_line *line);

/* One request without its redirects; `address` becomes the exchange's. */
wcl_status wcl_http_exchange_start(wcl_http *http, const wcl_http_request *request,
                                   wcl_address *address, wcl_http_exchange **exchange,
                                   wcl_error *error);

#endif
