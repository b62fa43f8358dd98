/* Errors: their texts, how they are cut, what stands in front of what, and hcsshim's questions. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/utf16.h"

static void an_error_prints_as_operation_subject_message_and_code(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    char text[200];

    (void)state;
    assert_int_equal(wcl_fail(&error, WCL_CODE_CORRUPT, "block %d is bad", 7), WCL_FAILED);
    assert_string_equal(wcl_error_format(&error, text, sizeof(text)), "block 7 is bad (code 1392)");
    assert_int_equal(wcl_error_context(&error, "import", NULL), WCL_FAILED);
    assert_string_equal(wcl_error_format(&error, text, sizeof(text)),
                        "import: block 7 is bad (code 1392)");
    wcl_error_context(&error, NULL, "Files/x");
    assert_string_equal(wcl_error_format(&error, text, sizeof(text)),
                        "import Files/x: block 7 is bad (code 1392)");
}

static void large_codes_print_in_hexadecimal(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    char text[100];

    (void)state;
    wcl_fail(&error, WCL_CODE_HCS_NOT_EXIST, "gone");
    assert_string_equal(wcl_error_format(&error, text, sizeof(text)), "gone (code 0xC037010E)");
}

static void the_outer_subject_moves_the_inner_one_before_the_message(void **state)
{
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    wcl_fail(&error, WCL_CODE_IO, "cannot be read");
    wcl_error_context(&error, "read", "inner");
    wcl_error_context(&error, "import", "outer");
    assert_string_equal(error.operation, "import");
    assert_string_equal(error.subject, "outer");
    assert_string_equal(error.message, "inner: cannot be read");
    wcl_error_context(&error, "import", "outer");
    assert_string_equal(error.message, "inner: cannot be read");
}

static void a_new_failure_forgets_the_context_of_the_old(void **state)
{
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    wcl_fail(&error, WCL_CODE_IO, "one");
    wcl_error_context(&error, "import", "x");
    wcl_fail(&error, WCL_CODE_BUSY, "two");
    assert_int_equal(error.code, WCL_CODE_BUSY);
    assert_string_equal(error.operation, "");
    assert_string_equal(error.subject, "");
}

/* Every length around the limit, with characters of one to four bytes at the cut. */
static void long_texts_are_cut_at_a_character(void **state)
{
    static const char *const characters[] = { "x", "é", "日", "🪟" };
    char subject[1000], text[100];

    (void)state;
    for (size_t kind = 0; kind < 4; kind++)
        for (size_t before = 390; before < 402; before++) {
            wcl_error error = WCL_ERROR_INIT;
            memset(subject, 'a', before);
            subject[before] = '\0';
            for (size_t i = 0; i < 10; i++)
                strcat(subject, characters[kind]);
            wcl_fail(&error, WCL_CODE_IO, "m");
            wcl_error_context(&error, "o", subject);
            size_t length = strlen(error.subject);
            assert_true(length < sizeof(error.subject));
            assert_true(wcl_wtf8_is_valid(error.subject, length));
            assert_string_equal(error.subject + length - 3,
                                strlen(subject) >= 400 ? "..." : subject + strlen(subject) - 3);
            for (size_t size = 1; size < sizeof(text); size++) {
                wcl_error_format(&error, text, size);
                assert_true(strlen(text) < size);
            }
        }
}

static void a_long_message_is_cut_and_still_takes_context(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    char message[2000];

    (void)state;
    memset(message, 'm', sizeof(message) - 1);
    message[sizeof(message) - 1] = '\0';
    wcl_fail(&error, WCL_CODE_IO, "%s", message);
    assert_int_equal(strlen(error.message), sizeof(error.message) - 1);
    wcl_error_context(&error, "read", "inner");
    wcl_error_context(&error, "import", "outer");
    assert_memory_equal(error.message, "inner: mmm", 10);
    assert_string_equal(error.message + sizeof(error.message) - 4, "...");
}

