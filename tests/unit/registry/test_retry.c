/* What is tried again, when, and how often. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "image/registry/retry.h"

static void only_what_may_pass_is_worth_it(void **state)
{
    const int worth[] = { 429, 500, 502, 503, 504 };
    const int not_worth[] = { 200, 301, 400, 401, 403, 404, 405, 416, 418, 501, 505 };

    (void)state;
    for (size_t i = 0; i < sizeof(worth) / sizeof(worth[0]); i++)
        assert_true(wcl_retry_status_is_worth(worth[i]));
    for (size_t i = 0; i < sizeof(not_worth) / sizeof(not_worth[0]); i++)
        assert_false(wcl_retry_status_is_worth(not_worth[i]));
    assert_true(wcl_retry_is_worth(WCL_CODE_CONNECTION_LOST));
    assert_true(wcl_retry_is_worth(WCL_CODE_TIMEOUT));
    assert_false(wcl_retry_is_worth(WCL_CODE_CHECKSUM));
    assert_false(wcl_retry_is_worth(WCL_CODE_ACCESS_DENIED));
    assert_false(wcl_retry_is_worth(WCL_CODE_HOST_NOT_FOUND));
    assert_false(wcl_retry_is_worth(WCL_CODE_CANCELLED));
}

static void retry_after_is_seconds_or_a_date(void **state)
{
    (void)state;
    assert_int_equal(wcl_retry_after(NULL, 0), 0);
    assert_int_equal(wcl_retry_after("7", 0), 7000);
    assert_int_equal(wcl_retry_after("0", 0), 0);
    assert_int_equal(wcl_retry_after("soon", 0), 0);
    assert_int_equal(wcl_retry_after("-1", 0), 0);
    assert_int_equal(wcl_retry_after("3x", 0), 0);
    assert_true(wcl_retry_after("99999999999999999999", 0) == UINT64_MAX);
    assert_int_equal(wcl_retry_after("Thu, 01 Jan 1970 00:01:40 GMT", 40), 60000);
    assert_int_equal(wcl_retry_after("Thu, 01 Jan 1970 00:01:40 GMT", 100), 0);
}

static void waits_double_within_half_and_all(void **state)
{
    const wcl_retry_policy policy = { 10, 100 };
    wcl_retry retry = { &policy, 1 };

    (void)state;
    assert_int_equal(wcl_retry_delay(&retry, 0, 0), 50);
    assert_int_equal(wcl_retry_delay(&retry, 0, UINT32_MAX), 100);
    retry.failed = 4;
    assert_int_equal(wcl_retry_delay(&retry, 0, 0), 400);
    assert_int_equal(wcl_retry_delay(&retry, 0, UINT32_MAX), 800);
    assert_int_equal(wcl_retry_delay(&retry, 5000, 0), 5000);
    retry.failed = 1000;
    assert_int_equal(wcl_retry_delay(&retry, 0, UINT32_MAX), WCL_RETRY_LONGEST);
}

static bool say_yes(void *context)
{
    (void)context;
    return true;
}

static void attempts_come_to_an_end(void **state)
{
    const wcl_http_options options = { .is_loopback = true };
    const wcl_http_options cancelled = { .cancelled = say_yes };
    const wcl_retry_policy policy = { 3, 1 };
    wcl_retry retry = { &policy, 0 };
    wcl_http *http = NULL, *stopped = NULL;

    (void)state;
    assert_int_equal(wcl_http_open(&options, &http, NULL), WCL_OK);
    assert_int_equal(wcl_http_open(&cancelled, &stopped, NULL), WCL_OK);
    assert_true(wcl_retry_again(&retry, http, 0));
    assert_true(wcl_retry_again(&retry, http, 0));
    assert_false(wcl_retry_again(&retry, http, 0));
    retry.failed = 0;
    assert_false(wcl_retry_again(&retry, http, WCL_RETRY_LONGEST + 1));
    retry.failed = 0;
    assert_false(wcl_retry_again(&retry, stopped, 30000));
    wcl_http_free(http);
    wcl_http_free(stopped);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_may_pass_is_worth_it),
        cmocka_unit_test(retry_after_is_seconds_or_a_date),
        cmocka_unit_test(waits_double_within_half_and_all),
        cmocka_unit_test(attempts_come_to_an_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
