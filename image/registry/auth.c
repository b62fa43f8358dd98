/* Logging in: what a 401 asks for, tokens and when they expire. */
#include "image/registry/auth.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/base64.h"
#include "base/error.h"
#include "image/registry/curl.h"
#include "base/json.h"
#include "image/registry/answer.h"

#define ANSWER_SIZE_MAX ((size_t)1024 * 1024)
#define SCOPES_MAX 64
/* A token without a lifetime has this one; and this long before its end another is asked for. */
#define LIFETIME_DEFAULT 60
#define LIFETIME_SPARE 5

struct wcl_auth {
    wcl_http *http;
    wcl_retry_policy policy;
    char *registry;
    char *config_folder;
    pthread_mutex_t mutex; /* all below */
    wcl_credentials credentials;
    bool has_credentials; /* they were looked up */
    char *scopes[SCOPES_MAX];
    size_t scope_count;
    char *realm; /* of a token server; NULL while none is known */
    char *service;
    char *header;    /* NULL: none */
    int64_t expires; /* when another token is to be asked for, by the monotonic clock */
};

static int64_t seconds_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static char *auth_copy(const char *text)
{
    return text ? strdup(text) : NULL;
}

wcl_status wcl_auth_new(wcl_http *http, const wcl_auth_options *options, wcl_auth **auth,
                        wcl_error *error)
{
    wcl_auth *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    pthread_mutex_init(&made->mutex, NULL);
    made->http = http;
    made->policy = options->policy;
    made->registry = strdup(options->registry);
    made->config_folder = auth_copy(options->config_folder);
    made->has_credentials = options->username != NULL;
    made->credentials.username = auth_copy(options->username);
    made->credentials.password = auth_copy(options->password);
    if (!made->registry || (options->config_folder && !made->config_folder) ||
        (options->username && !made->credentials.username) ||
        (options->password && !made->credentials.password)) {
        wcl_auth_free(made);
        return wcl_fail_memory(error);
    }
    *auth = made;
    return WCL_OK;
}

static void forget(void *secret, size_t size)
{
    if (secret)
        explicit_bzero(secret, size);
}

static void forget_header(wcl_auth *auth)
{
    forget(auth->header, auth->header ? strlen(auth->header) : 0);
    free(auth->header);
    auth->header = NULL;
}

void wcl_auth_free(wcl_auth *auth)
{
    if (!auth)
        return;
    forget_header(auth);
    wcl_credentials_free(&auth->credentials);
    for (size_t i = 0; i < auth->scope_count; i++)
        free(auth->scopes[i]);
    free(auth->realm);
    free(auth->service);
    free(auth->registry);
    free(auth->config_folder);
    pthread_mutex_destroy(&auth->mutex);
    free(auth);
}

/* ---- Scopes ---------------------------------------------------------------------------------- */

/* Whether a token for the scope `has` is one for `wanted` as well: the same thing, no fewer
 * actions. */
static bool scope_covers(const char *has, const char *wanted)
{
    size_t size = strlen(wanted);

    return strncmp(has, wanted, size) == 0 && (has[size] == '\0' || has[size] == ',');
}

static wcl_status add_scope(wcl_auth *auth, const char *scope, wcl_error *error)
{
    for (size_t i = 0; i < auth->scope_count; i++)
        if (scope_covers(auth->scopes[i], scope))
            return WCL_OK;
    if (auth->scope_count == SCOPES_MAX)
        return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE,
                        "the registry '%s' asks for more than %d scopes", auth->registry,
                        SCOPES_MAX);
    auth->scopes[auth->scope_count] = strdup(scope);
    if (!auth->scopes[auth->scope_count])
        return wcl_fail_memory(error);
    auth->scope_count++;
    if (auth->realm)
        forget_header(auth);
    return WCL_OK;
}

wcl_status wcl_auth_add_scope(wcl_auth *auth, const char *scope, wcl_error *error)
{
    pthread_mutex_lock(&auth->mutex);
    wcl_status status = add_scope(auth, scope, error);
    pthread_mutex_unlock(&auth->mutex);
    return status;
}

static wcl_status copy_text(char **to, const char *from, wcl_error *error)
{
    *to = auth_copy(from);
    return from && !*to ? wcl_fail_memory(error) : WCL_OK;
}

