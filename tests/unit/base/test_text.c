/* UTF-16 and WTF-8: every unit, every pair, every damage; names compared as NTFS does. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "base/cursor.h"
#include "base/utf16.h"

/* Units to WTF-8 and back must give the same units; returns the length of the WTF-8. */
static size_t assert_survives(const uint16_t *units, size_t count)
{
    WCL_CLEANUP_BUFFER wcl_buffer utf16 = WCL_BUFFER_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer wtf8 = WCL_BUFFER_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer again = WCL_BUFFER_INIT;

    for (size_t i = 0; i < count; i++)
        assert_int_equal(wcl_buffer_append_le16(&utf16, units[i], NULL), WCL_OK);
    assert_int_equal(wcl_utf16_to_wtf8(utf16.data, utf16.size, &wtf8, NULL), WCL_OK);
    const char *text = wcl_buffer_text(&wtf8);
    assert_true(wcl_wtf8_is_valid(text, wtf8.size));
    assert_int_equal(wcl_wtf8_to_utf16(text, wtf8.size, &again, NULL), WCL_OK);
    assert_int_equal(again.size, utf16.size);
    assert_memory_equal(again.data, utf16.data, utf16.size);
    return wtf8.size;
}

static void every_unit_survives_alone(void **state)
{
    (void)state;
    for (uint32_t unit = 0; unit < 0x10000; unit++) {
        const uint16_t units[] = { (uint16_t)unit };
        size_t expected = unit < 0x80 ? 1 : unit < 0x800 ? 2 : 3;
        assert_int_equal(assert_survives(units, 1), expected);
    }
}

/* Surrogates in every order, behind and before pairs and other characters. */
static void surrogates_survive_in_every_order(void **state)
{
    static const uint16_t pool[] = { 'a',    0xD800, 0xDBFF, 0xDC00, 0xDFFF, 0xD83E,
                                     0xDE9F, 0xD859, 0xDFD8, 0xE000, 0xD7FF };
    const size_t count = sizeof(pool) / sizeof(pool[0]);

    (void)state;
    for (size_t a = 0; a < count; a++)
        for (size_t b = 0; b < count; b++)
            for (size_t c = 0; c < count; c++)
                for (size_t d = 0; d < count; d++) {
                    const uint16_t units[] = { pool[a], pool[b], pool[c], pool[d] };
                    assert_survives(units, 4);
                }
}

static void every_pair_is_one_character_of_four_bytes(void **state)
{
    (void)state;
    for (uint32_t high = 0xD800; high < 0xDC00; high += 7)
        for (uint32_t low = 0xDC00; low < 0xE000; low += 61) {
            const uint16_t units[] = { (uint16_t)high, (uint16_t)low };
            assert_int_equal(assert_survives(units, 2), 4);
        }
}

static void characters_have_the_bytes_of_utf8(void **state)
{
    static const uint8_t utf16[] = "a\0\xE9\0\xE5\x65\x3E\xD8\x9F\xDE";
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;

    (void)state;
    assert_int_equal(wcl_utf16_to_wtf8(utf16, 10, &text, NULL), WCL_OK);
    assert_string_equal(wcl_buffer_text(&text), "aé日\xF0\x9F\xAA\x9F");
}