static void an_errno_gives_its_code_and_text_however_long_the_message(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    char message[1000];

    (void)state;
    wcl_fail_errno(&error, ENOENT, "'%s' cannot be opened", "x");
    assert_int_equal(error.code, WCL_CODE_FILE_NOT_FOUND);
    assert_string_equal(error.message, "'x' cannot be opened: No such file or directory");
    for (size_t length = 780; length < 810; length++) {
        memset(message, 'm', length);
        message[length] = '\0';
        wcl_fail_errno(&error, ENOSPC, "%s", message);
        assert_int_equal(error.code, WCL_CODE_DISK_FULL);
        assert_true(strlen(error.message) < sizeof(error.message));
    }
}

static void errno_values_have_the_codes_of_windows(void **state)
{
    (void)state;
    assert_int_equal(wcl_code_of_errno(EACCES), WCL_CODE_ACCESS_DENIED);
    assert_int_equal(wcl_code_of_errno(EROFS), WCL_CODE_ACCESS_DENIED);
    assert_int_equal(wcl_code_of_errno(EEXIST), WCL_CODE_FILE_EXISTS);
    assert_int_equal(wcl_code_of_errno(ENAMETOOLONG), WCL_CODE_NAME_TOO_LONG);
    assert_int_equal(wcl_code_of_errno(EDQUOT), WCL_CODE_DISK_FULL);
    assert_int_equal(wcl_code_of_errno(EPIPE), WCL_CODE_BROKEN_PIPE);
    assert_int_equal(wcl_code_of_errno(99999), WCL_CODE_GEN_FAILURE);
}

static void no_error_to_fill_in_is_allowed(void **state)
{
    (void)state;
    assert_int_equal(wcl_fail(NULL, WCL_CODE_IO, "x"), WCL_FAILED);
    assert_int_equal(wcl_fail_errno(NULL, EIO, "x"), WCL_FAILED);
    assert_int_equal(wcl_fail_memory(NULL), WCL_FAILED);
    assert_int_equal(wcl_error_context(NULL, "a", "b"), WCL_FAILED);
}

static void the_questions_of_the_seed_are_answered(void **state)
{
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    assert_false(wcl_error_is_not_exist(&error));
    error.code = WCL_CODE_FILE_NOT_FOUND;
    assert_true(wcl_error_is_not_exist(&error));
    error.code = WCL_CODE_HCS_NOT_EXIST;
    assert_true(wcl_error_is_not_exist(&error));
    assert_false(wcl_error_is_pending(&error));
    error.code = WCL_CODE_HCS_OPERATION_PENDING;
    assert_true(wcl_error_is_pending(&error));
    error.code = WCL_CODE_HCS_ALREADY_STOPPED;
    assert_true(wcl_error_is_already_stopped(&error));
    error.code = WCL_CODE_ELEMENT_NOT_FOUND;
    assert_true(wcl_error_is_already_stopped(&error));
    error.code = WCL_CODE_ALREADY_CLOSED;
    assert_true(wcl_error_is_already_closed(&error));
    error.code = WCL_CODE_TIMEOUT;
    assert_true(wcl_error_is_timeout(&error));
    assert_false(wcl_error_is_already_closed(&error));
}

static void the_version_is_of_three_numbers(void **state)
{
    char expected[30];

    (void)state;
    snprintf(expected, sizeof(expected), "%d.%d.%d", WCL_VERSION_MAJOR, WCL_VERSION_MINOR,
             WCL_VERSION_PATCH);
    assert_string_equal(wcl_version(), expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_prints_as_operation_subject_message_and_code),
        cmocka_unit_test(large_codes_print_in_hexadecimal),
        cmocka_unit_test(the_outer_subject_moves_the_inner_one_before_the_message),
        cmocka_unit_test(a_new_failure_forgets_the_context_of_the_old),
        cmocka_unit_test(long_texts_are_cut_at_a_character),
        cmocka_unit_test(a_long_message_is_cut_and_still_takes_context),
        cmocka_unit_test(an_errno_gives_its_code_and_text_however_long_the_message),
        cmocka_unit_test(errno_values_have_the_codes_of_windows),
        cmocka_unit_test(no_error_to_fill_in_is_allowed),
        cmocka_unit_test(the_questions_of_the_seed_are_answered),
        cmocka_unit_test(the_version_is_of_three_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
