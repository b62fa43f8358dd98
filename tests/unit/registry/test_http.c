/* HTTP: bodies at the reader's pace, redirects, limits, and what is never sent to whom. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/registry/http.h"
#include "unit/registry/server.h"

#define OK(length) "HTTP/1.1 200 OK\r\nContent-Length: " length "\r\n"

static wcl_http *http;

static int open_http(unsigned stall_seconds)
{
    const wcl_http_options options = { .is_loopback = true, .stall_seconds = stall_seconds };

    return wcl_http_open(&options, &http, NULL) == WCL_OK ? 0 : -1;
}

/* Long enough for a server on a machine that is busy. */
static int set_up(void **state)
{
    (void)state;
    return open_http(60);
}

static int set_up_impatiently(void **state)
{
    (void)state;
    return open_http(1);
}

static int tear_down(void **state)
{
    (void)state;
    wcl_http_free(http);
    return 0;
}

static char *url_of(const server *server, const char *path)
{
    static char url[200];

    snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", server_port(server), path);
    return url;
}

static wcl_status send_get(const char *url, const char *authorization, wcl_http_exchange **exchange,
                           wcl_error *error)
{
    const wcl_http_request request = { .method = "GET",
                                       .url = url,
                                       .authorization = authorization };

    return wcl_http_send(http, &request, exchange, error);
}

static void assert_body(wcl_http_exchange *exchange, const char *expected)
{
    WCL_CLEANUP_BUFFER wcl_buffer body = WCL_BUFFER_INIT;
    wcl_error error = WCL_ERROR_INIT;

    if (wcl_http_read_all(exchange, 1000000, &body, &error) != WCL_OK)
        fail_msg("%s", error.message);
    assert_string_equal(wcl_buffer_text(&body), expected);
}

static void a_body_comes_in_pieces_of_any_size(void **state)
{
    const char *const answers[] = { OK("10") "\r\n0123456789" };
    WCL_CLEANUP_EXCHANGE wcl_http_exchange *exchange = NULL;
    server *server = server_start(answers, 1);
    char text[11] = "";
    size_t got, all = 0;

    (void)state;
    assert_int_equal(send_get(url_of(server, "/a"), NULL, &exchange, NULL), WCL_OK);
    assert_int_equal(wcl_http_status(exchange), 200);
    do {
        assert_int_equal(wcl_http_read(exchange, text + all, 3, &got, NULL), WCL_OK);
        assert_true(got <= 3);
        all += got;
    } while (got);
    assert_int_equal(all, 10);
    assert_string_equal(text, "0123456789");
    server_stop(server);
}

static void a_connection_is_used_again(void **state)
{
    const char *const answers[] = { OK("1") "\r\na", OK("1") "\r\nb", OK("1") "\r\nc" };
    server *server = server_start(answers, 3);

    (void)state;
    for (int i = 0; i < 3; i++) {
        WCL_CLEANUP_EXCHANGE wcl_http_exchange *exchange = NULL;
        assert_int_equal(send_get(url_of(server, "/"), NULL, &exchange, NULL), WCL_OK);
        if (i != 1) /* what was not read is read off */
            assert_body(exchange, i ? "c" : "a");
    }
    assert_int_equal(server_connections(server), 1);
    server_stop(server);
}

static void redirects_are_followed_to_the_body(void **state)
{
    const char *const answers[] = { "HTTP/1.1 307 Go\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n",
                                    OK("2") "X-Kind: last\r\n\r\nhi" };
    WCL_CLEANUP_EXCHANGE wcl_http_exchange *exchange = NULL;
    server *server = server_start(answers, 2);

    (void)state;
    assert_int_equal(send_get(url_of(server, "/a"), "Bearer t", &exchange, NULL), WCL_OK);
    assert_string_equal(wcl_http_header(exchange, "x-kind", 0), "last");
    assert_body(exchange, "hi");
    assert_string_equal(wcl_http_address(exchange)->text, url_of(server, "/b"));
    /* The same origin may know. */
    assert_non_null(strstr(server_request(server, 1), "Authorization: Bearer t"));
    server_stop(server);
}

