/* Requests: with authorization, and made again where that is worth it. */
#include "image/registry/request.h"

#include <string.h>

#include "base/error.h"

static wcl_status read_challenges(wcl_http_exchange *exchange, wcl_challenges *challenges,
                                  wcl_error *error)
{
    const char *header;

    for (size_t i = 0; (header = wcl_http_header(exchange, "WWW-Authenticate", i)) != NULL; i++)
        if (wcl_challenges_parse(header, challenges, error) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}

/* Whether the origin that was asked is the one that answers: to where it redirects, nobody may ask
 * for its login. */
static wcl_status is_from(const wcl_http_exchange *exchange, const char *url, bool *from,
                          wcl_error *error)
{
    WCL_CLEANUP_ADDRESS wcl_address asked = WCL_ADDRESS_INIT;

    *from = false;
    if (wcl_address_parse(url, NULL, &asked, error) != WCL_OK)
        return WCL_FAILED;
    *from = strcmp(asked.origin, wcl_http_address(exchange)->origin) == 0;
    return WCL_OK;
}

/* What a 401 asks for; a failure where nobody may log in. */
static wcl_status take_challenges(wcl_http_exchange *exchange, const char *url, bool may_log_in,
                                  wcl_challenges *challenges, wcl_error *error)
{
    bool from;

    if (is_from(exchange, url, &from, error) != WCL_OK)
        return WCL_FAILED;
    return may_log_in && from ? read_challenges(exchange, challenges, error)
                              : wcl_registry_fail(exchange, "access", error);
}

/* One request with what is known of logging in. After a 401, when `may_log_in`, there is no answer
 * but a login. */
static wcl_status send_as(wcl_http *http, wcl_auth *auth, const wcl_http_request *request,
                          bool may_log_in, wcl_http_exchange **exchange, wcl_error *error)
{
    WCL_CLEANUP_FREE char *header = NULL;
    WCL_CLEANUP_CHALLENGES wcl_challenges challenges = { NULL, 0 };
    wcl_http_request with = *request;

    if (wcl_auth_header(auth, &header, error) != WCL_OK)
        return WCL_FAILED;
    with.authorization = header;
    if (wcl_http_send(http, &with, exchange, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_http_status(*exchange) != 401)
        return WCL_OK;
    wcl_status status = take_challenges(*exchange, request->url, may_log_in, &challenges, error);
    /* Its connection serves to log in. */
    wcl_http_exchange_free(*exchange);
    *exchange = NULL;
    return status == WCL_OK ? wcl_auth_answer(auth, &challenges, header, error) : WCL_FAILED;
}

wcl_status wcl_registry_send_once(wcl_http *http, wcl_auth *auth, const wcl_http_request *request,
                                  wcl_http_exchange **exchange, wcl_error *error)
{
    *exchange = NULL;
    if (!auth)
        return wcl_http_send(http, request, exchange, error);
    if (send_as(http, auth, request, true, exchange, error) != WCL_OK)
        return WCL_FAILED;
    return *exchange ? WCL_OK : send_as(http, auth, request, false, exchange, error);
}

static wcl_status attempt_send(const wcl_registry_attempt *attempt, const wcl_http_request *request,
                               wcl_http_exchange **exchange, wcl_error *error)
{
    return wcl_registry_send_once(attempt->http, attempt->context, request, exchange, error);
}

wcl_status wcl_registry_send(wcl_http *http, wcl_auth *auth, wcl_retry *retry,
                             const wcl_http_request *request, wcl_http_exchange **exchange,
                             wcl_error *error)
{
    const wcl_registry_attempt attempt = { http, auth, attempt_send };

    return wcl_registry_repeat(&attempt, retry, request, exchange, error);
}
