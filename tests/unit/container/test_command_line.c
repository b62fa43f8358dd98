/* Windows command lines are split as CommandLineToArgvW splits them. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include <wcl/container.h>

/* Expected arguments are joined by '|', which no case holds itself. */
static void check(const char *line, const char *expected)
{
    char **arguments = NULL, joined[512] = "";
    size_t count = 0;

    assert_int_equal(wcl_command_line_split(line, &arguments, &count, NULL), WCL_OK);
    for (size_t i = 0; i < count; i++) {
        strcat(joined, i ? "|" : "");
        strcat(joined, arguments[i]);
    }
    assert_string_equal(joined, expected);
    assert_null(arguments[count]);
    wcl_free(arguments);
}

static void documented_cases_split_as_microsoft_says(void **state)
{
    (void)state;
    check("p \"abc\" d e", "p|abc|d|e");
    check("p a\\\\b d\"e f\"g h", "p|a\\\\b|de fg|h");
    check("p a\\\\\\\"b c d", "p|a\\\"b|c|d");
    check("p a\\\\\\\\\"b c\" d e", "p|a\\\\b c|d|e");
    check("p \"a b c\" d e", "p|a b c|d|e");
    check("p \"ab\\\"c\" \"\\\\\" d", "p|ab\"c|\\|d");
}

static void quotes_may_stand_anywhere_in_an_argument(void **state)
{
    (void)state;
    check("p a\"b c\"d", "p|ab cd");
    check("p \"\"", "p|");
    check("p \"\" x", "p||x");
    check("p \"open to the end", "p|open to the end");
    check("p \\\"a\\\"", "p|\"a\"");
}

static void two_quotes_within_quotes_are_a_literal_one_and_end_the_quoted_part(void **state)
{
    (void)state;
    check("p \"a\"\"b\"", "p|a\"b");
    check("p \"\"\"", "p|\"");
    check("p \"a\"\" b", "p|a\"|b");
    check("p \"\"\"a b\"\"\"", "p|\"a|b\"");
}

static void backslashes_are_literal_unless_a_quote_follows(void **state)
{
    (void)state;
    check("p C:\\dir\\file", "p|C:\\dir\\file");
    check("p \\\\server\\share", "p|\\\\server\\share");
    check("p \"C:\\dir\\\\\"", "p|C:\\dir\\");
    check("p a\\", "p|a\\");
    check("p a\\\\", "p|a\\\\");
}

static void the_first_argument_knows_no_escapes(void **state)
{
    (void)state;
    check("\"C:\\Program Files\\x.exe\" a", "C:\\Program Files\\x.exe|a");
    check("C:\\a\\\"b\" c", "C:\\a\\\"b\"|c");
    check("\"a\\\" b", "a\\|b");
    check("\"a\"b c", "a|b|c");
    check("\"no end", "no end");
    check(" a b", "|a|b");
    check("\ta", "|a");
}

static void blanks_between_arguments_are_skipped(void **state)
{
    (void)state;
    check("p  a \t b\t", "p|a|b");
    check("p", "p");
    check("p ", "p");
    check("", "");
    check(" ", "");
    check("p a\nb", "p|a\nb");
}

static void a_line_of_many_short_arguments_fits(void **state)
{
    char line[4002], **arguments;
    size_t count;

    (void)state;
    for (size_t i = 0; i < 4000; i += 2)
        memcpy(line + i, "a ", 2);
    line[4000] = '\0';
    assert_int_equal(wcl_command_line_split(line, &arguments, &count, NULL), WCL_OK);
    assert_int_equal(count, 2000);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(arguments[i], "a");
    wcl_free(arguments);
}

/* A small generator of its own, so that a failure can be repeated. */
static unsigned next_random(unsigned *state)
{
    *state = *state * 1103515245u + 12345u;
    return *state >> 16;
}

static void fill_argument(char *text, size_t most, bool program, unsigned *seed)
{
    static const char letters[] = "\\\\\\ \"\"\tab/";
    size_t length = next_random(seed) % most;

    for (size_t i = 0; i < length; i++) {
        text[i] = letters[next_random(seed) % (sizeof(letters) - 1)];
        if (program && text[i] == '"')
            text[i] = 'x';
    }
    text[length] = '\0';
}

static void what_was_joined_splits_into_the_same_arguments(void **state)
{
    char texts[6][16], *line, **split;
    const char *arguments[6];
    unsigned seed = 7;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        size_t count = 1 + next_random(&seed) % 6, got;
        for (size_t i = 0; i < count; i++) {
            fill_argument(texts[i], sizeof(texts[i]), i == 0, &seed);
            arguments[i] = texts[i];
        }
        assert_int_equal(wcl_command_line_join(arguments, count, &line, NULL), WCL_OK);
        assert_int_equal(wcl_command_line_split(line, &split, &got, NULL), WCL_OK);
        assert_int_equal(got, count);
        for (size_t i = 0; i < count; i++)
            assert_string_equal(split[i], arguments[i]);
        wcl_free(split);
        wcl_free(line);
    }
}

static void only_what_needs_quotes_is_quoted(void **state)
{
    const char *const arguments[] = {
        "C:\\Program Files\\x.exe", "/c", "a\\b\\", "", "c d\\", "say \"hi\""
    };
    char *line = NULL;

    (void)state;
    assert_int_equal(wcl_command_line_join(arguments, 6, &line, NULL), WCL_OK);
    assert_string_equal(line, "\"C:\\Program Files\\x.exe\" /c a\\b\\ \"\" \"c d\\\\\" "
                              "\"say \\\"hi\\\"\"");
    wcl_free(line);
}

static void what_no_line_can_say_is_not_joined(void **state)
{
    const char *const arguments[] = { "a\"b" };
    wcl_error error = WCL_ERROR_INIT;
    char *line = NULL;

    (void)state;
    assert_int_equal(wcl_command_line_join(arguments, 1, &line, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_INVALID_PARAMETER);
    assert_non_null(strstr(error.message, "a\"b"));
    assert_int_equal(wcl_command_line_join(arguments, 0, &line, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_INVALID_PARAMETER);
    assert_null(line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documented_cases_split_as_microsoft_says),
        cmocka_unit_test(quotes_may_stand_anywhere_in_an_argument),
        cmocka_unit_test(two_quotes_within_quotes_are_a_literal_one_and_end_the_quoted_part),
        cmocka_unit_test(backslashes_are_literal_unless_a_quote_follows),
        cmocka_unit_test(the_first_argument_knows_no_escapes),
        cmocka_unit_test(blanks_between_arguments_are_skipped),
        cmocka_unit_test(a_line_of_many_short_arguments_fits),
        cmocka_unit_test(what_was_joined_splits_into_the_same_arguments),
        cmocka_unit_test(only_what_needs_quotes_is_quoted),
        cmocka_unit_test(what_no_line_can_say_is_not_joined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