static void authorization_stays_with_its_origin(void **state)
{
    const char *const target_answers[] = { OK("2") "\r\nok" };
    server *target = server_start(target_answers, 1);
    char redirect[200];
    const char *const answers[] = { redirect };
    WCL_CLEANUP_EXCHANGE wcl_http_exchange *exchange = NULL;
    server *server = server_start(answers, 1);

    (void)state;
    snprintf(redirect, sizeof(redirect),
             "HTTP/1.1 302 Go\r\nLocation: http://127.0.0.1:%u/x\r\nContent-Length: 0\r\n\r\n",
             server_port(target));
    assert_int_equal(send_get(url_of(server, "/a"), "Basic c2VjcmV0", &exchange, NULL), WCL_OK);
    assert_body(exchange, "ok");
    assert_non_null(strstr(server_request(server, 0), "Authorization: Basic c2VjcmV0"));
    assert_null(strcasestr(server_request(target, 0), "authorization"));
    server_stop(server);
    server_stop(target);
}

static void a_circle_of_redirects_ends(void **state)
{
    static const char *const circle =
        "HTTP/1.1 301 Go\r\nLocation: /round\r\nContent-Length: 0\r\n\r\n";
    const char *answers[12];
    wcl_http_exchange *exchange = NULL;
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    for (int i = 0; i < 12; i++)
        answers[i] = circle;
    server *server = server_start(answers, 12);
    assert_int_equal(send_get(url_of(server, "/"), NULL, &exchange, &error), WCL_FAILED);
    assert_non_null(strstr(error.message, "was redirected 10 times, at last to '/round'"));
    assert_int_equal(server_requests(server), 11);
    server_stop(server);
}

static void assert_not_followed(const char *location, const char *why)
{
    char redirect[300];
    const char *const answers[] = { redirect };
    wcl_http_exchange *exchange = NULL;
    wcl_error error = WCL_ERROR_INIT;
    server *server = server_start(answers, 1);

    snprintf(redirect, sizeof(redirect),
             "HTTP/1.1 302 Go\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n", location);
    assert_int_equal(send_get(url_of(server, "/"), NULL, &exchange, &error), WCL_FAILED);
    if (!strstr(error.message, why))
        fail_msg("%s: %s", location, error.message);
    server_stop(server);
}

static void redirects_away_from_http_and_https_are_refused(void **state)
{
    (void)state;
    assert_not_followed("file:///etc/passwd", "refused");
    assert_not_followed("gopher://127.0.0.1/", "only http and https");
    assert_not_followed("http://192.0.2.1/", "plain HTTP");
    assert_not_followed("https://u:p@127.0.0.1/", "has a user in it");
}

