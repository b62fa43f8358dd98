/* Requests that log in where they must, and are made again where that is worth it. */
#ifndef WCL_REGISTRY_REQUEST_H
#define WCL_REGISTRY_REQUEST_H

#include "image/registry/answer.h"
#include "image/registry/auth.h"

/* Sends a request once, and once more after it was asked to log in, by the url's own origin and not
 * where it redirects to. `auth` may be NULL. The answer may have any status but 401, which is
 * ACCESS_DENIED (without `auth` it is given too). */
wcl_status wcl_registry_send_once(wcl_http *http, wcl_auth *auth, const wcl_http_request *request,
                                  wcl_http_exchange **exchange, wcl_error *error);

/* The same until it succeeds (wcl_registry_repeat()). */
wcl_status wcl_registry_send(wcl_http *http, wcl_auth *auth, wcl_retry *retry,
                             const wcl_http_request *request, wcl_http_exchange **exchange,
                             wcl_error *error);

#endif
