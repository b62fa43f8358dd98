/* Logging in: tokens, their scopes and ends, user and password. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image/registry/request.h"
#include "unit/registry/server.h"

#define EMPTY "Content-Length: 0\r\n\r\n"
#define ASK_TOKEN                                                                                  \
    "HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer realm=\"http://127.0.0.1:%P/token?a=b\","         \
    "service=\"my registry\",scope=\"repository:x:pull\"\r\n" EMPTY
#define ASK_BASIC "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"r\"\r\n" EMPTY
#define FINE "HTTP/1.1 200 OK\r\n" EMPTY
#define TOKEN_1                                                                                    \
    "HTTP/1.1 200 OK\r\nContent-Length: %L\r\n\r\n{\"token\":\"one\",\"expires_in\":300}"
#define TOKEN_2                                                                                    \
    "HTTP/1.1 200 OK\r\nContent-Length: %L\r\n\r\n{\"access_token\":\"two\",\"expires_in\":0}"

typedef struct fixture {
    server *server;
    wcl_http *http;
    wcl_auth *auth;
} fixture;

static fixture start(const char *const *answers, size_t count, const char *user)
{
    const wcl_http_options http = { .is_loopback = true, .stall_seconds = 5 };
    const wcl_auth_options options = { .registry = "r:1",
                                       .username = user,
                                       .password = user ? "secret" : NULL,
                                       .config_folder = "/nonexistent",
                                       .policy = { 3, 1 } };
    fixture fixture = { .server = server_start(answers, count) };

    assert_int_equal(wcl_http_open(&http, &fixture.http, NULL), WCL_OK);
    assert_int_equal(wcl_auth_new(fixture.http, &options, &fixture.auth, NULL), WCL_OK);
    return fixture;
}

static void stop(fixture *fixture)
{
    wcl_auth_free(fixture->auth);
    wcl_http_free(fixture->http);
    server_stop(fixture->server);
}

static wcl_status get(fixture *fixture, int *status, wcl_error *error)
{
    const wcl_retry_policy policy = { 3, 1 };
    wcl_retry retry = { &policy, 0 };
    WCL_CLEANUP_EXCHANGE wcl_http_exchange *exchange = NULL;
    char url[100];
    const wcl_http_request request = { .method = "GET", .url = url };

    snprintf(url, sizeof(url), "http://127.0.0.1:%u/v2/", server_port(fixture->server));
    if (wcl_registry_send(fixture->http, fixture->auth, &retry, &request, &exchange, error) !=
        WCL_OK)
        return WCL_FAILED;
    *status = wcl_http_status(exchange);
    return WCL_OK;
}

static void assert_get(fixture *fixture, int expected)
{
    wcl_error error = WCL_ERROR_INIT;
    int status = 0;

    if (get(fixture, &status, &error) != WCL_OK)
        fail_msg("%s", error.message);
    assert_int_equal(status, expected);
}

static void assert_asked(fixture *fixture, size_t index, const char *text)
{
    if (!strstr(server_request(fixture->server, index), text))
        fail_msg("'%s' is not in: %s", text, server_request(fixture->server, index));
}

static void a_token_is_fetched_once_and_used_again(void **state)
{
    const char *const answers[] = { ASK_TOKEN, TOKEN_1, FINE, FINE };
    fixture fixture = start(answers, 4, NULL);

    (void)state;
    assert_int_equal(wcl_auth_add_scope(fixture.auth, "repository:x:pull,push", NULL), WCL_OK);
    assert_int_equal(wcl_auth_add_scope(fixture.auth, "repository:y:pull", NULL), WCL_OK);
    assert_get(&fixture, 200);
    assert_get(&fixture, 200);
    assert_int_equal(server_requests(fixture.server), 4);
    assert_asked(&fixture, 1, "GET /token?a=b&service=my");
    assert_asked(&fixture, 1, "scope=repository%3ax%3apull%2cpush&scope=repository%3ay%3apull ");
    assert_null(strstr(server_request(fixture.server, 1), "Authorization"));
    assert_asked(&fixture, 2, "Authorization: Bearer one");
    assert_asked(&fixture, 3, "Authorization: Bearer one");
    stop(&fixture);
}

static void credentials_go_to_the_token_server(void **state)
{
    const char *const answers[] = { ASK_TOKEN, TOKEN_1, FINE };
    fixture fixture = start(answers, 3, "ann");

    (void)state;
    assert_get(&fixture, 200);
    assert_asked(&fixture, 1, "Authorization: Basic YW5uOnNlY3JldA==");
    assert_asked(&fixture, 1, "account=ann");
    assert_asked(&fixture, 2, "Authorization: Bearer one");
    stop(&fixture);
}

static void a_token_at_its_end_is_replaced(void **state)
{
    const char *const answers[] = { ASK_TOKEN, TOKEN_2, FINE, TOKEN_1, FINE };
    fixture fixture = start(answers, 5, NULL);

    (void)state;
    assert_get(&fixture, 200);
    /* The clock that tells has whole seconds. */
    usleep(1100000);
    assert_get(&fixture, 200);
    assert_asked(&fixture, 2, "Authorization: Bearer two");
    assert_asked(&fixture, 4, "Authorization: Bearer one");
    stop(&fixture);
}