static void plain_http_is_for_this_machine_only(void **state)
{
    const wcl_http_options options = { .is_loopback = false };
    const wcl_http_request request = { .method = "GET", .url = "http://127.0.0.1:1/" };
    wcl_http_exchange *exchange = NULL;
    wcl_error error = WCL_ERROR_INIT;
    wcl_http *strict = NULL;

    (void)state;
    assert_int_equal(wcl_http_open(&options, &strict, NULL), WCL_OK);
    assert_int_equal(wcl_http_send(strict, &request, &exchange, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_ACCESS_DENIED);
    wcl_http_free(strict);
    assert_int_equal(send_get("http://192.0.2.1/", NULL, &exchange, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_ACCESS_DENIED);
}

static void a_body_that_breaks_off_is_a_lost_connection(void **state)
{
    const char *const answers[] = { "!" OK("10") "\r\n01234" };
    WCL_CLEANUP_EXCHANGE wcl_http_exchange *exchange = NULL;
    server *server = server_start(answers, 1);
    wcl_error error = WCL_ERROR_INIT;
    char text[20];
    size_t got, all = 0;
    wcl_status status;

    (void)state;
    assert_int_equal(send_get(url_of(server, "/"), NULL, &exchange, NULL), WCL_OK);
    while ((status = wcl_http_read(exchange, text, sizeof(text), &got, &error)) == WCL_OK && got)
        all += got;
    assert_int_equal(status, WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_CONNECTION_LOST);
    assert_int_equal(all, 5);
    server_stop(server);
}

static void no_answer_is_a_lost_connection_too(void **state)
{
    const char *const answers[] = { NULL };
    wcl_http_exchange *exchange = NULL;
    wcl_error error = WCL_ERROR_INIT;
    server *server = server_start(answers, 1);

    (void)state;
    assert_int_equal(send_get(url_of(server, "/x?sig=secret"), NULL, &exchange, &error),
                     WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_CONNECTION_LOST);
    /* What a signed address lets in is nobody's who reads the error. */
    assert_non_null(strstr(error.message, "/x'"));
    assert_null(strstr(error.message, "secret"));
    server_stop(server);
}

static void a_silent_server_is_given_up(void **state)
{
    const char *const answers[] = { OK("10") "\r\n012" };
    WCL_CLEANUP_EXCHANGE wcl_http_exchange *exchange = NULL;
    server *server = server_start(answers, 1);
    wcl_error error = WCL_ERROR_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer body = WCL_BUFFER_INIT;

    (void)state;
    assert_int_equal(send_get(url_of(server, "/"), NULL, &exchange, NULL), WCL_OK);
    assert_int_equal(wcl_http_read_all(exchange, 100, &body, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_TIMEOUT);
    assert_non_null(strstr(error.message, "gave nothing for 1 seconds"));
    wcl_http_exchange_free(exchange);
    exchange = NULL;
    server_stop(server);
}

static void bodies_and_headers_have_limits(void **state)
{
    char *long_header = malloc(400000);
    const char *const answers[] = { OK("1000000000000") "\r\n",
                                    "!HTTP/1.1 200 OK\r\n\r\n0123456789", long_header };
    server *server = server_start(answers, 3);
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    for (int i = 0; i < 2; i++) {
        WCL_CLEANUP_EXCHANGE wcl_http_exchange *exchange = NULL;
        WCL_CLEANUP_BUFFER wcl_buffer body = WCL_BUFFER_INIT;
        assert_int_equal(send_get(url_of(server, "/"), NULL, &exchange, NULL), WCL_OK);
        assert_int_equal(wcl_http_read_all(exchange, 9, &body, &error), WCL_FAILED);
        assert_int_equal(error.code, WCL_CODE_FILE_TOO_LARGE);
    }
    strcpy(long_header, "!HTTP/1.1 200 OK\r\n");
    for (size_t size = strlen(long_header); size < 390000; size += 1000)
        snprintf(long_header + size, 1001, "X-%0993d: 1\r\n", 0);
    strcat(long_header, "\r\n");
    wcl_http_exchange *exchange = NULL;
    assert_int_equal(send_get(url_of(server, "/"), NULL, &exchange, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_FILE_TOO_LARGE);
    server_stop(server);
    free(long_header);
}

static void bodies_are_sent_with_their_headers(void **state)
{
    const char *const answers[] = {
        "HTTP/1.1 202 Accepted\r\nLocation: /up\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"
    };
    const char *const headers[] = { "Content-Type: application/octet-stream", NULL };
    server *server = server_start(answers, 2);

    (void)state;
    for (int i = 0; i < 2; i++) {
        WCL_CLEANUP_EXCHANGE wcl_http_exchange *exchange = NULL;
        const wcl_http_request request = { .method = i ? "PUT" : "POST",
                                           .url = url_of(server, "/"),
                                           .headers = i ? headers : NULL,
                                           .body = i ? "payload" : NULL,
                                           .body_size = i ? 7 : 0 };
        assert_int_equal(wcl_http_send(http, &request, &exchange, NULL), WCL_OK);
        assert_int_equal(wcl_http_status(exchange), i ? 201 : 202);
    }
    assert_non_null(strstr(server_request(server, 0), "POST / HTTP/1.1"));
    assert_non_null(strstr(server_request(server, 0), "Content-Length: 0"));
    assert_null(strstr(server_request(server, 0), "Expect:"));
    assert_non_null(strstr(server_request(server, 1), "Content-Type: application/octet-stream"));
    assert_non_null(strstr(server_request(server, 1), "\r\n\r\npayload"));
    server_stop(server);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_body_comes_in_pieces_of_any_size),
        TEST(a_connection_is_used_again),
        TEST(redirects_are_followed_to_the_body),
        TEST(authorization_stays_with_its_origin),
        TEST(a_circle_of_redirects_ends),
        TEST(redirects_away_from_http_and_https_are_refused),
        TEST(plain_http_is_for_this_machine_only),
        TEST(a_body_that_breaks_off_is_a_lost_connection),
        TEST(no_answer_is_a_lost_connection_too),
        cmocka_unit_test_setup_teardown(a_silent_server_is_given_up, set_up_impatiently, tear_down),
        TEST(bodies_and_headers_have_limits),
        TEST(bodies_are_sent_with_their_headers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
