/* Errors that say what a registry said, and requests made again. */
#include "image/registry/answer.h"

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
        return wcl_fail(error, WCL_CODE_FILE_NOT_FOUND, "'%.200s' does not have %s (status 404%s)",
                        origin, what, explanation);
    return wcl_fail(error, code_of(status), "'%.200s' refuses %s (status %d%s)", origin, what,
                    status, explanation);
}

/* ---- Again ----------------------------------------------------------------------------------- */

wcl_status wcl_registry_repeat(const wcl_registry_attempt *attempt, wcl_retry *retry,
                               const wcl_http_request *request, wcl_http_exchange **exchange,
                               wcl_error *error)
{
    const wcl_http *http = attempt->http;

    for (;;) {
        WCL_CLEANUP_EXCHANGE wcl_http_exchange *answer = NULL;
        wcl_error why = WCL_ERROR_INIT;
        uint64_t asked_for = 0;
        wcl_status status = attempt->send(attempt, request, &answer, &why);
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
