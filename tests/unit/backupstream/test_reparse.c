/* Reparse points: links both ways, other tags, and damage. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "unit/backupstream/support.h"

#include <string.h>

#include "base/cursor.h"
#include "base/utf16.h"

/* The substitute name of a link, as WTF-8. */
static void substitute_of(const uint8_t *data, bool is_mount_point, char *text, size_t size)
{
    WCL_CLEANUP_BUFFER wcl_buffer name = WCL_BUFFER_INIT;
    size_t names = is_mount_point ? 16 : 20;

    assert_int_equal(wcl_utf16_to_wtf8(data + names + wcl_load_le16(data + 8),
                                       wcl_load_le16(data + 10), &name, NULL),
                     WCL_OK);
    assert_true(name.size < size);
    strcpy(text, wcl_buffer_text(&name));
}

static void targets_become_nt_paths(void **state)
{
    static const struct {
        const char *target, *substitute;
        bool is_relative;
    } cases[] = {
        { "C:\\x", "\\??\\C:\\x", false },
        { "z:", "\\??\\z:", false },
        { "\\\\?\\Volume{1}\\", "\\??\\Volume{1}\\", false },
        { "\\\\?\\C:\\x", "\\??\\C:\\x", false },
        { "\\\\server\\share", "\\??\\UNC\\server\\share", false },
        { "..\\x", "..\\x", true },
        { "\\x", "\\x", true },
        { "1:\\x", "1:\\x", true },
        { "x", "x", true },
        { "日本\xED\xA0\x80", "日本\xED\xA0\x80", true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        for (int mount = 0; mount < 2; mount++) {
            WCL_CLEANUP_FREE void *data = NULL;
            wcl_reparse_link link;
            char substitute[100];
            size_t size;
            assert_int_equal(wcl_reparse_encode_link(cases[i].target, mount, &data, &size, NULL),
                             WCL_OK);
            substitute_of(data, mount, substitute, sizeof(substitute));
            assert_string_equal(substitute, cases[i].substitute);
            assert_int_equal(wcl_reparse_decode_link(data, size, &link, NULL), WCL_OK);
            assert_string_equal(link.target, cases[i].target);
            assert_int_equal(link.is_mount_point, mount);
            assert_int_equal(link.is_relative, !mount && cases[i].is_relative);
            wcl_free(link.target);
        }
}

/* A symbolic link with a substitute name only. */
static wcl_buffer without_print_name(const char *substitute)
{
    WCL_CLEANUP_BUFFER wcl_buffer name = WCL_BUFFER_INIT;
    wcl_buffer out = WCL_BUFFER_INIT;

    assert_int_equal(wcl_wtf8_to_utf16(substitute, strlen(substitute), &name, NULL), WCL_OK);
    wcl_buffer_append_le32(&out, WCL_REPARSE_TAG_SYMLINK, NULL);
    wcl_buffer_append_le16(&out, (uint16_t)(12 + name.size), NULL);
    wcl_buffer_append_zeros(&out, 4, NULL);
    wcl_buffer_append_le16(&out, (uint16_t)name.size, NULL);
    wcl_buffer_append_zeros(&out, 8, NULL);
    wcl_buffer_append(&out, name.data, name.size, NULL);
    return out;
}

static void without_a_print_name_the_substitute_is_made_readable(void **state)
{
    static const char *const cases[][2] = {
        { "\\??\\C:\\x", "C:\\x" },
        { "\\??\\UNC\\server\\share", "\\\\server\\share" },
        { "\\??\\Volume{1}\\", "\\\\?\\Volume{1}\\" },
        { "..\\x", "..\\x" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        WCL_CLEANUP_BUFFER wcl_buffer data = without_print_name(cases[i][0]);
        wcl_reparse_link link;
        assert_int_equal(wcl_reparse_decode_link(data.data, data.size, &link, NULL), WCL_OK);
        assert_string_equal(link.target, cases[i][1]);
        wcl_free(link.target);
    }
}

static void other_tags_are_told_but_are_no_links(void **state)
{
    static const uint8_t wof[] = { 0x17, 0, 0, 0x80, 4, 0, 0, 0, 1, 2, 3, 4 };
    static const uint8_t foreign[24 + 2] = { 0x42, 0, 0, 0, 2, 0 };
    wcl_error error = WCL_ERROR_INIT;
    wcl_reparse_link link;
    uint32_t tag;

    (void)state;
    assert_int_equal(wcl_reparse_tag(wof, sizeof(wof), &tag, NULL), WCL_OK);
    assert_int_equal(tag, 0x80000017);
    assert_int_equal(wcl_reparse_decode_link(wof, sizeof(wof), &link, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_NOT_SUPPORTED);
    assert_int_equal(wcl_reparse_tag(foreign, sizeof(foreign), &tag, NULL), WCL_OK);
    assert_int_equal(tag, 0x42);
    assert_int_equal(wcl_reparse_tag(foreign, 12, &tag, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_BAD_REPARSE_DATA);
}

static void cuts_and_additions_are_refused(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer whole = without_print_name("\\??\\C:\\Users");
    wcl_error error = WCL_ERROR_INIT;
    wcl_reparse_link link;

    (void)state;
    for (size_t size = 0; size < whole.size; size++) {
        assert_int_equal(wcl_reparse_decode_link(whole.data, size, &link, &error), WCL_FAILED);
        assert_int_equal(error.code, WCL_CODE_BAD_REPARSE_DATA);
    }
    wcl_buffer_append_byte(&whole, 0, NULL);
    assert_int_equal(wcl_reparse_decode_link(whole.data, whole.size, &link, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_BAD_REPARSE_DATA);
}

static void names_outside_odd_or_with_a_nul_are_refused(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
        const char *said;
    } cases[] = {
        { 8, 0xFE, "lies past the end" },
        { 10, 0xFE, "lies past the end" },
        { 10, 3, "odd length" },
        { 12, 0xFE, "print name of a link lies past" },
        { 14, 0xFE, "print name of a link lies past" },
        { 22, 0, "has a NUL" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        WCL_CLEANUP_BUFFER wcl_buffer data = without_print_name("abcdef");
        wcl_error error = WCL_ERROR_INIT;
        wcl_reparse_link link;
        data.data[cases[i].at] = cases[i].value;
        assert_int_equal(wcl_reparse_decode_link(data.data, data.size, &link, &error), WCL_FAILED);
        assert_int_equal(error.code, WCL_CODE_BAD_REPARSE_DATA);
        if (!strstr(error.message, cases[i].said))
            fail_msg("'%s' does not say '%s'", error.message, cases[i].said);
    }
}

static void a_flipped_bit_never_harms(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer backup = load_vector("entry-005.backup");
    uint8_t *data = backup.data + 200;
    size_t size = 88;

    (void)state;
    for (size_t bit = 0; bit < size * 8; bit++) {
        wcl_reparse_link link;
        data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (wcl_reparse_decode_link(data, size, &link, NULL) == WCL_OK) {
            assert_true(strlen(link.target) > 0);
            wcl_free(link.target);
        }
        data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void impossible_targets_are_refused(void **state)
{
    static char target[9000];
    WCL_CLEANUP_FREE void *data = NULL;
    wcl_error error = WCL_ERROR_INIT;
    size_t size;

    (void)state;
    assert_int_equal(wcl_reparse_encode_link("", false, &data, &size, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_INVALID_NAME);
    assert_int_equal(wcl_reparse_encode_link("\xFF", false, &data, &size, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_INVALID_NAME);
    memset(target, 'x', 4100);
    assert_int_equal(wcl_reparse_encode_link(target, false, &data, &size, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_NAME_TOO_LONG);
    target[4000] = '\0';
    assert_int_equal(wcl_reparse_encode_link(target, false, &data, &size, &error), WCL_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_become_nt_paths),
        cmocka_unit_test(without_a_print_name_the_substitute_is_made_readable),
        cmocka_unit_test(other_tags_are_told_but_are_no_links),
        cmocka_unit_test(cuts_and_additions_are_refused),
        cmocka_unit_test(names_outside_odd_or_with_a_nul_are_refused),
        cmocka_unit_test(a_flipped_bit_never_harms),
        cmocka_unit_test(impossible_targets_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
