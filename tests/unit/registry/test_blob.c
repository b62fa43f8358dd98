/* A blob's bytes: taken up again where they broke off, refused where they are not what was said. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "unit/registry/repository.h"

#define DIGEST "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define GONE "HTTP/1.1 404 No\r\n" EMPTY
#define BROKEN_AT_4 "!HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123"
#define REST_FROM_4                                                                                \
    "HTTP/1.1 206 Part\r\nContent-Length: 6\r\nContent-Range: bytes 4-9/10\r\n\r\n456789"
#define WHOLE "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789"

static wcl_status read_blob(fixture *fixture, wcl_descriptor descriptor, uint64_t offset,
                            char text[64], wcl_error *error)
{
    wcl_blob_stream *stream = NULL;
    wcl_status status;
    size_t got, all = 0;

    assert_int_equal(
        wcl_repository_open_blob(&fixture->repository, &descriptor, offset, &stream, error),
        WCL_OK);
    do {
        status = stream->ops->read(stream, text + all, 63 - all, &got, error);
        all += status == WCL_OK ? got : 0;
    } while (status == WCL_OK && got);
    text[all] = '\0';
    stream->ops->free(stream);
    return status;
}

static void assert_blob(const char *const *answers, size_t count, uint64_t offset,
                        const char *expected, const char *last_asked)
{
    const wcl_descriptor descriptor = { .media_type = "", .digest = DIGEST, .size = 10 };
    wcl_error error = WCL_ERROR_INIT;
    fixture fixture;
    char text[64];

    fixture_open(&fixture, answers, count, WCL_REPOSITORY_PULL, NULL);
    if (read_blob(&fixture, descriptor, offset, text, &error) != WCL_OK)
        fail_msg("%s", error.message);
    assert_string_equal(text, expected);
    assert_int_equal(server_requests(fixture.server), count);
    assert_asked(&fixture, count - 1, last_asked);
    fixture_close(&fixture);
}

static void a_blob_is_read(void **state)
{
    const char *const answers[] = { HERE, WHOLE };

    (void)state;
    assert_blob(answers, 2, 0, "0123456789", "GET /v2/a/b/blobs/" DIGEST " HTTP/1.1");
}

static void what_broke_off_goes_on_by_range(void **state)
{
    const char *const answers[] = { HERE, BROKEN_AT_4, REST_FROM_4 };

    (void)state;
    assert_blob(answers, 3, 0, "0123456789", "Range: bytes=4-");
}

static void a_server_that_ignores_range_is_read_from_the_start(void **state)
{
    const char *const answers[] = { HERE, BROKEN_AT_4, WHOLE };
    const char *const again[] = { HERE, BROKEN_AT_4, BROKEN_AT_4, WHOLE };

    (void)state;
    assert_blob(answers, 3, 0, "0123456789", "Range: bytes=4-");
    assert_blob(again, 4, 0, "0123456789", "Range: bytes=4-");
}

#define NO_SUCH_RANGE "HTTP/1.1 416 No\r\n" EMPTY

static void a_server_that_answers_range_wrongly_is_read_from_the_start(void **state)
{
    const char *const wrong[] = {
        NO_SUCH_RANGE, "HTTP/1.1 206 Part\r\nContent-Length: 6\r\n\r\n456789",
        "HTTP/1.1 206 Part\r\nContent-Length: 5\r\nContent-Range: bytes 5-9/10\r\n\r\n56789",
        "HTTP/1.1 400 No ranges\r\n" EMPTY, "HTTP/1.1 403 No ranges\r\n" EMPTY
    };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        const char *const answers[] = { HERE, BROKEN_AT_4, wrong[i], BROKEN_AT_4, WHOLE };
        fixture fixture;
        const wcl_descriptor ten = { .media_type = "", .digest = DIGEST, .size = 10 };
        char text[64];
        assert_blob(answers, 5, 0, "0123456789", "GET /v2/a/b/blobs/");
        fixture_open(&fixture, answers, 5, WCL_REPOSITORY_PULL, NULL);
        assert_int_equal(read_blob(&fixture, ten, 0, text, NULL), WCL_OK);
        assert_asked(&fixture, 2, "Range: bytes=4-");
        assert_null(strstr(server_request(fixture.server, 3), "Range:"));
        fixture_close(&fixture);
    }
}

static void a_pull_may_begin_in_the_middle(void **state)
{
    const char *const answers[] = { HERE, REST_FROM_4 };
    const char *const at_end[] = { HERE };

    (void)state;
    assert_blob(answers, 2, 4, "456789", "Range: bytes=4-");
    assert_blob(at_end, 1, 10, "", "GET /v2/ ");
}

static void failures_that_pass_are_passed_over(void **state)
{
    const char *const answers[] = { HERE, "HTTP/1.1 500 No\r\n" EMPTY, NULL, WHOLE };

    (void)state;
    assert_blob(answers, 4, 0, "0123456789", "GET /v2/a/b/blobs/");
}

static void assert_refused(const char *const *answers, size_t count, wcl_descriptor descriptor,
                           uint32_t code, const char *why)
{
    wcl_error error = WCL_ERROR_INIT;
    fixture fixture;
    char text[64];

    fixture_open(&fixture, answers, count, WCL_REPOSITORY_PULL, NULL);
    assert_int_equal(read_blob(&fixture, descriptor, 0, text, &error), WCL_FAILED);
    if (error.code != code || !strstr(error.message, why))
        fail_msg("%u: %s", error.code, error.message);
    assert_int_equal(server_requests(fixture.server), count);
    fixture_close(&fixture);
}

static void what_is_not_as_said_is_refused(void **state)
{
    const wcl_descriptor ten = { .media_type = "", .digest = DIGEST, .size = 10 };
    const char *const longer[] = { HERE,
                                   "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n0123456789a" };
    const char *const shorter[] = { HERE, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n012345678" };
    const char *const endless[] = { HERE, "!HTTP/1.1 200 OK\r\n\r\n0123456789abcdefgh" };
    const char *const early[] = { HERE, "!HTTP/1.1 200 OK\r\n\r\n01234",
                                  "!HTTP/1.1 200 OK\r\n\r\n01234",
                                  "!HTTP/1.1 200 OK\r\n\r\n01234" };
    const char *const elsewhere[] = {
        HERE, BROKEN_AT_4,
        "HTTP/1.1 206 Part\r\nContent-Length: 5\r\nContent-Range: bytes 5-9/10\r\n\r\n56789",
        "HTTP/1.1 206 Part\r\nContent-Length: 5\r\nContent-Range: bytes 5-9/10\r\n\r\n56789"
    };
    const char *const grown[] = {
        HERE, BROKEN_AT_4,
        "HTTP/1.1 206 Part\r\nContent-Length: 6\r\nContent-Range: bytes 4-9/12\r\n\r\n456789"
    };
    const char *const beyond[] = { HERE, BROKEN_AT_4, NO_SUCH_RANGE, NO_SUCH_RANGE };
    const char *const gone[] = { HERE, GONE };

    (void)state;
    assert_refused(longer, 2, ten, WCL_CODE_INVALID_DATA, "has 10 bytes by its manifest");
    assert_refused(longer, 2, ten, WCL_CODE_INVALID_DATA, "gives 11");
    assert_refused(shorter, 2, ten, WCL_CODE_INVALID_DATA, "gives 9");
    assert_refused(endless, 2, ten, WCL_CODE_INVALID_DATA, "gives more");
    assert_refused(early, 4, ten, WCL_CODE_CONNECTION_LOST, "ended it after 5");
    assert_refused(elsewhere, 4, ten, WCL_CODE_INVALID_DATA,
                   "answers with the range 'bytes 5-9/10'");
    assert_refused(grown, 3, ten, WCL_CODE_INVALID_DATA, "gives 12");
    assert_refused(beyond, 4, ten, WCL_CODE_INVALID_DATA, "does not have all 10 bytes");
    assert_refused(gone, 2, ten, WCL_CODE_FILE_NOT_FOUND, DIGEST);
}

/* ---- Foreign layers -------------------------------------------------------------------------- */