/* What is known of logging in; a token is for the old scopes only. */
static wcl_status copy_login(wcl_auth *to, const wcl_auth *from, wcl_error *error)
{
    to->has_credentials = from->has_credentials;
    to->expires = from->expires;
    for (size_t i = 0; i < from->scope_count; i++)
        if (add_scope(to, from->scopes[i], error) != WCL_OK)
            return WCL_FAILED;
    if (copy_text(&to->credentials.username, from->credentials.username, error) != WCL_OK ||
        copy_text(&to->credentials.password, from->credentials.password, error) != WCL_OK ||
        copy_text(&to->credentials.identity_token, from->credentials.identity_token, error) !=
            WCL_OK ||
        copy_text(&to->credentials.registry_token, from->credentials.registry_token, error) !=
            WCL_OK ||
        copy_text(&to->realm, from->realm, error) != WCL_OK ||
        copy_text(&to->service, from->service, error) != WCL_OK)
        return WCL_FAILED;
    return from->realm ? WCL_OK : copy_text(&to->header, from->header, error);
}

wcl_status wcl_auth_with_scope(wcl_auth *auth, const char *scope, wcl_auth **with, wcl_error *error)
{
    const wcl_auth_options options = { .registry = auth->registry,
                                       .config_folder = auth->config_folder,
                                       .policy = auth->policy };
    wcl_auth *made;

    if (wcl_auth_new(auth->http, &options, &made, error) != WCL_OK)
        return WCL_FAILED;
    pthread_mutex_lock(&auth->mutex);
    wcl_status status = copy_login(made, auth, error);
    pthread_mutex_unlock(&auth->mutex);
    if (status == WCL_OK)
        status = add_scope(made, scope, error);
    if (status != WCL_OK) {
        wcl_auth_free(made);
        return WCL_FAILED;
    }
    *with = made;
    return WCL_OK;
}

/* ---- Headers --------------------------------------------------------------------------------- */

static wcl_status look_up(wcl_auth *auth, wcl_error *error)
{
    if (auth->has_credentials)
        return WCL_OK;
    if (wcl_credentials_find(auth->config_folder, auth->registry, auth->http, &auth->credentials,
                             error) != WCL_OK)
        return WCL_FAILED;
    auth->has_credentials = true;
    return WCL_OK;
}

static wcl_status basic_header(const wcl_credentials *credentials, char **header, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer plain = WCL_BUFFER_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;

    if (wcl_buffer_printf(&plain, error, "%s:%s", credentials->username,
                          credentials->password ? credentials->password : "") != WCL_OK ||
        wcl_buffer_append_text(&text, "Basic ", error) != WCL_OK ||
        wcl_base64_encode(plain.data, plain.size, &text, error) != WCL_OK)
        return WCL_FAILED;
    explicit_bzero(plain.data, plain.size);
    *header = wcl_buffer_detach(&text, NULL, error);
    return *header ? WCL_OK : WCL_FAILED;
}

/* A token goes into a header; what does not belong there is refused. */
static bool is_token(const char *token)
{
    for (const char *at = token; *at; at++)
        if (*at <= ' ' || *at > '~')
            return false;
    return *token != '\0';
}

static wcl_status set_token(wcl_auth *auth, const char *token, uint64_t lifetime, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;

    if (!token || !is_token(token))
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "the token server '%.300s' gives no token",
                        auth->realm ? auth->realm : auth->registry);
    if (lifetime > INT32_MAX)
        lifetime = INT32_MAX;
    if (wcl_buffer_printf(&text, error, "Bearer %s", token) != WCL_OK)
        return WCL_FAILED;
    forget_header(auth);
    auth->header = wcl_buffer_detach(&text, NULL, error);
    auth->expires =
        seconds_now() +
        (int64_t)(lifetime > 2 * LIFETIME_SPARE ? lifetime - LIFETIME_SPARE : lifetime / 2);
    return auth->header ? WCL_OK : WCL_FAILED;
}

/* ---- Tokens ---------------------------------------------------------------------------------- */

static void free_url(CURLU **url)
{
    wcl_curl()->curl_url_cleanup(*url);
}

static void free_text(char **text)
{
    wcl_curl()->curl_free(*text);
}

static bool add_query(CURLU *url, const char *name, const char *value)
{
    WCL_CLEANUP_BUFFER wcl_buffer pair = WCL_BUFFER_INIT;

    return wcl_buffer_printf(&pair, NULL, "%s=%s", name, value) == WCL_OK &&
           wcl_curl()->curl_url_set(url, CURLUPART_QUERY, wcl_buffer_text(&pair),
                                    CURLU_APPENDQUERY | CURLU_URLENCODE) == CURLUE_OK;
}