static void an_odd_length_is_refused(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    assert_int_equal(wcl_utf16_to_wtf8("abc", 3, &text, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_INVALID_DATA);
}

static void what_is_no_wtf8_is_refused(void **state)
{
    static const struct {
        const char *text;
        size_t size;
        const char *place;
    } cases[] = {
        { "\x80", 1, "byte 0" },
        { "a\xC0\x80", 3, "byte 1" },
        { "\xC1\xBF", 2, "byte 0" },
        { "\xE0\x9F\xBF", 3, "byte 0" },
        { "\xF0\x8F\xBF\xBF", 4, "byte 0" },
        { "\xF4\x90\x80\x80", 4, "byte 0" },
        { "\xF8\x88\x80\x80\x80", 5, "byte 0" },
        { "\xFF", 1, "byte 0" },
        { "\xC3", 1, "byte 0" },
        { "\xE6\x97", 2, "byte 0" },
        { "\xF0\x9F\xAA", 3, "byte 0" },
        { "\xC3(", 2, "byte 0" },
        { "\xE6\x97(", 3, "byte 0" },
        { "\xED\xA0\xBE\xED\xBA\x9F", 6, "byte 3" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        WCL_CLEANUP_BUFFER wcl_buffer out = WCL_BUFFER_INIT;
        wcl_error error = WCL_ERROR_INIT;
        assert_false(wcl_wtf8_is_valid(cases[i].text, cases[i].size));
        assert_int_equal(wcl_wtf8_to_utf16(cases[i].text, cases[i].size, &out, &error), WCL_FAILED);
        assert_int_equal(error.code, WCL_CODE_INVALID_NAME);
        assert_non_null(strstr(error.message, cases[i].place));
    }
}

static void texts_are_appended_behind_what_is_there(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer out = WCL_BUFFER_INIT;

    (void)state;
    wcl_buffer_append_text(&out, "x", NULL);
    assert_int_equal(wcl_utf16_to_wtf8("y\0\0\0z\0", 6, &out, NULL), WCL_OK);
    assert_int_equal(out.size, 4);
    assert_memory_equal(out.data, "xy\0z", 5);
    wcl_buffer_clear(&out);
    assert_int_equal(wcl_wtf8_to_utf16("", 0, &out, NULL), WCL_OK);
    assert_int_equal(out.size, 0);
}

static void names_compare_without_case_and_unit_by_unit(void **state)
{
    (void)state;
    assert_int_equal(wcl_name_compare("README.txt", "readme.TXT"), 0);
    assert_int_equal(wcl_name_compare("äöü", "ÄÖÜ"), 0);
    assert_int_equal(wcl_name_compare("ß", "SS") == 0, 0);
    assert_true(wcl_name_compare("a", "ab") < 0);
    assert_true(wcl_name_compare("b", "AB") > 0);
    assert_true(wcl_name_compare("_", "a") > 0); /* '_' is behind 'A' */
    assert_true(wcl_name_compare("", "a") < 0);
    assert_int_equal(wcl_name_compare("", ""), 0);
    /* By UTF-16 unit the pair of U+1FA9F comes before U+FF21. */
    assert_true(wcl_name_compare("\xF0\x9F\xAA\x9F", "Ａ") < 0);
    /* U+10428 is upcased by nobody: its units are halves of a pair. */
    assert_true(wcl_name_compare("\xF0\x90\x90\xA8", "\xF0\x90\x90\x80") > 0);
    assert_true(wcl_name_compare("\xED\xA0\x80", "\xED\xA0\x81") < 0);
}

static void units_are_upcased_within_the_plane(void **state)
{
    (void)state;
    assert_int_equal(wcl_upcase_unit('z'), 'Z');
    assert_int_equal(wcl_upcase_unit('{'), '{');
    assert_int_equal(wcl_upcase_unit(0xE9), 0xC9);
    assert_int_equal(wcl_upcase_unit(0xFF), 0x178);
    assert_int_equal(wcl_upcase_unit(0x0451), 0x0401);
    for (uint32_t unit = 0xD800; unit < 0xE000; unit++)
        assert_int_equal(wcl_upcase_unit((uint16_t)unit), unit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_unit_survives_alone),
        cmocka_unit_test(surrogates_survive_in_every_order),
        cmocka_unit_test(every_pair_is_one_character_of_four_bytes),
        cmocka_unit_test(characters_have_the_bytes_of_utf8),
        cmocka_unit_test(an_odd_length_is_refused),
        cmocka_unit_test(what_is_no_wtf8_is_refused),
        cmocka_unit_test(texts_are_appended_behind_what_is_there),
        cmocka_unit_test(names_compare_without_case_and_unit_by_unit),
        cmocka_unit_test(units_are_upcased_within_the_plane),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