static void a_new_scope_needs_a_new_token(void **state)
{
    const char *const answers[] = { ASK_TOKEN, TOKEN_1, FINE, TOKEN_1, FINE };
    fixture fixture = start(answers, 5, NULL);

    (void)state;
    assert_get(&fixture, 200);
    assert_int_equal(wcl_auth_add_scope(fixture.auth, "repository:z:pull", NULL), WCL_OK);
    assert_get(&fixture, 200);
    assert_asked(&fixture, 3, "scope=repository%3ax%3apull&scope=repository%3az%3apull");
    stop(&fixture);
}

static void a_scope_apart_leaves_the_token_alone(void **state)
{
    const char *const answers[] = { ASK_TOKEN, TOKEN_1, FINE, "HTTP/1.1 403 No\r\n" EMPTY, FINE };
    fixture fixture = start(answers, 5, "ann");
    wcl_auth *with = NULL;
    char *header = NULL;

    (void)state;
    assert_get(&fixture, 200);
    assert_int_equal(wcl_auth_with_scope(fixture.auth, "repository:z:pull", &with, NULL), WCL_OK);
    assert_int_equal(wcl_auth_header(with, &header, NULL), WCL_FAILED);
    wcl_auth_free(with);
    assert_asked(&fixture, 3, "scope=repository%3ax%3apull&scope=repository%3az%3apull");
    assert_asked(&fixture, 3, "Authorization: Basic YW5uOnNlY3JldA==");
    assert_get(&fixture, 200);
    assert_asked(&fixture, 4, "Authorization: Bearer one");
    stop(&fixture);
}

static void basic_sends_user_and_password_each_time(void **state)
{
    const char *const answers[] = { ASK_BASIC, FINE, FINE };
    fixture fixture = start(answers, 3, "ann");

    (void)state;
    assert_get(&fixture, 200);
    assert_get(&fixture, 200);
    assert_null(strstr(server_request(fixture.server, 0), "Authorization"));
    assert_asked(&fixture, 1, "Authorization: Basic YW5uOnNlY3JldA==");
    assert_asked(&fixture, 2, "Authorization: Basic YW5uOnNlY3JldA==");
    stop(&fixture);
}

static void assert_denied(const char *const *answers, size_t count, const char *user, uint32_t code,
                          const char *why)
{
    fixture fixture = start(answers, count, user);
    wcl_error error = WCL_ERROR_INIT;
    int status;

    assert_int_equal(get(&fixture, &status, &error), WCL_FAILED);
    if (!strstr(error.message, why) || error.code != code)
        fail_msg("%u: %s", error.code, error.message);
    assert_int_equal(server_requests(fixture.server), count);
    stop(&fixture);
}

static void a_refusal_is_not_asked_for_again_and_again(void **state)
{
    const char *const wrong[] = {
        ASK_BASIC,
        "HTTP/1.1 401 No\r\nContent-Length: %L\r\n\r\n"
        "{\"errors\":[{\"code\":\"UNAUTHORIZED\",\"message\":\"who \\u001b[2J are you\"}]}"
    };
    const char *const none[] = { ASK_BASIC };
    const char *const unknown[] = { "HTTP/1.1 401 No\r\nWWW-Authenticate: Digest x=y\r\n" EMPTY };
    const char *const silent[] = { "HTTP/1.1 401 No\r\n" EMPTY };

    (void)state;
    assert_denied(wrong, 2, "ann", WCL_CODE_ACCESS_DENIED, "UNAUTHORIZED, who  [2J are you");
    assert_denied(none, 1, NULL, WCL_CODE_ACCESS_DENIED, "log in with docker login");
    assert_denied(unknown, 1, NULL, WCL_CODE_NOT_SUPPORTED, "only Bearer and Basic");
    assert_denied(silent, 1, NULL, WCL_CODE_NOT_SUPPORTED, "no authentication");
}

