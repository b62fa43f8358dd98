/* JSON from outside: exact numbers, limits, garbage, and texts that are not what they seem. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/printable.h"

#define LIMIT 100000

static cJSON *parse(const char *text)
{
    wcl_error error = WCL_ERROR_INIT;
    cJSON *json = NULL;

    if (wcl_json_parse(text, strlen(text), LIMIT, &json, &error) != WCL_OK)
        fail_msg("%s: %s", text, error.message);
    return json;
}

static void assert_prints_as(const char *text, const char *expected)
{
    WCL_CLEANUP_JSON cJSON *json = parse(text);
    WCL_CLEANUP_FREE char *printed = wcl_json_print(json);

    assert_string_equal(printed, expected);
}

static void numbers_of_64_bits_are_exact(void **state)
{
    WCL_CLEANUP_JSON cJSON *json =
        parse("{\"max\":18446744073709551615,\"min\":-9223372036854775808,\"small\":42,"
              "\"time\":134040727135735338,\"minus\":-1,\"double\":1e3}");
    uint64_t value = 0;
    int64_t number = 0;

    (void)state;
    assert_int_equal(wcl_json_get_u64(json, "max", &value, NULL), WCL_OK);
    assert_true(value == UINT64_MAX);
    assert_int_equal(wcl_json_get_i64(json, "min", &number, NULL), WCL_OK);
    assert_true(number == INT64_MIN);
    assert_int_equal(wcl_json_get_u64(json, "time", &value, NULL), WCL_OK);
    assert_true(value == UINT64_C(134040727135735338));
    assert_int_equal(wcl_json_get_i64(json, "minus", &number, NULL), WCL_OK);
    assert_true(number == -1);
    assert_int_equal(wcl_json_get_u64(json, "small", &value, NULL), WCL_OK);
    assert_int_equal(value, 42);
    assert_int_equal(wcl_json_get_u64(json, "double", &value, NULL), WCL_OK);
    assert_int_equal(value, 1000);
}

static void long_numbers_print_as_they_were_read(void **state)
{
    (void)state;
    assert_prints_as("{ \"a\" : 18446744073709551615, \"b\": [-9223372036854775808, 1] }",
                     "{\"a\":18446744073709551615,\"b\":[-9223372036854775808,1]}");
    assert_prints_as("123456789012345678901234567890", "123456789012345678901234567890");
}

static void numbers_that_do_not_fit_are_refused_by_name(void **state)
{
    WCL_CLEANUP_JSON cJSON *json = parse("{\"big\":18446744073709551616,\"minus\":-1,\"half\":1.5,"
                                         "\"text\":\"1\",\"huge\":1e300}");
    static const char *const names[] = { "big", "minus", "half", "text", "huge" };
    uint64_t value = 7;
    int64_t number = 7;

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        wcl_error error = WCL_ERROR_INIT;
        assert_int_equal(wcl_json_get_u64(json, names[i], &value, &error), WCL_FAILED);
        assert_int_equal(error.code, WCL_CODE_INVALID_DATA);
        assert_non_null(strstr(error.message, names[i]));
    }
    assert_int_equal(wcl_json_get_i64(json, "big", &number, NULL), WCL_FAILED);
    assert_int_equal(value, 7);
    assert_int_equal(number, 7);
}

static void a_missing_field_or_null_leaves_the_value_alone(void **state)
{
    WCL_CLEANUP_JSON cJSON *json = parse("{\"n\":null,\"t\":\"x\",\"b\":true}");
    const char *text = "before";
    uint64_t value = 5;
    bool flag = false;

    (void)state;
    assert_int_equal(wcl_json_get_u64(json, "n", &value, NULL), WCL_OK);
    assert_int_equal(wcl_json_get_u64(json, "missing", &value, NULL), WCL_OK);
    assert_int_equal(value, 5);
    assert_int_equal(wcl_json_get_text(json, "n", &text, NULL), WCL_OK);
    assert_string_equal(text, "before");
    assert_int_equal(wcl_json_get_text(json, "t", &text, NULL), WCL_OK);
    assert_string_equal(text, "x");
    assert_int_equal(wcl_json_get_text(json, "b", &text, NULL), WCL_FAILED);
    assert_int_equal(wcl_json_get_bool(json, "b", &flag, NULL), WCL_OK);
    assert_true(flag);
    assert_int_equal(wcl_json_get_bool(json, "t", &flag, NULL), WCL_FAILED);
    assert_int_equal(wcl_json_get_text(json, "T", &text, NULL), WCL_OK);
    assert_string_equal(text, "x");
}

static void garbage_is_refused(void **state)
{
    static const char *const cases[] = {
        "",
        " ",
        "{",
        "[1,]x",
        "{\"a\":1}x",
        "{\"a\"}",
        "{a:1}",
        "nul",
        "\"",
        "\"\\",
        "\"\\u12\"",
        "\"\\q\"",
        "-",
        "12345678901234567890-",
        "[00012345678901234567890]",
        "[-0012345678901234567890]",
        "{1234567890123456789:1}",
        "{-12345678901234567890:1}",
        "\"\\u0000\"",
        "{\"a\\u0000b\":1}",
        "\xFF\xFE",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        wcl_error error = WCL_ERROR_INIT;
        cJSON *json = NULL;
        if (wcl_json_parse(cases[i], strlen(cases[i]), LIMIT, &json, &error) != WCL_FAILED)
            fail_msg("%s is taken", cases[i]);
        assert_int_equal(error.code, WCL_CODE_INVALID_DATA);
        assert_null(json);
    }
}

static void a_nul_is_refused(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    cJSON *json = NULL;

    (void)state;
    assert_int_equal(wcl_json_parse("[1]\0", 4, LIMIT, &json, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_INVALID_DATA);
}

static void depth_and_size_have_limits(void **state)
{
    char text[300];
    wcl_error error = WCL_ERROR_INIT;
    cJSON *json = NULL;

    (void)state;
    memset(text, '[', 64);
    memset(text + 64, ']', 64);
    assert_int_equal(wcl_json_parse(text, 128, LIMIT, &json, NULL), WCL_OK);
    cJSON_Delete(json);
    memset(text, '[', 65);
    memset(text + 65, ']', 65);
    assert_int_equal(wcl_json_parse(text, 130, LIMIT, &json, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_INVALID_DATA);
    assert_non_null(strstr(error.message, "64 levels"));
    assert_int_equal(wcl_json_parse("[1]", 3, 2, &json, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_FILE_TOO_LARGE);
    /* Brackets within a text do not count. */
    text[0] = text[129] = '"';
    assert_int_equal(wcl_json_parse(text, 130, LIMIT, &json, NULL), WCL_OK);
    cJSON_Delete(json);
}

