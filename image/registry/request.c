/* Requests: with authorization, repetition, and errors that say what the registry said. */
#include "image/registry/request.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/json.h"

/* Of an answer that explains an error. */
#define EXPLANATION_MAX ((size_t)64 * 1024)

/* ---- What the registry says ------------------------------------------------------------------ */

static uint32_t code_of(int status)
{
    switch (status) {
    case 401:
    case 403:
        return WCL_CODE_ACCESS_DENIED;
    case 404:
        return WCL_CODE_FILE_NOT_FOUND;
    case 413:
        return WCL_CODE_FILE_TOO_LARGE;
    case 429:
        return WCL_CODE_BUSY;
    default:
        return WCL_CODE_INVALID_DATA;
    }
}

/* Nothing of a server's text may move a terminal's cursor. */
static void make_printable(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 127)
            *text = ' ';
}

/* The first error of {"errors":[{"code","message"}]}. */
static void explain(wcl_http_exchange *exchange, char *text, size_t size)
{
    WCL_CLEANUP_BUFFER wcl_buffer body = WCL_BUFFER_INIT;
    WCL_CLEANUP_JSON cJSON *json = NULL;
    const char *code = NULL, *message = NULL;

    text[0] = '\0';
    if (wcl_http_read_all(exchange, EXPLANATION_MAX, &body, NULL) != WCL_OK ||
        wcl_json_parse(wcl_buffer_text(&body), body.size, EXPLANATION_MAX, &json, NULL) != WCL_OK)
        return;
    const cJSON *errors = cJSON_GetObjectItemCaseSensitive(json, "errors");
    const cJSON *first = cJSON_IsArray(errors) ? errors->child : NULL;
    if (!first)
        return;
    wcl_json_get_text(first, "code", &code, NULL);
    wcl_json_get_text(first, "message", &message, NULL);
    if (code || message)
        snprintf(text, size, ": %.60s%s%.240s", code ? code : "", code && message ? ", " : "",
                 message ? message : "");
    make_printable(text);
}

wcl_status wcl_registry_fail(wcl_http_exchange *exchange, const char *what, wcl_error *error)
{
    const int status = wcl_http_status(exchange);
    const char *origin = wcl_http_address(exchange)->origin;
    char explanation[320];

    explain(exchange, explanation, sizeof(explanation));
    if (status == 404)
        return wcl_fail(error, WCL_CODE_FILE_NOT_FOUND, "'%.200s' has not got %s (status 404%s)",
                        origin, what, explanation);
    return wcl_fail(error, code_of(status), "'%.200s' refuses %s (status %d%s)", origin, what,
                    status, explanation);
}

/* ---- Sending ----------------------------------------------------------------------------------
 */

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

wcl_status wcl_registry_send(wcl_http *http, wcl_auth *auth, wcl_retry *retry,
                             const wcl_http_request *request, wcl_http_exchange **exchange,
                             wcl_error *error)
{
    for (;;) {
        WCL_CLEANUP_EXCHANGE wcl_http_exchange *answer = NULL;
        wcl_error why = WCL_ERROR_INIT;
        uint64_t asked_for = 0;
        wcl_status status = wcl_registry_send_once(http, auth, request, &answer, &why);
        bool again = answer ? wcl_retry_status_is_worth(wcl_http_status(answer))
                            : wcl_retry_is_worth(why.code);
        if (again && answer)
            asked_for = wcl_retry_after(wcl_http_header(answer, "Retry-After", 0), time(NULL));
        if (again && wcl_retry_again(retry, http, asked_for))
            continue;
        if (wcl_http_check_cancelled(http, error) != WCL_OK)
            return WCL_FAILED;
        *exchange = answer;
        answer = NULL;
        if (status != WCL_OK && error)
            *error = why;
        return status;
    }
}
