/* HTTP: sending a request, and on to where its answer redirects. */
#include <string.h>

#include "base/error.h"
#include "image/registry/http_private.h"

#define REDIRECTS_MAX 10

/* Plain HTTP shows all to whoever listens, and lets him change it. */
static wcl_status check_plain(const wcl_http *http, const wcl_address *address, wcl_error *error)
{
    if (!address->is_plain || http->options.insecure ||
        (address->is_loopback && http->options.is_loopback))
        return WCL_OK;
    return wcl_fail(error, WCL_CODE_ACCESS_DENIED,
                    "'%.*s' is plain HTTP, which is used only for a registry on this machine or "
                    "when insecure connections are allowed",
                    WCL_ADDRESS_SHOWN(address));
}

static bool is_redirect(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* What the request becomes after an answer of that status. */
static void redirect_request(wcl_http_request *request, int status, bool other_origin)
{
    bool keeps_method = status == 307 || status == 308 || strcmp(request->method, "HEAD") == 0;

    if (!keeps_method && strcmp(request->method, "GET") != 0) {
        request->method = "GET";
        request->body = NULL;
        request->body_size = 0;
    }
    if (other_origin)
        request->authorization = NULL;
}

/* The address that the answer sends to, and the request that goes there. */
static wcl_status redirect(const wcl_http *http, wcl_http_exchange *exchange, wcl_address *address,
                           wcl_http_request *request, wcl_error *error)
{
    const char *location = wcl_http_header(exchange, "Location", 0);
    const wcl_address *from = wcl_http_address(exchange);

    if (wcl_address_parse(location, from, address, error) != WCL_OK)
        return wcl_error_context(error, NULL, "redirect");
    const bool other_origin = strcmp(address->origin, from->origin) != 0;
    redirect_request(request, wcl_http_status(exchange), other_origin);
    if (other_origin && request->has_secret && request->body)
        return wcl_fail(error, WCL_CODE_ACCESS_DENIED,
                        "'%.200s' sends a login on to '%.200s', another server, which is refused",
                        from->origin, address->origin);
    return check_plain(http, address, error);
}

wcl_status wcl_http_send(wcl_http *http, const wcl_http_request *request,
                         wcl_http_exchange **exchange, wcl_error *error)
{
    WCL_CLEANUP_ADDRESS wcl_address address = WCL_ADDRESS_INIT;
    wcl_http_request current = *request;

    if (wcl_address_parse(request->url, NULL, &address, error) != WCL_OK ||
        check_plain(http, &address, error) != WCL_OK)
        return WCL_FAILED;
    for (int hops = 0;; hops++) {
        WCL_CLEANUP_EXCHANGE wcl_http_exchange *made = NULL;
        if (wcl_http_exchange_start(http, &current, &address, &made, error) != WCL_OK)
            return WCL_FAILED;
        int status = wcl_http_status(made);
        if (!is_redirect(status) || !wcl_http_header(made, "Location", 0)) {
            *exchange = made;
            made = NULL;
            return WCL_OK;
        }
        if (hops == REDIRECTS_MAX)
            return wcl_fail(error, WCL_CODE_INVALID_DATA,
                            "'%.300s' was redirected %d times, at last to '%.300s'", request->url,
                            hops, wcl_http_header(made, "Location", 0));
        if (redirect(http, made, &address, &current, error) != WCL_OK)
            return WCL_FAILED;
    }
}
