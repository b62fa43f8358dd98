/* Sending blobs: whole, in pieces, taken up again, and taken from other repositories. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/registry/repository.h"

#define DIGEST "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define BEGUN "HTTP/1.1 202 Yes\r\nLocation: /v2/a/b/blobs/uploads/1?s=x\r\nRange: 0-0\r\n" EMPTY
#define CREATED "HTTP/1.1 201 Yes\r\n" EMPTY
#define GONE "HTTP/1.1 404 No\r\n" EMPTY
#define UNAVAILABLE "HTTP/1.1 503 No\r\n" EMPTY
#define DELETED "HTTP/1.1 204 Yes\r\n\r\n"
/* Of two pieces, the second of 100 bytes. */
#define PIECE 8388608
#define LARGE (PIECE + 100)
#define HAS(range)                                                                                 \
    "HTTP/1.1 202 Yes\r\nLocation: /v2/a/b/blobs/uploads/1?s=y\r\nRange: " range "\r\n" EMPTY
#define STATUS(range)                                                                              \
    "HTTP/1.1 204 Yes\r\nLocation: /v2/a/b/blobs/uploads/1?s=z\r\nRange: " range "\r\n\r\n"

static uint64_t announced;

static wcl_status read_at(const wcl_push_blob *blob, uint64_t offset, void *buffer, size_t size,
                          size_t *got, wcl_error *error)
{
    (void)error;
    if (size > blob->descriptor->size - offset)
        size = (size_t)(blob->descriptor->size - offset);
    if (size > 100000)
        size = 100000;
    for (size_t i = 0; i < size; i++)
        ((char *)buffer)[i] = (char)('a' + (offset + i) % 26);
    *got = size;
    return WCL_OK;
}

static wcl_status advance(const wcl_push_blob *blob, uint64_t bytes, wcl_error *error)
{
    (void)blob;
    (void)error;
    announced += bytes;
    return WCL_OK;
}

static wcl_status put(fixture *fixture, uint64_t size, const char *name, wcl_error *error)
{
    const wcl_descriptor descriptor = { .media_type = "", .digest = DIGEST, .size = size };
    const char *const names[] = { name };
    const wcl_push_blob blob = { .descriptor = &descriptor,
                                 .read_at = read_at,
                                 .names = names,
                                 .name_count = name ? 1 : 0,
                                 .advance = advance };

    announced = 0;
    return wcl_repository_put_blob(&fixture->repository, &blob, error);
}

static void assert_put(fixture *fixture, const char *const *answers, size_t count, uint64_t size)
{
    wcl_error error = WCL_ERROR_INIT;

    fixture_open(fixture, answers, count, WCL_REPOSITORY_PUSH, NULL);
    if (put(fixture, size, NULL, &error) != WCL_OK)
        fail_msg("%s", error.message);
    assert_int_equal(server_requests(fixture->server), count);
    assert_true(announced == size);
}

static void a_small_blob_goes_in_one_request(void **state)
{
    const char *const answers[] = { HERE, BEGUN, CREATED };
    fixture fixture;

    (void)state;
    assert_put(&fixture, answers, 3, 5);
    assert_asked(&fixture, 1, "POST /v2/a/b/blobs/uploads/ HTTP/1.1");
    assert_asked(&fixture, 2, "PUT /v2/a/b/blobs/uploads/1?s=x&digest=" DIGEST " HTTP/1.1");
    assert_asked(&fixture, 2, "\r\n\r\nabcde");
    fixture_close(&fixture);
}

static void an_empty_blob_is_sent_too(void **state)
{
    const char *const answers[] = { HERE, BEGUN, CREATED };
    fixture fixture;

    (void)state;
    assert_put(&fixture, answers, 3, 0);
    assert_asked(&fixture, 2, "Content-Length: 0\r\n");
    fixture_close(&fixture);
}

static void any_success_ends_an_upload(void **state)
{
    static const int statuses[] = { 200, 202, 204 };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        char ended[100];
        const char *const answers[] = { HERE, BEGUN, ended };
        fixture fixture;
        snprintf(ended, sizeof(ended), "HTTP/1.1 %d Yes\r\n%s", statuses[i],
                 statuses[i] == 204 ? "\r\n" : EMPTY);
        assert_put(&fixture, answers, 3, 5);
        fixture_close(&fixture);
    }
}

