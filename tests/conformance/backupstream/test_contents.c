/* Descriptors, attributes and links in backup streams that go-winio made come apart and are made
 * again, byte for byte. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "conformance/backupstream/vectors.h"

#include <string.h>

#include <wcl/backupstream.h>

static void assert_same_part(wcl_sd_part a, wcl_sd_part b)
{
    assert_int_equal(a.size, b.size);
    if (a.size)
        assert_memory_equal(a.data, b.data, a.size);
}

/* Descriptors with two ACLs came out of SDDL with the DACL first, which is the one difference. */
static void rebuild_descriptor(size_t number, const uint8_t *data, size_t size)
{
    WCL_CLEANUP_FREE void *built = NULL;
    size_t built_size;
    wcl_sd sd, again;

    (void)number;
    assert_int_equal(wcl_sd_parse(data, size, &sd, NULL), WCL_OK);
    assert_int_equal(wcl_sd_build(&sd, &built, &built_size, NULL), WCL_OK);
    assert_int_equal(built_size, size);
    assert_int_equal(wcl_sd_parse(built, size, &again, NULL), WCL_OK);
    assert_int_equal(again.control, sd.control);
    assert_same_part(again.owner, sd.owner);
    assert_same_part(again.group, sd.group);
    assert_same_part(again.dacl, sd.dacl);
    assert_same_part(again.sacl, sd.sacl);
    if (!sd.sacl.size)
        assert_memory_equal(built, data, size);
}

static void every_descriptor_parses_and_rebuilds(void **state)
{
    (void)state;
    assert_int_equal(vector_each_stream(WCL_BACKUP_SECURITY_DATA, rebuild_descriptor), 45);
}

static void rebuild_attributes(size_t number, const uint8_t *data, size_t size)
{
    WCL_CLEANUP_FREE void *built = NULL;
    size_t count = 0, position = 0, built_size;
    wcl_ea eas[16];
    wcl_status status;

    (void)number;
    while ((status = wcl_ea_next(data, size, &position, &eas[count], NULL)) == WCL_OK)
        assert_true(++count < 16);
    assert_int_equal(status, WCL_END);
    assert_true(count > 0);
    assert_int_equal(wcl_ea_build(eas, count, &built, &built_size, NULL), WCL_OK);
    assert_int_equal(built_size, size);
    assert_memory_equal(built, data, size);
}

static void every_list_of_attributes_rebuilds(void **state)
{
    (void)state;
    assert_int_equal(vector_each_stream(WCL_BACKUP_EA_DATA, rebuild_attributes), 2);
}

/* The link of an entry, with its target as the tar of that entry spells it. */
static const struct {
    size_t number;
    const char *target;
    bool is_mount_point, is_relative;
} links[] = {
    { 5, "C:\\ProgramData", false, false },
    { 6, "C:\\Users", true, false },
    { 9, "..\\notepad.exe", false, true },
    { 10, "\\\\server\\share\\x", false, false },
    { 11, "\\\\?\\Volume{2f1c6a2e-0000-0000-0000-100000000000}\\", true, false },
};

static void remake_link(size_t number, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
        if (links[i].number != number)
            continue;
        WCL_CLEANUP_FREE void *made = NULL;
        wcl_reparse_link link;
        size_t made_size;
        uint32_t tag;
        assert_int_equal(wcl_reparse_tag(data, size, &tag, NULL), WCL_OK);
        assert_int_equal(tag, links[i].is_mount_point ? WCL_REPARSE_TAG_MOUNT_POINT
                                                      : WCL_REPARSE_TAG_SYMLINK);
        assert_int_equal(wcl_reparse_decode_link(data, size, &link, NULL), WCL_OK);
        assert_string_equal(link.target, links[i].target);
        assert_int_equal(link.is_mount_point, links[i].is_mount_point);
        assert_int_equal(link.is_relative, links[i].is_relative);
        assert_int_equal(
            wcl_reparse_encode_link(link.target, link.is_mount_point, &made, &made_size, NULL),
            WCL_OK);
        wcl_free(link.target);
        assert_int_equal(made_size, size);
        assert_memory_equal(made, data, size);
        return;
    }
    fail_msg("entry %zu has a link that the test does not know", number);
}

static void every_link_is_made_again(void **state)
{
    (void)state;
    assert_int_equal(vector_each_stream(WCL_BACKUP_REPARSE_DATA, remake_link), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_descriptor_parses_and_rebuilds),
        cmocka_unit_test(every_list_of_attributes_rebuilds),
        cmocka_unit_test(every_link_is_made_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
