/* What is made of answers, whoever asked: errors, and attempts that are worth repeating. */
#ifndef WCL_REGISTRY_ANSWER_H
#define WCL_REGISTRY_ANSWER_H

#include "image/registry/retry.h"

/* Fails as the answer's status and body say: ACCESS_DENIED for 401 and 403, FILE_NOT_FOUND for 404,
 * BUSY for 429, FILE_TOO_LARGE for 413, else INVALID_DATA. `what` is what was wanted: "the manifest
 * of 'a:b'". */
wcl_status wcl_registry_fail(wcl_http_exchange *exchange, const char *what, wcl_error *error);

/* How a request is sent once. */
typedef struct wcl_registry_attempt wcl_registry_attempt;
struct wcl_registry_attempt {
    wcl_http *http;
    void *context;
    wcl_status (*send)(const wcl_registry_attempt *attempt, const wcl_http_request *request,
                       wcl_http_exchange **exchange, wcl_error *error);
};

/* Sends until it succeeds: with `retry`, which counts the failures, after connections lost, and
 * after the statuses that are worth it. Status 404 and all others are given. */
wcl_status wcl_registry_repeat(const wcl_registry_attempt *attempt, wcl_retry *retry,
                               const wcl_http_request *request, wcl_http_exchange **exchange,
                               wcl_error *error);

#endif
