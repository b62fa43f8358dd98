/* The growing buffer and the bounded cursor. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "base/buffer.h"
#include "base/cursor.h"

static void a_buffer_ends_in_a_nul_at_every_size(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer buffer = WCL_BUFFER_INIT;

    (void)state;
    assert_string_equal(wcl_buffer_text(&buffer), "");
    for (size_t i = 0; i < 1000; i++) {
        assert_int_equal(wcl_buffer_append_byte(&buffer, 'x', NULL), WCL_OK);
        assert_int_equal(buffer.size, i + 1);
        assert_int_equal(buffer.data[buffer.size], 0);
        assert_true(buffer.capacity > buffer.size);
    }
    wcl_buffer_clear(&buffer);
    assert_string_equal(wcl_buffer_text(&buffer), "");
}

static void numbers_are_appended_little_endian(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer buffer = WCL_BUFFER_INIT;

    (void)state;
    wcl_buffer_append_le16(&buffer, 0x0102, NULL);
    wcl_buffer_append_le32(&buffer, 0x03040506, NULL);
    wcl_buffer_append_le64(&buffer, UINT64_C(0x0708090A0B0C0D0E), NULL);
    wcl_buffer_append_zeros(&buffer, 2, NULL);
    assert_int_equal(buffer.size, 16);
    assert_memory_equal(buffer.data, "\2\1\6\5\4\3\x0E\x0D\x0C\x0B\x0A\x09\x08\x07\0\0", 16);
}

static void text_is_formatted_whatever_its_length(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer buffer = WCL_BUFFER_INIT;

    (void)state;
    assert_int_equal(wcl_buffer_printf(&buffer, NULL, "%d-%s", 42, "x"), WCL_OK);
    assert_int_equal(wcl_buffer_printf(&buffer, NULL, "%*d", 5000, 7), WCL_OK);
    assert_int_equal(buffer.size, 5004);
    assert_memory_equal(buffer.data, "42-x   ", 7);
    assert_string_equal(wcl_buffer_text(&buffer) + 5003, "7");
}

static void an_impossible_size_is_out_of_memory_and_changes_nothing(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer buffer = WCL_BUFFER_INIT;
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    wcl_buffer_append_text(&buffer, "abc", NULL);
    assert_int_equal(wcl_buffer_reserve(&buffer, SIZE_MAX, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_OUT_OF_MEMORY);
    assert_int_equal(wcl_buffer_reserve(&buffer, SIZE_MAX / 2 + 2, &error), WCL_FAILED);
    assert_string_equal(wcl_buffer_text(&buffer), "abc");
}

static void detaching_hands_the_bytes_over(void **state)
{
    wcl_buffer buffer = WCL_BUFFER_INIT;
    size_t size = 99;

    (void)state;
    WCL_CLEANUP_FREE char *empty = wcl_buffer_detach(&buffer, &size, NULL);
    assert_non_null(empty);
    assert_int_equal(size, 0);
    wcl_buffer_append_text(&buffer, "text", NULL);
    WCL_CLEANUP_FREE char *text = wcl_buffer_detach(&buffer, NULL, NULL);
    assert_string_equal(text, "text");
    assert_null(buffer.data);
    assert_int_equal(buffer.size, 0);
}

static void a_cursor_reads_numbers_in_order(void **state)
{
    wcl_cursor cursor = wcl_cursor_over("\1\2\3\4\5\6\7\x8\x9\xA\xB\xC\xD\xE\xFF", 15);

    (void)state;
    assert_int_equal(wcl_cursor_u8(&cursor), 1);
    assert_int_equal(wcl_cursor_le16(&cursor), 0x0302);
    assert_int_equal(wcl_cursor_le32(&cursor), 0x07060504);
    assert_true(wcl_cursor_le64(&cursor) == UINT64_C(0xFF0E0D0C0B0A0908));
    wcl_cursor all = wcl_cursor_over("\1\2\3\4\5\6\7\xFF", 8);
    assert_true(wcl_cursor_le64(&all) == UINT64_C(0xFF07060504030201));
    assert_int_equal(wcl_cursor_left(&all), 0);
}

static void a_cursor_that_ran_out_stays_failed(void **state)
{
    wcl_cursor cursor = wcl_cursor_over("abcd", 4);

    (void)state;
    assert_null(wcl_cursor_take(&cursor, 5));
    assert_true(cursor.failed);
    assert_int_equal(wcl_cursor_left(&cursor), 0);
    assert_int_equal(wcl_cursor_u8(&cursor), 0);
    assert_null(wcl_cursor_take(&cursor, 0));
    wcl_cursor_seek(&cursor, 0);
    assert_true(cursor.failed);
}

static void huge_lengths_and_positions_fail(void **state)
{
    wcl_cursor cursor = wcl_cursor_over("abcd", 4);

    (void)state;
    wcl_cursor_u8(&cursor);
    assert_null(wcl_cursor_take(&cursor, UINT64_MAX));
    cursor = wcl_cursor_over("abcd", 4);
    wcl_cursor_seek(&cursor, 4);
    assert_false(cursor.failed);
    assert_non_null(wcl_cursor_take(&cursor, 0));
    wcl_cursor_seek(&cursor, 5);
    assert_true(cursor.failed);
    cursor = wcl_cursor_over("abcd", 4);
    wcl_cursor_seek(&cursor, UINT64_MAX);
    assert_true(cursor.failed);
}

static void a_cursor_within_a_cursor_cannot_leave_it(void **state)
{
    wcl_cursor cursor = wcl_cursor_over("abcdef", 6);
    wcl_cursor inner = wcl_cursor_sub(&cursor, 2);

    (void)state;
    assert_int_equal(wcl_cursor_left(&inner), 2);
    assert_int_equal(wcl_cursor_le32(&inner), 0);
    assert_true(inner.failed);
    assert_false(cursor.failed);
    assert_int_equal(wcl_cursor_u8(&cursor), 'c');
    wcl_cursor beyond = wcl_cursor_sub(&cursor, 4);
    assert_true(beyond.failed && cursor.failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_buffer_ends_in_a_nul_at_every_size),
        cmocka_unit_test(numbers_are_appended_little_endian),
        cmocka_unit_test(text_is_formatted_whatever_its_length),
        cmocka_unit_test(an_impossible_size_is_out_of_memory_and_changes_nothing),
        cmocka_unit_test(detaching_hands_the_bytes_over),
        cmocka_unit_test(a_cursor_reads_numbers_in_order),
        cmocka_unit_test(a_cursor_that_ran_out_stays_failed),
        cmocka_unit_test(huge_lengths_and_positions_fail),
        cmocka_unit_test(a_cursor_within_a_cursor_cannot_leave_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