static void a_large_blob_goes_in_pieces(void **state)
{
    const char *const answers[] = { HERE, BEGUN, HAS("0-8388607"), HAS("0-8388707"), CREATED };
    fixture fixture;

    (void)state;
    assert_put(&fixture, answers, 5, LARGE);
    assert_asked(&fixture, 2, "PATCH /v2/a/b/blobs/uploads/1?s=x HTTP/1.1");
    assert_asked(&fixture, 2, "Content-Range: 0-8388607\r\n");
    assert_asked(&fixture, 3, "PATCH /v2/a/b/blobs/uploads/1?s=y HTTP/1.1");
    assert_asked(&fixture, 3, "Content-Range: 8388608-8388707\r\n");
    assert_asked(&fixture, 4, "PUT /v2/a/b/blobs/uploads/1?s=y&digest=");
    fixture_close(&fixture);
}

static void a_broken_piece_goes_on_where_the_registry_is(void **state)
{
    /* The second piece breaks; the registry says that it has 10 bytes of it. */
    const char *const answers[] = {
        HERE, BEGUN, HAS("0-8388607"), NULL, GONE, STATUS("0-8388617"), HAS("0-8388707"), CREATED
    };
    fixture fixture;

    (void)state;
    assert_put(&fixture, answers, 8, LARGE);
    assert_asked(&fixture, 4, "HEAD /v2/a/b/blobs/" DIGEST);
    assert_asked(&fixture, 5, "GET /v2/a/b/blobs/uploads/1?s=y HTTP/1.1");
    assert_asked(&fixture, 6, "PATCH /v2/a/b/blobs/uploads/1?s=z HTTP/1.1");
    assert_asked(&fixture, 6, "Content-Range: 8388618-8388707\r\n");
    fixture_close(&fixture);
}

static void an_upload_that_was_lost_begins_anew(void **state)
{
    const char *const answers[] = { HERE, BEGUN, UNAVAILABLE, GONE, GONE, DELETED, BEGUN, CREATED };
    fixture fixture;

    (void)state;
    assert_put(&fixture, answers, 8, 5);
    assert_asked(&fixture, 6, "POST /v2/a/b/blobs/uploads/ ");
    fixture_close(&fixture);
}

static void pieces_may_grow_when_it_begins_anew(void **state)
{
    const char *const answers[] = { HERE,
                                    BEGUN,
                                    NULL,
                                    GONE,
                                    GONE,
                                    DELETED,
                                    "HTTP/1.1 202 Yes\r\nLocation: /v2/a/b/blobs/uploads/2\r\n"
                                    "OCI-Chunk-Min-Length: 16777216\r\n" EMPTY,
                                    CREATED };
    /* The whole of it goes in the last request, which is larger than the first. */
    const uint64_t size = PIECE + 900000;
    fixture fixture;
    char length[40];

    (void)state;
    assert_put(&fixture, answers, 8, size);
    snprintf(length, sizeof(length), "Content-Length: %llu\r\n", (unsigned long long)size);
    assert_asked(&fixture, 7, "PUT /v2/a/b/blobs/uploads/2?digest=");
    assert_asked(&fixture, 7, length);
    fixture_close(&fixture);
}

static void a_small_blob_that_broke_goes_on_too(void **state)
{
    const char *const answers[] = { HERE, BEGUN, NULL, GONE, STATUS("0-1"), CREATED };
    fixture fixture;

    (void)state;
    assert_put(&fixture, answers, 6, 5);
    assert_asked(&fixture, 5, "PUT /v2/a/b/blobs/uploads/1?s=z&digest=");
    assert_asked(&fixture, 5, "\r\n\r\ncde");
    fixture_close(&fixture);
}

static void a_registry_that_may_have_one_byte_or_none_gets_all(void **state)
{
    const char *const answers[] = {
        HERE, BEGUN, NULL, GONE, STATUS("0-0"), DELETED, BEGUN, CREATED
    };
    fixture fixture;

    (void)state;
    assert_put(&fixture, answers, 8, 5);
    assert_asked(&fixture, 6, "POST /v2/a/b/blobs/uploads/ ");
    assert_asked(&fixture, 7, "\r\n\r\nabcde");
    fixture_close(&fixture);
}

static void a_registry_elsewhere_in_the_blob_is_followed(void **state)
{
    const char *const answers[] = {
        HERE, BEGUN,          HAS("0-8388607"), "HTTP/1.1 416 No\r\n" EMPTY,
        GONE, STATUS("0-99"), HAS("0-8388707"), CREATED
    };
    fixture fixture;

    (void)state;
    assert_put(&fixture, answers, 8, LARGE);
    assert_asked(&fixture, 6, "Content-Range: 100-8388707\r\n");
    fixture_close(&fixture);
}