/* The realm with what is asked for behind it. */
static wcl_status token_url(const wcl_auth *auth, char **url_text, wcl_error *error)
{
    __attribute__((cleanup(free_url))) CURLU *url = wcl_curl()->curl_url();
    bool well = url && wcl_curl()->curl_url_set(url, CURLUPART_URL, auth->realm, 0) == CURLUE_OK;

    if (well && auth->service)
        well = add_query(url, "service", auth->service);
    for (size_t i = 0; well && i < auth->scope_count; i++)
        well = add_query(url, "scope", auth->scopes[i]);
    if (well && auth->credentials.username)
        well = add_query(url, "account", auth->credentials.username);
    if (!well || wcl_curl()->curl_url_get(url, CURLUPART_URL, url_text, 0) != CURLUE_OK)
        return wcl_fail(error, WCL_CODE_INVALID_DATA,
                        "'%.300s' is not the address of a token server", auth->realm);
    return WCL_OK;
}

static wcl_status add_field(wcl_buffer *form, const char *name, const char *value, wcl_error *error)
{
    char *escaped = wcl_curl()->curl_easy_escape(NULL, value, 0);

    if (!escaped)
        return wcl_fail_memory(error);
    wcl_status status =
        wcl_buffer_printf(form, error, "%s%s=%s", form->size ? "&" : "", name, escaped);
    wcl_curl()->curl_free(escaped);
    return status;
}

/* The form that exchanges an identity token for an access token. */
static wcl_status refresh_form(const wcl_auth *auth, wcl_buffer *form, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer scopes = WCL_BUFFER_INIT;

    for (size_t i = 0; i < auth->scope_count; i++)
        if (wcl_buffer_printf(&scopes, error, "%s%s", i ? " " : "", auth->scopes[i]) != WCL_OK)
            return WCL_FAILED;
    if (add_field(form, "grant_type", "refresh_token", error) != WCL_OK ||
        add_field(form, "service", auth->service ? auth->service : "", error) != WCL_OK ||
        add_field(form, "client_id", "wcl", error) != WCL_OK ||
        add_field(form, "scope", wcl_buffer_text(&scopes), error) != WCL_OK)
        return WCL_FAILED;
    return add_field(form, "refresh_token", auth->credentials.identity_token, error);
}

static wcl_status read_token(wcl_auth *auth, wcl_http_exchange *exchange, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer body = WCL_BUFFER_INIT;
    WCL_CLEANUP_JSON cJSON *json = NULL;
    const char *token = NULL, *access = NULL;
    uint64_t lifetime = LIFETIME_DEFAULT;

    if (wcl_http_status(exchange) != 200)
        return wcl_registry_fail(exchange, "a token", error);
    if (wcl_http_read_all(exchange, ANSWER_SIZE_MAX, &body, error) != WCL_OK ||
        wcl_json_parse(wcl_buffer_text(&body), body.size, ANSWER_SIZE_MAX, &json, error) !=
            WCL_OK ||
        wcl_json_get_text(json, "token", &token, error) != WCL_OK ||
        wcl_json_get_text(json, "access_token", &access, error) != WCL_OK ||
        wcl_json_get_u64(json, "expires_in", &lifetime, error) != WCL_OK)
        return wcl_error_context(error, NULL, "token");
    return set_token(auth, token && *token ? token : access, lifetime, error);
}

static wcl_status send_to_token_server(const wcl_registry_attempt *attempt,
                                       const wcl_http_request *request,
                                       wcl_http_exchange **exchange, wcl_error *error)
{
    return wcl_http_send(attempt->http, request, exchange, error);
}

