/* What servers ask for in WWW-Authenticate, well-formed and not. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/registry/challenge.h"

static wcl_challenges parse(const char *header)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_challenges challenges = { NULL, 0 };

    if (wcl_challenges_parse(header, &challenges, &error) != WCL_OK)
        fail_msg("%s: %s", header, error.message);
    return challenges;
}

static void assert_parameter(const wcl_challenge *challenge, const char *name, const char *value)
{
    assert_non_null(challenge);
    assert_non_null(wcl_challenge_get(challenge, name));
    assert_string_equal(wcl_challenge_get(challenge, name), value);
}

static void a_bearer_challenge_names_realm_service_and_scope(void **state)
{
    WCL_CLEANUP_CHALLENGES wcl_challenges challenges =
        parse("Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\","
              "scope=\"repository:library/alpine:pull,push\"");
    const wcl_challenge *bearer = wcl_challenges_find(&challenges, "bearer");

    (void)state;
    assert_int_equal(challenges.count, 1);
    assert_parameter(bearer, "realm", "https://auth.docker.io/token");
    assert_parameter(bearer, "service", "registry.docker.io");
    assert_parameter(bearer, "scope", "repository:library/alpine:pull,push");
    assert_null(wcl_challenge_get(bearer, "error"));
}

static void case_and_spaces_do_not_matter(void **state)
{
    WCL_CLEANUP_CHALLENGES wcl_challenges challenges =
        parse(" ,bEaReR  REALM = \"x\" ,\t Service=plain , ");

    (void)state;
    assert_parameter(wcl_challenges_find(&challenges, "bearer"), "realm", "x");
    assert_parameter(wcl_challenges_find(&challenges, "bearer"), "service", "plain");
}

static void several_challenges_stand_in_one_header(void **state)
{
    WCL_CLEANUP_CHALLENGES wcl_challenges challenges =
        parse("Negotiate, NTLM TlRMTVNTUAAC==, Basic realm=\"a, \\\"b\\\" = c\", charset=UTF-8, "
              "Bearer realm=\"d\"");

    (void)state;
    assert_int_equal(challenges.count, 4);
    assert_non_null(wcl_challenges_find(&challenges, "negotiate"));
    assert_int_equal(wcl_challenges_find(&challenges, "ntlm")->parameter_count, 0);
    assert_parameter(wcl_challenges_find(&challenges, "basic"), "realm", "a, \"b\" = c");
    assert_parameter(wcl_challenges_find(&challenges, "basic"), "charset", "UTF-8");
    assert_parameter(wcl_challenges_find(&challenges, "bearer"), "realm", "d");
}

static void several_headers_add_up(void **state)
{
    WCL_CLEANUP_CHALLENGES wcl_challenges challenges = parse("Basic realm=\"a\"");

    (void)state;
    assert_int_equal(wcl_challenges_parse("Bearer realm=\"b\"", &challenges, NULL), WCL_OK);
    assert_int_equal(challenges.count, 2);
    assert_parameter(wcl_challenges_find(&challenges, "bearer"), "realm", "b");
}

static void assert_refused(const char *header, const char *why)
{
    WCL_CLEANUP_CHALLENGES wcl_challenges challenges = { NULL, 0 };
    wcl_error error = WCL_ERROR_INIT;

    assert_int_equal(wcl_challenges_parse(header, &challenges, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_INVALID_DATA);
    if (!strstr(error.message, why))
        fail_msg("%s: %s", header, error.message);
}

static void what_is_no_challenge_is_refused(void **state)
{
    (void)state;
    assert_refused("\"", "a name is missing");
    assert_refused("Bearer realm=\"x", "a quotation mark is missing");
    assert_refused("Bearer realm=\"x\\", "a quotation mark is missing");
    assert_refused("Bearer realm=\"a\", realm=\"b\"", "comes twice");
    assert_refused("Bearer realm=\"a\" service=\"b\"", "a comma is missing");
    assert_refused("Bearer realm=\"a\001\"", "control character");
    assert_refused("Bearer a=\"1\", b=,", "a value is missing");
    assert_refused("Bearer/x", "a space is missing");
}

static void too_much_is_refused(void **state)
{
    char many[1024] = "Bearer ";
    char *huge = malloc(20000);

    (void)state;
    for (int i = 0; i < 17; i++)
        snprintf(many + strlen(many), sizeof(many) - strlen(many), "p%d=1,", i);
    assert_refused(many, "too many parameters");
    many[0] = '\0';
    for (int i = 0; i < 17; i++)
        snprintf(many + strlen(many), sizeof(many) - strlen(many), "s%d,", i);
    assert_refused(many, "too many challenges");
    memset(huge, 'a', 19999);
    huge[19999] = '\0';
    assert_refused(huge, "at most 16384");
    free(huge);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bearer_challenge_names_realm_service_and_scope),
        cmocka_unit_test(case_and_spaces_do_not_matter),
        cmocka_unit_test(several_challenges_stand_in_one_header),
        cmocka_unit_test(several_headers_add_up),
        cmocka_unit_test(what_is_no_challenge_is_refused),
        cmocka_unit_test(too_much_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