/* Long numbers are marked while cJSON parses; no text from outside may pass for one. */
static void a_text_is_never_taken_for_a_number(void **state)
{
    (void)state;
    assert_prints_as("[\"\\u0001#true,\\\"x\\\":1\"]", "[\"\\u0001#true,\\\"x\\\":1\"]");
    assert_prints_as("[\"\\u0001#12345678901234567890\"]", "[\"\\u0001#12345678901234567890\"]");
    assert_prints_as("[\"\001#1234567890\"]", "[\"\\u0001#1234567890\"]");
    assert_prints_as("[\"\\u0001=x\"]", "[\"\\u0001=x\"]");
    assert_prints_as("{\"\\u0001#1\":{\"\\u0001=\":1}}", "{\"\\u0001#1\":{\"\\u0001=\":1}}");
    assert_prints_as("[\"12345678901234567890\"]", "[\"12345678901234567890\"]");
}

static void lone_surrogates_come_back_as_they_went(void **state)
{
    static const char *const texts[] = {
        "\xED\xA0\x80",
        "a\xED\xBF\xBF z",
        "\xED\xA0\xBE\xED\xA0\xBE",
        "\xED\xBA\x9F\xED\xA0\xBE",
        "\xF0\x9F\xAA\x9F\xED\xBA\x9F",
        "日本 \"quoted\" \\ \x01#1 \x7F",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        WCL_CLEANUP_JSON cJSON *object = cJSON_CreateObject();
        assert_true(wcl_json_add_text(object, "name", texts[i]));
        WCL_CLEANUP_FREE char *printed = wcl_json_print(object);
        WCL_CLEANUP_JSON cJSON *again = parse(printed);
        const char *text = NULL;
        assert_int_equal(wcl_json_get_text(again, "name", &text, NULL), WCL_OK);
        assert_string_equal(text, texts[i]);
    }
}

static void escaped_surrogates_are_pairs_or_stand_alone(void **state)
{
    WCL_CLEANUP_JSON cJSON *json =
        parse("{\"pair\":\"\\uD83E\\uDE9F\",\"lone\":\"\\ud83e-\\uDE9F\",\"end\":\"\\uD83E\"}");
    const char *text = NULL;

    (void)state;
    wcl_json_get_text(json, "pair", &text, NULL);
    assert_string_equal(text, "\xF0\x9F\xAA\x9F");
    wcl_json_get_text(json, "lone", &text, NULL);
    assert_string_equal(text, "\xED\xA0\xBE-\xED\xBA\x9F");
    wcl_json_get_text(json, "end", &text, NULL);
    assert_string_equal(text, "\xED\xA0\xBE");
}

static void numbers_are_added_exactly(void **state)
{
    WCL_CLEANUP_JSON cJSON *object = cJSON_CreateObject();

    (void)state;
    assert_true(wcl_json_add_u64(object, "u", UINT64_MAX));
    assert_true(wcl_json_add_i64(object, "i", INT64_MIN));
    WCL_CLEANUP_FREE char *printed = wcl_json_print(object);
    assert_string_equal(printed, "{\"u\":18446744073709551615,\"i\":-9223372036854775808}");
}