static wcl_status fetch_token(wcl_auth *auth, wcl_error *error)
{
    __attribute__((cleanup(free_text))) char *url = NULL;
    WCL_CLEANUP_BUFFER wcl_buffer form = WCL_BUFFER_INIT;
    WCL_CLEANUP_FREE char *basic = NULL;
    WCL_CLEANUP_EXCHANGE wcl_http_exchange *exchange = NULL;
    const char *const form_type[] = { "Content-Type: application/x-www-form-urlencoded", NULL };
    wcl_http_request request = { .method = "GET" };
    const wcl_registry_attempt attempt = { auth->http, NULL, send_to_token_server };
    wcl_retry retry = { &auth->policy, 0 };

    if (auth->credentials.identity_token) {
        if (refresh_form(auth, &form, error) != WCL_OK)
            return WCL_FAILED;
        request = (wcl_http_request) { .method = "POST",
                                       .url = auth->realm,
                                       .headers = form_type,
                                       .body = form.data,
                                       .body_size = form.size,
                                       .has_secret = true };
    } else {
        if (token_url(auth, &url, error) != WCL_OK ||
            (auth->credentials.username &&
             basic_header(&auth->credentials, &basic, error) != WCL_OK))
            return WCL_FAILED;
        request.url = url;
        request.authorization = basic;
    }
    wcl_status status = wcl_registry_repeat(&attempt, &retry, &request, &exchange, error);
    forget(form.data, form.size);
    forget(basic, basic ? strlen(basic) : 0);
    if (status != WCL_OK)
        return wcl_error_context(error, NULL, "token");
    return read_token(auth, exchange, error);
}

/* ---- Answers --------------------------------------------------------------------------------- */

static wcl_status replace(char **text, const char *value, wcl_error *error)
{
    char *made = auth_copy(value);

    if (value && !made)
        return wcl_fail_memory(error);
    free(*text);
    *text = made;
    return WCL_OK;
}

static wcl_status answer_bearer(wcl_auth *auth, const wcl_challenge *challenge, wcl_error *error)
{
    const char *realm = wcl_challenge_get(challenge, "realm");
    const char *scope = wcl_challenge_get(challenge, "scope");

    if (auth->credentials.registry_token)
        return set_token(auth, auth->credentials.registry_token, INT32_MAX, error);
    if (!realm)
        return wcl_fail(error, WCL_CODE_INVALID_DATA,
                        "the registry '%s' asks for a token and does not say where to get one",
                        auth->registry);
    if (replace(&auth->realm, realm, error) != WCL_OK ||
        replace(&auth->service, wcl_challenge_get(challenge, "service"), error) != WCL_OK ||
        (scope && !strchr(scope, ' ') && add_scope(auth, scope, error) != WCL_OK))
        return WCL_FAILED;
    return fetch_token(auth, error);
}

static wcl_status answer_basic(wcl_auth *auth, wcl_error *error)
{
    if (!auth->credentials.username)
        return wcl_fail(error, WCL_CODE_ACCESS_DENIED,
                        "the registry '%s' wants a user and a password, and there are none for it: "
                        "give them, or log in with docker login",
                        auth->registry);
    forget_header(auth);
    auth->expires = INT64_MAX;
    return basic_header(&auth->credentials, &auth->header, error);
}

static wcl_status auth_answer(wcl_auth *auth, const wcl_challenges *challenges, wcl_error *error)
{
    if (look_up(auth, error) != WCL_OK)
        return WCL_FAILED;
    const wcl_challenge *bearer = wcl_challenges_find(challenges, "bearer");
    if (bearer)
        return answer_bearer(auth, bearer, error);
    if (wcl_challenges_find(challenges, "basic"))
        return answer_basic(auth, error);
    return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                    "the registry '%s' refuses access (status 401) and asks for %s%s; only Bearer "
                    "and Basic are known",
                    auth->registry, challenges->count ? challenges->items[0].scheme : "no",
                    " authentication");
}

wcl_status wcl_auth_answer(wcl_auth *auth, const wcl_challenges *challenges, const char *used,
                           wcl_error *error)
{
    wcl_status status = WCL_OK;

    pthread_mutex_lock(&auth->mutex);
    /* Another thread may have logged in since this request was sent. */
    if (!auth->header || (used && strcmp(used, auth->header) == 0))
        status = auth_answer(auth, challenges, error);
    pthread_mutex_unlock(&auth->mutex);
    return status;
}

wcl_status wcl_auth_header(wcl_auth *auth, char **header, wcl_error *error)
{
    wcl_status status = WCL_OK;

    pthread_mutex_lock(&auth->mutex);
    if (auth->realm && (!auth->header || auth->expires < seconds_now()))
        status = fetch_token(auth, error);
    if (status == WCL_OK && auth->header && !(*header = strdup(auth->header)))
        status = wcl_fail_memory(error);
    pthread_mutex_unlock(&auth->mutex);
    return status;
}