static void foreign_hosts_have_to_be_allowed(void **state)
{
    const char *const other_answers[] = { WHOLE };
    const char *const answers[] = { HERE, GONE };
    server *other = server_start(other_answers, 1);
    char url[100];
    const char *urls[] = { url };
    const wcl_descriptor foreign = {
        .media_type = "", .digest = DIGEST, .size = 10, .urls = urls, .url_count = 1
    };
    const wcl_registry_options allowed = { .struct_size = sizeof(allowed), .foreign_hosts = true };
    fixture fixture;
    char text[64];

    (void)state;
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/layer", server_port(other));
    assert_refused(answers, 2, foreign, WCL_CODE_ACCESS_DENIED, "has to be allowed");
    assert_int_equal(server_requests(other), 0);
    fixture_open(&fixture, answers, 2, WCL_REPOSITORY_PULL, &allowed);
    assert_int_equal(read_blob(&fixture, foreign, 0, text, NULL), WCL_OK);
    assert_string_equal(text, "0123456789");
    assert_non_null(strstr(server_request(other, 0), "GET /layer "));
    fixture_close(&fixture);
    server_stop(other);
}

/* Reads a foreign layer whose first address refuses the connection, and whose next four are those
 * of a server with these answers. */
static wcl_status read_of_five(const char *const other_answers[4], const char *const *answers,
                               char text[64], size_t *asked, wcl_error *error)
{
    const wcl_registry_options allowed = { .struct_size = sizeof(allowed), .foreign_hosts = true };
    server *closed = server_start(NULL, 0), *other = server_start(other_answers, 4);
    char url[5][100];
    const char *urls[5];
    fixture fixture;

    for (unsigned i = 0; i < 5; i++) {
        snprintf(url[i], sizeof(url[i]), "http://127.0.0.1:%u/%u", server_port(i ? other : closed),
                 i);
        urls[i] = url[i];
    }
    server_stop(closed);
    const wcl_descriptor foreign = {
        .media_type = "", .digest = DIGEST, .size = 10, .urls = urls, .url_count = 5
    };
    fixture_open(&fixture, answers, 2, WCL_REPOSITORY_PULL, &allowed);
    wcl_status status = read_blob(&fixture, foreign, 0, text, error);
    *asked = server_requests(other);
    fixture_close(&fixture);
    server_stop(other);
    return status;
}