static void what_arrived_although_the_answer_did_not_is_seen(void **state)
{
    const char *const answers[] = { HERE, BEGUN, NULL, HERE };
    wcl_error error = WCL_ERROR_INIT;
    fixture fixture;

    (void)state;
    fixture_open(&fixture, answers, 4, WCL_REPOSITORY_PUSH, NULL);
    if (put(&fixture, 5, NULL, &error) != WCL_OK)
        fail_msg("%s", error.message);
    assert_asked(&fixture, 3, "HEAD /v2/a/b/blobs/" DIGEST);
    fixture_close(&fixture);
}

static void what_was_taken_is_had_whatever_the_range(void **state)
{
    const char *const odd[] = { HERE, BEGUN, HAS("0-0"), HAS("8388608-8388707"), CREATED };
    const char *const created[] = { HERE, BEGUN, CREATED, CREATED, CREATED };
    fixture fixture;

    (void)state;
    assert_put(&fixture, odd, 5, LARGE);
    assert_asked(&fixture, 3, "Content-Range: 8388608-8388707\r\n");
    fixture_close(&fixture);
    assert_put(&fixture, created, 5, LARGE);
    assert_asked(&fixture, 3, "Content-Range: 8388608-8388707\r\n");
    fixture_close(&fixture);
}

static void assert_refused(const char *const *answers, size_t count, uint64_t size, uint32_t code,
                           const char *why);

static void what_is_lost_again_and_again_is_given_up(void **state)
{
    /* Each time it takes a piece and then has but 100 bytes; the second time is still progress. */
    const char *const back[] = { HERE,   BEGUN,          HAS("0-0"), UNAVAILABLE,
                                 GONE,   STATUS("0-99"), HAS("0-0"), UNAVAILABLE,
                                 GONE,   STATUS("0-99"), HAS("0-0"), UNAVAILABLE,
                                 GONE,   STATUS("0-99"), HAS("0-0"), UNAVAILABLE,
                                 DELETED };
    const char *const unclear[] = { HERE,    BEGUN, UNAVAILABLE, GONE,   STATUS("0-0"),
                                    DELETED, BEGUN, UNAVAILABLE, GONE,   STATUS("0-0"),
                                    DELETED, BEGUN, UNAVAILABLE, DELETED };

    (void)state;
    assert_refused(back, 17, LARGE + PIECE, WCL_CODE_CONNECTION_LOST, "status 503");
    assert_refused(unclear, 14, LARGE, WCL_CODE_CONNECTION_LOST, "status 503");
}

#define TOO_LARGE "HTTP/1.1 413 No\r\n" EMPTY
#define NOT_THERE "HTTP/1.1 416 No\r\n" EMPTY

static void a_piece_that_is_too_large_is_halved(void **state)
{
    /* At the start, where the registry cannot say that it has nothing, and behind a piece. */
    const char *const start[] = { HERE,  BEGUN,      TOO_LARGE,  GONE,       STATUS("0-0"), DELETED,
                                  BEGUN, HAS("0-0"), HAS("0-0"), HAS("0-0"), CREATED };
    const char *const behind[] = { HERE,       BEGUN,      HAS("0-0"),
                                   NOT_THERE,  GONE,       STATUS("0-8388607"),
                                   HAS("0-0"), HAS("0-0"), CREATED };
    fixture fixture;

    (void)state;
    assert_put(&fixture, start, 11, LARGE);
    assert_asked(&fixture, 2, "Content-Range: 0-8388607\r\n");
    assert_asked(&fixture, 7, "Content-Range: 0-4194303\r\n");
    assert_asked(&fixture, 8, "Content-Range: 4194304-8388607\r\n");
    assert_asked(&fixture, 9, "Content-Range: 8388608-8388707\r\n");
    fixture_close(&fixture);
    assert_put(&fixture, behind, 9, 2 * PIECE);
    assert_asked(&fixture, 3, "Content-Range: 8388608-16777215\r\n");
    assert_asked(&fixture, 6, "Content-Range: 8388608-12582911\r\n");
    assert_asked(&fixture, 7, "Content-Range: 12582912-16777215\r\n");
    fixture_close(&fixture);
}