static void bytes_that_are_not_utf8_are_escaped(void **state)
{
    WCL_CLEANUP_JSON cJSON *object = cJSON_CreateObject();

    (void)state;
    assert_true(wcl_json_add_text(object, "x", "a\xFF\xC3(\xE6\x97"));
    WCL_CLEANUP_FREE char *printed = wcl_json_print(object);
    assert_string_equal(printed, "{\"x\":\"a\\udcff\\udcc3(\\udce6\\udc97\"}");
}

/* Every text of four of these bytes, with half a pair before it or without, is another one in JSON,
 * and comes back. */
static void every_text_of_bytes_comes_back(void **state)
{
    static const char bytes[] = "a\\\"\x01\x7F\x80\xA0\xAE\xB2\xC2\xE2\xED\xF3\xFF";
    enum {
        COUNT = sizeof(bytes) - 1,
        LENGTH = 4
    };
    char text[2 * LENGTH + 1] = "\xED\xA0\x80";

    (void)state;
    for (unsigned number = 0; number < 2 * COUNT * COUNT * COUNT * COUNT; number++) {
        size_t prefix = number % 2 ? 3 : 0;
        for (unsigned i = 0, left = number / 2; i < LENGTH; i++, left /= COUNT)
            text[3 + i] = bytes[left % COUNT];
        const char *whole = text + 3 - prefix;
        WCL_CLEANUP_JSON cJSON *object = cJSON_CreateObject();
        assert_true(wcl_json_add_text(object, "name", whole));
        WCL_CLEANUP_FREE char *printed = wcl_json_print(object);
        assert_true(wcl_printable_as_is(printed));
        WCL_CLEANUP_JSON cJSON *again = parse(printed);
        const char *found = NULL;
        assert_int_equal(wcl_json_get_text(again, "name", &found, NULL), WCL_OK);
        assert_string_equal(found, whole);
    }
}

static void what_is_not_fit_to_be_seen_is_escaped(void **state)
{
    WCL_CLEANUP_JSON cJSON *object = cJSON_CreateObject();

    (void)state;
    assert_true(wcl_json_add_text(object, "\xE2\x80\xAE",
                                  "\xC2\x9B"
                                  "31m\xF3\xA0\x80\x81\xC3\xA9"));
    WCL_CLEANUP_FREE char *printed = wcl_json_print(object);
    assert_string_equal(printed, "{\"\\u202e\":\"\\u009b31m\\udb40\\udc01\xC3\xA9\"}");
    WCL_CLEANUP_FREE char *pretty = wcl_json_print_pretty(object);
    assert_non_null(strstr(pretty, "\"\\u202e\":\t\"\\u009b31m"));
}

/* How many more allocations cJSON gets; -1: all. */
static int allocations_left = -1;

static void *allocate_some(size_t size)
{
    if (allocations_left == 0) {
        errno = ENOMEM;
        return NULL;
    }
    if (allocations_left > 0)
        allocations_left--;
    return malloc(size);
}

static void no_memory_is_not_taken_for_bad_json(void **state)
{
    static const char text[] = "{\"name\": [1, \"text\"]}";
    cJSON_Hooks hooks = { allocate_some, free };
    wcl_error error = WCL_ERROR_INIT;
    cJSON *json = NULL;
    int count = 0;

    (void)state;
    cJSON_InitHooks(&hooks);
    for (; !json; count++) {
        allocations_left = count;
        if (wcl_json_parse(text, strlen(text), 100, &json, &error) != WCL_OK)
            assert_int_equal(error.code, WCL_CODE_OUT_OF_MEMORY);
    }
    allocations_left = -1;
    cJSON_InitHooks(NULL);
    cJSON_Delete(json);
    assert_true(count > 3);
    errno = ENOMEM;
    assert_int_equal(wcl_json_parse("{]", 2, 100, &json, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_INVALID_DATA);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_of_64_bits_are_exact),
        cmocka_unit_test(long_numbers_print_as_they_were_read),
        cmocka_unit_test(numbers_that_do_not_fit_are_refused_by_name),
        cmocka_unit_test(a_missing_field_or_null_leaves_the_value_alone),
        cmocka_unit_test(garbage_is_refused),
        cmocka_unit_test(a_nul_is_refused),
        cmocka_unit_test(depth_and_size_have_limits),
        cmocka_unit_test(a_text_is_never_taken_for_a_number),
        cmocka_unit_test(lone_surrogates_come_back_as_they_went),
        cmocka_unit_test(escaped_surrogates_are_pairs_or_stand_alone),
        cmocka_unit_test(numbers_are_added_exactly),
        cmocka_unit_test(bytes_that_are_not_utf8_are_escaped),
        cmocka_unit_test(every_text_of_bytes_comes_back),
        cmocka_unit_test(what_is_not_fit_to_be_seen_is_escaped),
        cmocka_unit_test(no_memory_is_not_taken_for_bad_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