static void an_empty_token_leaves_the_access_token(void **state)
{
    const char *const answers[] = { ASK_TOKEN,
                                    "HTTP/1.1 200 OK\r\nContent-Length: %L\r\n\r\n"
                                    "{\"token\":\"\",\"access_token\":\"T\"}",
                                    FINE };
    fixture fixture = start(answers, 3, NULL);

    (void)state;
    assert_get(&fixture, 200);
    assert_asked(&fixture, 2, "Authorization: Bearer T\r\n");
    stop(&fixture);
}

static void who_is_redirected_to_gets_no_login(void **state)
{
    const char *const challenges[] = { ASK_TOKEN, ASK_BASIC };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const char *const other_answers[] = { challenges[i], TOKEN_1 };
        server *other = server_start(other_answers, 2);
        char away[200];
        const char *const answers[] = { away, away };
        wcl_error error = WCL_ERROR_INIT;
        int status;
        snprintf(away, sizeof(away),
                 "HTTP/1.1 307 Away\r\nLocation: http://127.0.0.1:%u/x\r\n" EMPTY,
                 server_port(other));
        fixture fixture = start(answers, 2, "ann");
        assert_int_equal(get(&fixture, &status, &error), WCL_FAILED);
        assert_int_equal(error.code, WCL_CODE_ACCESS_DENIED);
        assert_non_null(strstr(error.message, "refuses access (status 401"));
        assert_int_equal(server_requests(fixture.server), 1);
        assert_int_equal(server_requests(other), 1);
        assert_null(strcasestr(server_request(other, 0), "authorization"));
        stop(&fixture);
        server_stop(other);
    }
}

/* A login at a registry with an identity token, which its token server is sent. */
static void log_in_with_identity_token(fixture *fixture, char folder[32])
{
    char path[100];

    strcpy(folder, "/tmp/wcl-auth-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/config.json", folder);
    FILE *file = fopen(path, "w");
    fputs("{\"auths\":{\"r:1\":{\"auth\":\"YW5uOg==\",\"identitytoken\":\"i&d\"}}}", file);
    fclose(file);
    const wcl_auth_options options = { .registry = "r:1",
                                       .config_folder = folder,
                                       .policy = { 3, 1 } };
    wcl_auth_free(fixture->auth);
    assert_int_equal(wcl_auth_new(fixture->http, &options, &fixture->auth, NULL), WCL_OK);
}

static void remove_config(const char *folder)
{
    char path[100];

    snprintf(path, sizeof(path), "%s/config.json", folder);
    unlink(path);
    rmdir(folder);
}

static void an_identity_token_goes_nowhere_else(void **state)
{
    static const int statuses[] = { 301, 302, 303, 307, 308 };

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        const char *const other_answers[] = { TOKEN_1 };
        server *other = server_start(other_answers, 1);
        char away[200], folder[32];
        const char *const answers[] = { ASK_TOKEN, away, FINE };
        wcl_error error = WCL_ERROR_INIT;
        int status;
        snprintf(away, sizeof(away),
                 "HTTP/1.1 %d Away\r\nLocation: http://127.0.0.1:%u/x\r\n" EMPTY, statuses[i],
                 server_port(other));
        fixture fixture = start(answers, 3, NULL);
        log_in_with_identity_token(&fixture, folder);
        if (statuses[i] > 303) {
            assert_int_equal(get(&fixture, &status, &error), WCL_FAILED);
            assert_int_equal(error.code, WCL_CODE_ACCESS_DENIED);
            assert_non_null(strstr(error.message, "sends a login on to"));
            assert_int_equal(server_requests(other), 0);
        } else {
            assert_get(&fixture, 200);
            assert_int_equal(server_requests(other), 1);
        }
        assert_asked(&fixture, 1, "refresh_token=i%26d");
        assert_null(strstr(server_request(other, 0), "i%26d"));
        assert_null(strstr(server_request(other, 0), "refresh_token"));
        stop(&fixture);
        server_stop(other);
        remove_config(folder);
    }
}