#define BEGUN_WITH(least)                                                                          \
    "HTTP/1.1 202 Yes\r\nLocation: /v2/a/b/blobs/uploads/1?s=x\r\nOCI-Chunk-Min-Length: " least    \
    "\r\n" EMPTY

static void pieces_have_a_least_size(void **state)
{
    /* 8, 4, 2 and 1 MiB: none is taken. */
    const char *const all[] = { HERE,      BEGUN,   TOO_LARGE, GONE,      GONE,   DELETED,   BEGUN,
                                TOO_LARGE, GONE,    GONE,      DELETED,   BEGUN,  TOO_LARGE, GONE,
                                GONE,      DELETED, BEGUN,     TOO_LARGE, DELETED };
    const char *const asked_for[] = { HERE, BEGUN_WITH("5000000"), TOO_LARGE, DELETED };

    (void)state;
    assert_refused(all, 19, LARGE, WCL_CODE_FILE_TOO_LARGE, "status 413");
    assert_refused(asked_for, 4, LARGE, WCL_CODE_FILE_TOO_LARGE, "status 413");
}

/* A name in another repository of the test's registry. */
static char *other_name(const fixture *fixture)
{
    static char name[100];

    snprintf(name, sizeof(name), "127.0.0.1:%u/other/one:1", server_port(fixture->server));
    return name;
}

static void a_blob_of_another_repository_is_taken_from_there(void **state)
{
    const char *const answers[] = { HERE, CREATED };
    fixture fixture;

    (void)state;
    fixture_open(&fixture, answers, 2, WCL_REPOSITORY_PUSH, NULL);
    assert_int_equal(put(&fixture, 5, other_name(&fixture), NULL), WCL_OK);
    assert_asked(&fixture, 1, "POST /v2/a/b/blobs/uploads/?mount=" DIGEST "&from=other/one ");
    assert_int_equal(server_requests(fixture.server), 2);
    assert_int_equal(announced, 5);
    fixture_close(&fixture);
}

static void a_blob_that_is_not_there_is_sent_on_the_same_upload(void **state)
{
    const char *const answers[] = { HERE, BEGUN, CREATED };
    fixture fixture;

    (void)state;
    fixture_open(&fixture, answers, 3, WCL_REPOSITORY_PUSH, NULL);
    assert_int_equal(put(&fixture, 5, other_name(&fixture), NULL), WCL_OK);
    assert_asked(&fixture, 2, "PUT /v2/a/b/blobs/uploads/1?s=x&digest=");
    fixture_close(&fixture);
}

#define TOKEN "HTTP/1.1 200 OK\r\nContent-Length: %L\r\n\r\n{\"token\":\"one\",\"expires_in\":300}"

static void a_denied_mount_leaves_the_token_alone(void **state)
{
    const char *const answers[] = { HERE,
                                    "HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer "
                                    "realm=\"http://127.0.0.1:%P/token\"\r\n" EMPTY,
                                    TOKEN,
                                    BEGUN,
                                    CREATED,
                                    "HTTP/1.1 403 No\r\n" EMPTY,
                                    BEGUN,
                                    CREATED };
    fixture fixture;

    (void)state;
    fixture_open(&fixture, answers, 8, WCL_REPOSITORY_PUSH, NULL);
    assert_int_equal(put(&fixture, 5, NULL, NULL), WCL_OK);
    assert_int_equal(put(&fixture, 5, other_name(&fixture), NULL), WCL_OK);
    assert_asked(
        &fixture, 5,
        "GET /token?scope=repository%3aa%2fb%3apull%2cpush&scope=repository%3aother%2fone%3apull ");
    assert_asked(&fixture, 6, "POST /v2/a/b/blobs/uploads/ ");
    /* The token of before: no other was asked for. */
    assert_asked(&fixture, 6, "Authorization: Bearer one");
    assert_int_equal(server_requests(fixture.server), 8);
    fixture_close(&fixture);
}

static void other_registries_are_not_asked_for_it(void **state)
{
    const char *const answers[] = { HERE, BEGUN, CREATED };
    fixture fixture;

    (void)state;
    fixture_open(&fixture, answers, 3, WCL_REPOSITORY_PUSH, NULL);
    assert_int_equal(put(&fixture, 5, "docker.io/library/alpine:latest", NULL), WCL_OK);
    assert_asked(&fixture, 1, "POST /v2/a/b/blobs/uploads/ ");
    fixture_close(&fixture);
}

