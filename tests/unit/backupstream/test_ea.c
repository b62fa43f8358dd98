/* Lists of extended attributes: building, walking, and damage. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "unit/backupstream/support.h"

#include <string.h>

#define VALUE(text) (const uint8_t *)(text), sizeof(text) - 1

static void every_entry_is_padded_and_the_last_has_no_next(void **state)
{
    const wcl_ea eas[] = { { "A", 0x80, VALUE("xyz") }, { "LONGER", 0, VALUE("") } };
    WCL_CLEANUP_FREE void *list = NULL;
    size_t size;

    (void)state;
    assert_int_equal(wcl_ea_build(eas, 2, &list, &size, NULL), WCL_OK);
    assert_int_equal(size, 32);
    assert_memory_equal(list,
                        "\x10\0\0\0\x80\x1\x3\0A\0xyz\0\0\0"
                        "\0\0\0\0\0\x6\0\0LONGER\0\0",
                        32);
}

static void a_list_gives_back_what_it_was_built_of(void **state)
{
    const wcl_ea eas[] = { { "ONE", 0, VALUE("1") },
                           { "TWO", 0x80, VALUE("a\0b") },
                           { "THREE", 0, VALUE("") } };
    WCL_CLEANUP_FREE void *list = NULL;
    size_t size, position = 0;
    wcl_ea ea;

    (void)state;
    assert_int_equal(wcl_ea_build(eas, 3, &list, &size, NULL), WCL_OK);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(wcl_ea_next(list, size, &position, &ea, NULL), WCL_OK);
        assert_string_equal(ea.name, eas[i].name);
        assert_int_equal(ea.flags, eas[i].flags);
        assert_int_equal(ea.value_size, eas[i].value_size);
        assert_memory_equal(ea.value, eas[i].value, ea.value_size);
    }
    assert_int_equal(wcl_ea_next(list, size, &position, &ea, NULL), WCL_END);
    assert_int_equal(wcl_ea_next(list, size, &position, &ea, NULL), WCL_END);
}

static void no_attributes_make_an_empty_list(void **state)
{
    WCL_CLEANUP_FREE void *list = NULL;
    size_t size, position = 0;
    wcl_ea ea;

    (void)state;
    assert_int_equal(wcl_ea_build(NULL, 0, &list, &size, NULL), WCL_OK);
    assert_non_null(list);
    assert_int_equal(size, 0);
    assert_int_equal(wcl_ea_next(list, size, &position, &ea, NULL), WCL_END);
}

static void assert_bad(const void *list, size_t size, const char *said)
{
    wcl_error error = WCL_ERROR_INIT;
    size_t position = 0;
    wcl_status status;
    wcl_ea ea;

    while ((status = wcl_ea_next(list, size, &position, &ea, &error)) == WCL_OK)
        assert_true(position <= size);
    assert_int_equal(status, WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_BAD_EA);
    if (!strstr(error.message, said))
        fail_msg("'%s' does not say '%s'", error.message, said);
}

static void damaged_lists_are_refused(void **state)
{
    (void)state;
    assert_bad("\0\0\0\0\0\1\0", 7, "goes past the end");
    assert_bad("\0\0\0\0\0\1\5\0A\0vvvv", 14, "goes past the end");
    assert_bad("\0\0\0\0\0\0\0\0\0", 9, "has no name");
    assert_bad("\0\0\0\0\0\1\0\0AB", 10, "without a NUL");
    assert_bad("\0\0\0\0\0\3\0\0A\0B\0", 12, "with one in it");
    assert_bad("\4\0\0\0\0\1\0\0A\0\0\0", 12, "overlaps");
    assert_bad("\x0C\0\0\0\0\1\0\0A\0\0\0", 12, "past the end of the list");
    assert_bad("\xFF\xFF\xFF\xFF\0\1\0\0A\0\0\0", 12, "past the end of the list");
    assert_bad("\x0C\0\0\0\0\1\0\0A\0\0\0\1", 13, "at offset 12 goes past");
}

static void a_position_past_the_end_is_refused(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    size_t position = 100;
    wcl_ea ea;

    (void)state;
    assert_int_equal(wcl_ea_next("abc", 3, &position, &ea, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_BAD_EA);
}

static void flipped_bits_and_cuts_never_harm(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer backup = load_vector("entry-012.backup");
    /* Behind the descriptor's 180 bytes and the header of the attributes. */
    uint8_t list[140];
    wcl_status status;
    wcl_ea ea;

    (void)state;
    for (size_t bit = 0; bit <= sizeof(list) * 8; bit++) {
        size_t position = 0, steps = 0;
        memcpy(list, backup.data + 200, sizeof(list));
        if (bit < sizeof(list) * 8)
            list[bit / 8] ^= (uint8_t)(1u << bit % 8);
        while ((status = wcl_ea_next(list, sizeof(list), &position, &ea, NULL)) == WCL_OK) {
            assert_true(strlen(ea.name) > 0);
            assert_true(++steps < sizeof(list));
        }
        if (bit == sizeof(list) * 8)
            assert_int_equal(status, WCL_END);
    }
}

static void names_and_lists_too_long_are_not_built(void **state)
{
    static uint8_t value[UINT16_MAX];
    char name[257];
    WCL_CLEANUP_FREE void *list = NULL;
    wcl_error error = WCL_ERROR_INIT;
    size_t size;

    (void)state;
    memset(name, 'N', 256);
    name[256] = '\0';
    const wcl_ea long_name = { name, 0, NULL, 0 };
    assert_int_equal(wcl_ea_build(&long_name, 1, &list, &size, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_BAD_EA);
    const wcl_ea no_name = { "", 0, NULL, 0 };
    assert_int_equal(wcl_ea_build(&no_name, 1, &list, &size, &error), WCL_FAILED);
    const wcl_ea large[] = { { "A", 0, value, 65000 }, { "B", 0, value, 600 } };
    assert_int_equal(wcl_ea_build(large, 2, &list, &size, &error), WCL_FAILED);
    assert_non_null(strstr(error.message, "65536"));
    assert_int_equal(wcl_ea_build(large, 1, &list, &size, &error), WCL_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_entry_is_padded_and_the_last_has_no_next),
        cmocka_unit_test(a_list_gives_back_what_it_was_built_of),
        cmocka_unit_test(no_attributes_make_an_empty_list),
        cmocka_unit_test(damaged_lists_are_refused),
        cmocka_unit_test(a_position_past_the_end_is_refused),
        cmocka_unit_test(flipped_bits_and_cuts_never_harm),
        cmocka_unit_test(names_and_lists_too_long_are_not_built),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
