/* Text made fit to be shown. */
#include "base/printable.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

typedef struct sample {
    const char *text;
    const char *shown;
} sample;

static void check(const sample *samples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        WCL_CLEANUP_BUFFER wcl_buffer out = WCL_BUFFER_INIT;
        assert_int_equal(wcl_printable_append(&out, samples[i].text, NULL), WCL_OK);
        assert_string_equal(wcl_buffer_text(&out), samples[i].shown);
        assert_int_equal(wcl_printable_as_is(samples[i].text),
                         strcmp(samples[i].text, samples[i].shown) == 0);
    }
}

static void what_one_can_read_stays(void **state)
{
    static const sample samples[] = {
        { "", "" },
        { "Program Files (x86)", "Program Files (x86)" },
        { "caf\xC3\xA9 \xE6\x97\xA5\xE6\x9C\xAC \xF0\x9F\xAA\x9F",
          "caf\xC3\xA9 \xE6\x97\xA5\xE6\x9C\xAC \xF0\x9F\xAA\x9F" },
        { "C:\\Windows\\xyz", "C:\\Windows\\xyz" },
    };

    (void)state;
    check(samples, sizeof(samples) / sizeof(samples[0]));
}

static void what_moves_the_cursor_or_hides_is_escaped(void **state)
{
    static const sample samples[] = {
        { "a\x1B[31mb", "a\\x1b[31mb" },
        { "a\nb\tc\rd\x7F", "a\\x0ab\\x09c\\x0dd\\x7f" },
        { "\xC2\x9B"
          "2J",
          "\\xc2\\x9b2J" },
        { "txt\xE2\x80\xAE"
          "exe",
          "txt\\xe2\\x80\\xaeexe" },
        { "\xE2\x81\xA6\xEF\xBB\xBF\xE2\x80\x8B", "\\xe2\\x81\\xa6\\xef\\xbb\\xbf\\xe2\\x80\\x8b" },
        { "\xF3\xA0\x81\x81", "\\xf3\\xa0\\x81\\x81" },
    };

    (void)state;
    check(samples, sizeof(samples) / sizeof(samples[0]));
}

static void bytes_that_are_not_utf8_are_escaped(void **state)
{
    static const sample samples[] = {
        { "caf\xE9", "caf\\xe9" },    { "\xFF\xFE", "\\xff\\xfe" },
        { "\xC0\x9B", "\\xc0\\x9b" }, { "\xED\xA0\x80", "\\xed\\xa0\\x80" },
        { "\xE6\x97", "\\xe6\\x97" },
    };

    (void)state;
    check(samples, sizeof(samples) / sizeof(samples[0]));
}

static void a_name_that_looks_escaped_is_told_apart(void **state)
{
    static const sample samples[] = {
        { "\\x1b", "\\x5cx1b" },
        { "\\\\xE9", "\\\\x5cxE9" },
        { "\\x1", "\\x1" },
    };

    (void)state;
    check(samples, sizeof(samples) / sizeof(samples[0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_one_can_read_stays),
        cmocka_unit_test(what_moves_the_cursor_or_hides_is_escaped),
        cmocka_unit_test(bytes_that_are_not_utf8_are_escaped),
        cmocka_unit_test(a_name_that_looks_escaped_is_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