static void who_else_gets_the_blob_does_not_get_the_login(void **state)
{
    const char *const other_answers[] = { CREATED };
    server *other = server_start(other_answers, 1);
    char begun[200];
    const char *const answers[] = {
        HERE, "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"r\"\r\n" EMPTY, begun
    };
    const wcl_registry_options options = { .struct_size = sizeof(options),
                                           .username = "ann",
                                           .password = "secret" };
    wcl_error error = WCL_ERROR_INIT;
    fixture fixture;

    (void)state;
    snprintf(begun, sizeof(begun), "HTTP/1.1 202 Yes\r\nLocation: http://127.0.0.1:%u/up\r\n" EMPTY,
             server_port(other));
    fixture_open(&fixture, answers, 3, WCL_REPOSITORY_PUSH, &options);
    if (put(&fixture, 5, NULL, &error) != WCL_OK)
        fail_msg("%s", error.message);
    assert_asked(&fixture, 2, "Authorization: Basic YW5uOnNlY3JldA==");
    assert_non_null(strstr(server_request(other, 0), "PUT /up?digest="));
    assert_null(strcasestr(server_request(other, 0), "authorization"));
    fixture_close(&fixture);
    server_stop(other);
}

static void assert_refused(const char *const *answers, size_t count, uint64_t size, uint32_t code,
                           const char *why)
{
    wcl_error error = WCL_ERROR_INIT;
    fixture fixture;

    fixture_open(&fixture, answers, count, WCL_REPOSITORY_PUSH, NULL);
    assert_int_equal(put(&fixture, size, NULL, &error), WCL_FAILED);
    if (error.code != code || !strstr(error.message, why))
        fail_msg("%u: %s", error.code, error.message);
    assert_int_equal(server_requests(fixture.server), count);
    fixture_close(&fixture);
}

static void refusals_are_final(void **state)
{
    const char *const denied[] = { HERE, "HTTP/1.1 403 No\r\n" EMPTY };
    const char *const invalid[] = {
        HERE, BEGUN,
        "HTTP/1.1 400 No\r\nContent-Length: %L\r\n\r\n{\"errors\":[{\"code\":\"DIGEST_INVALID\"}]}",
        DELETED
    };
    const char *const nowhere[] = { HERE, "HTTP/1.1 202 Yes\r\n" EMPTY };
    const char *const more[] = { HERE, BEGUN, NULL, GONE, STATUS("0-9999999"), DELETED };

    (void)state;
    assert_refused(denied, 2, 5, WCL_CODE_ACCESS_DENIED, DIGEST);
    assert_refused(invalid, 4, 5, WCL_CODE_INVALID_DATA, "DIGEST_INVALID");
    assert_refused(nowhere, 2, 5, WCL_CODE_INVALID_DATA, "does not say where");
    assert_refused(more, 6, LARGE, WCL_CODE_INVALID_DATA, "says that it has 10000000 bytes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_blob_goes_in_one_request),
        cmocka_unit_test(an_empty_blob_is_sent_too),
        cmocka_unit_test(any_success_ends_an_upload),
        cmocka_unit_test(a_large_blob_goes_in_pieces),
        cmocka_unit_test(a_broken_piece_goes_on_where_the_registry_is),
        cmocka_unit_test(an_upload_that_was_lost_begins_anew),
        cmocka_unit_test(pieces_may_grow_when_it_begins_anew),
        cmocka_unit_test(a_small_blob_that_broke_goes_on_too),
        cmocka_unit_test(a_registry_that_may_have_one_byte_or_none_gets_all),
        cmocka_unit_test(a_registry_elsewhere_in_the_blob_is_followed),
        cmocka_unit_test(what_was_taken_is_had_whatever_the_range),
        cmocka_unit_test(what_is_lost_again_and_again_is_given_up),
        cmocka_unit_test(a_piece_that_is_too_large_is_halved),
        cmocka_unit_test(pieces_have_a_least_size),
        cmocka_unit_test(what_arrived_although_the_answer_did_not_is_seen),
        cmocka_unit_test(a_blob_of_another_repository_is_taken_from_there),
        cmocka_unit_test(a_blob_that_is_not_there_is_sent_on_the_same_upload),
        cmocka_unit_test(a_denied_mount_leaves_the_token_alone),
        cmocka_unit_test(other_registries_are_not_asked_for_it),
        cmocka_unit_test(who_else_gets_the_blob_does_not_get_the_login),
        cmocka_unit_test(refusals_are_final),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