static void an_identity_token_may_be_redirected_at_its_server(void **state)
{
    const char *const answers[] = { ASK_TOKEN, "HTTP/1.1 307 There\r\nLocation: /there\r\n" EMPTY,
                                    TOKEN_1, FINE };
    fixture fixture = start(answers, 4, NULL);
    char folder[32];

    (void)state;
    log_in_with_identity_token(&fixture, folder);
    assert_get(&fixture, 200);
    assert_asked(&fixture, 2, "POST /there");
    assert_asked(&fixture, 2, "refresh_token=i%26d");
    stop(&fixture);
    remove_config(folder);
}

static void bad_tokens_are_refused(void **state)
{
    const char *const injected[] = {
        ASK_TOKEN, "HTTP/1.1 200 OK\r\nContent-Length: %L\r\n\r\n{\"token\":\"a\\r\\nX: y\"}  "
    };
    const char *const missing[] = { ASK_TOKEN, "HTTP/1.1 200 OK\r\nContent-Length: %L\r\n\r\n{}" };
    const char *const denied[] = { ASK_TOKEN, "HTTP/1.1 403 No\r\n" EMPTY };
    const char *const nowhere[] = { "HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer "
                                    "realm=\"file:///etc/passwd\"\r\n" EMPTY };
    const char *const listened[] = { "HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer "
                                     "realm=\"http://192.0.2.1/\"\r\n" EMPTY };

    (void)state;
    assert_denied(injected, 2, NULL, WCL_CODE_INVALID_DATA, "gives no token");
    assert_denied(missing, 2, NULL, WCL_CODE_INVALID_DATA, "gives no token");
    assert_denied(denied, 2, NULL, WCL_CODE_ACCESS_DENIED, "refuses a token (status 403");
    assert_denied(nowhere, 1, NULL, WCL_CODE_NOT_SUPPORTED, "only http and https");
    assert_denied(listened, 1, "ann", WCL_CODE_ACCESS_DENIED, "plain HTTP");
}

static void what_passes_is_tried_again(void **state)
{
    const char *const answers[] = { "HTTP/1.1 503 Wait\r\nRetry-After: 0\r\n" EMPTY, NULL, FINE };
    const char *const hopeless[] = { "HTTP/1.1 500 No\r\n" EMPTY, "HTTP/1.1 500 No\r\n" EMPTY,
                                     "HTTP/1.1 500 No\r\n" EMPTY };
    const char *const gone[] = { "HTTP/1.1 404 No\r\n" EMPTY };
    fixture fixture = start(answers, 3, NULL);

    (void)state;
    assert_get(&fixture, 200);
    stop(&fixture);
    fixture = start(hopeless, 3, NULL);
    assert_get(&fixture, 500);
    assert_int_equal(server_requests(fixture.server), 3);
    stop(&fixture);
    fixture = start(gone, 1, NULL);
    assert_get(&fixture, 404);
    assert_int_equal(server_requests(fixture.server), 1);
    stop(&fixture);
}

static void an_identity_token_is_exchanged(void **state)
{
    const char *const answers[] = { ASK_TOKEN, TOKEN_1, FINE };
    fixture fixture = start(answers, 3, NULL);
    char folder[32];

    (void)state;
    log_in_with_identity_token(&fixture, folder);
    assert_get(&fixture, 200);
    assert_asked(&fixture, 1, "POST /token?a=b");
    assert_asked(&fixture, 1,
                 "grant_type=refresh_token&service=my%20registry&client_id=wcl&"
                 "scope=repository%3Ax%3Apull&refresh_token=i%26d");
    assert_asked(&fixture, 2, "Authorization: Bearer one");
    stop(&fixture);
    remove_config(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_fetched_once_and_used_again),
        cmocka_unit_test(credentials_go_to_the_token_server),
        cmocka_unit_test(a_token_at_its_end_is_replaced),
        cmocka_unit_test(a_new_scope_needs_a_new_token),
        cmocka_unit_test(a_scope_apart_leaves_the_token_alone),
        cmocka_unit_test(basic_sends_user_and_password_each_time),
        cmocka_unit_test(a_refusal_is_not_asked_for_again_and_again),
        cmocka_unit_test(an_empty_token_leaves_the_access_token),
        cmocka_unit_test(who_is_redirected_to_gets_no_login),
        cmocka_unit_test(bad_tokens_are_refused),
        cmocka_unit_test(what_passes_is_tried_again),
        cmocka_unit_test(an_identity_token_is_exchanged),
        cmocka_unit_test(an_identity_token_goes_nowhere_else),
        cmocka_unit_test(an_identity_token_may_be_redirected_at_its_server),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
