/* Requests that log in where they must, and are made again where that is worth it. */
#ifndef WCL_REGISTRY_REQUEST_H
#define WCL_REGISTRY_REQUEST_H

#include "image/registry/auth.h"
#include "image/registry/retry.h"

/* Sends a request once, and once more after it was asked to log in, by the url's own origin and not
 * where it redirects to. `auth` may be NULL. The answer may have any status but 401, which is
 * ACCESS_DENIED (without `auth` it is given too). */
wcl_status wcl_registry_send_once(wcl_http *http, wcl_auth *auth, const wcl_http_request *request,
                                  wcl_http_exchange **exchange, wcl_error *error);

/*
 * The same until it succeeds: with `retry`, which counts the failures, after connections lost, and
 * after the statuses that are worth it. Status 404 and all others are given.
 */
wcl_status wcl_registry_send(wcl_http *http, wcl_auth *auth, wcl_retry *retry,
                             const wcl_http_request *request, wcl_http_exchange **exchange,
                             wcl_error *error);

/* Fails as the answer's status and body say: ACCESS_DENIED for 401 and 403, FILE_NOT_FOUND for 404,
 * BUSY for 429, FILE_TOO_LARGE for 413, else INVALID_DATA. `what` is what was wanted: "the manifest
 * of 'a:b'". */
wcl_status wcl_registry_fail(wcl_http_exchange *exchange, const char *what, wcl_error *error);

#endif