#define DENIED ("HTTP/1.1 403 No\r\n" EMPTY)
#define GONE_FOR_GOOD ("HTTP/1.1 410 No\r\n" EMPTY)

static void of_several_addresses_the_first_that_gives_it_is_read(void **state)
{
    const char *const answers[] = { HERE, GONE };
    const char *const denying[] = { HERE, DENIED };
    const char *const last[] = { DENIED, GONE_FOR_GOOD, ("HTTP/1.1 400 No\r\n" EMPTY), WHOLE };
    const char *const third[] = { DENIED, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n012", WHOLE,
                                  WHOLE };
    const char *const none[] = { GONE, GONE, GONE, GONE_FOR_GOOD };
    wcl_error error = WCL_ERROR_INIT;
    char text[64];
    size_t asked;

    (void)state;
    assert_int_equal(read_of_five(last, answers, text, &asked, NULL), WCL_OK);
    assert_string_equal(text, "0123456789");
    assert_int_equal(asked, 4);
    assert_int_equal(read_of_five(third, denying, text, &asked, NULL), WCL_OK);
    assert_int_equal(asked, 3);
    assert_int_equal(read_of_five(none, answers, text, &asked, &error), WCL_FAILED);
    assert_non_null(strstr(error.message, "status 410"));
}

static void what_the_registry_has_is_not_fetched_elsewhere(void **state)
{
    const char *const answers[] = { HERE, WHOLE };
    const char *urls[] = { "https://192.0.2.1/layer" };
    const wcl_descriptor foreign = {
        .media_type = "", .digest = DIGEST, .size = 10, .urls = urls, .url_count = 1
    };
    fixture fixture;
    char text[64];

    (void)state;
    fixture_open(&fixture, answers, 2, WCL_REPOSITORY_PULL, NULL);
    assert_int_equal(read_blob(&fixture, foreign, 0, text, NULL), WCL_OK);
    assert_string_equal(text, "0123456789");
    fixture_close(&fixture);
}

static void other_schemes_are_never_gone_to(void **state)
{
    const char *const answers[] = { HERE, GONE };
    const char *urls[] = { "file:///etc/passwd" };
    const wcl_descriptor foreign = {
        .media_type = "", .digest = DIGEST, .size = 10, .urls = urls, .url_count = 1
    };
    const wcl_registry_options allowed = { .struct_size = sizeof(allowed), .foreign_hosts = true };
    wcl_error error = WCL_ERROR_INIT;
    fixture fixture;
    char text[64];

    (void)state;
    assert_refused(answers, 2, foreign, WCL_CODE_NOT_SUPPORTED, "only http and https");
    fixture_open(&fixture, answers, 2, WCL_REPOSITORY_PULL, &allowed);
    assert_int_equal(read_blob(&fixture, foreign, 0, text, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_NOT_SUPPORTED);
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_blob_is_read),
        cmocka_unit_test(what_broke_off_goes_on_by_range),
        cmocka_unit_test(a_server_that_ignores_range_is_read_from_the_start),
        cmocka_unit_test(a_server_that_answers_range_wrongly_is_read_from_the_start),
        cmocka_unit_test(a_pull_may_begin_in_the_middle),
        cmocka_unit_test(failures_that_pass_are_passed_over),
        cmocka_unit_test(what_is_not_as_said_is_refused),
        cmocka_unit_test(foreign_hosts_have_to_be_allowed),
        cmocka_unit_test(of_several_addresses_the_first_that_gives_it_is_read),
        cmocka_unit_test(what_the_registry_has_is_not_fetched_elsewhere),
        cmocka_unit_test(other_schemes_are_never_gone_to),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
