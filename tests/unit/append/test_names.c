/* Descriptors and links become what Windows means. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/append/descriptor.h"
#include "image/append/source.h"
#include "image/append/windows_link.h"
#include "unit/dir/fixture.h"

static char *descriptor_text(const char *sddl, bool is_folder, const char *owner)
{
    WCL_CLEANUP_FREE void *descriptor = NULL;
    wcl_error error = WCL_ERROR_INIT;
    size_t size;
    char *text;

    fixture_assert_ok(wcl_append_descriptor(sddl, is_folder, owner, &descriptor, &size, &error),
                      &error);
    fixture_assert_ok(wcl_sd_to_sddl(descriptor, size, &text, &error), &error);
    return text;
}

static void assert_descriptor(const char *sddl, bool is_folder, const char *owner,
                              const char *expected)
{
    WCL_CLEANUP_FREE char *text = descriptor_text(sddl, is_folder, owner);
    assert_string_equal(text, expected);
}

static void descriptors_are_whole(void **state)
{
    void *descriptor;
    size_t size;
    wcl_error error = WCL_ERROR_INIT;
    (void)state;

    assert_descriptor(NULL, false, NULL, "O:BAG:SYD:(A;;FA;;;SY)(A;;FA;;;BA)(A;;0x1200a9;;;BU)");
    assert_descriptor(NULL, true, "SY",
                      "O:SYG:SYD:(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;BU)");
    assert_descriptor("D:P(A;;FA;;;WD)", false, NULL, "O:BAG:SYD:P(A;;FA;;;WD)");
    assert_descriptor("O:SYG:BAD:(A;;FA;;;WD)", false, "S-1-5-19", "O:LSG:BAD:(A;;FA;;;WD)");
    assert_int_equal(wcl_append_descriptor("O:SY", false, NULL, &descriptor, &size, &error),
                     WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_BAD_ACL);
    assert_int_equal(wcl_append_descriptor("D:(A;;FA", false, NULL, &descriptor, &size, &error),
                     WCL_FAILED);
    assert_int_equal(
        wcl_append_descriptor(NULL, false, "SYD:(A;;FA;;;WD)", &descriptor, &size, &error),
        WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_BAD_SID);
}

static void paths_sort_as_a_walk_goes(void **state)
{
    static const char *const order[] = { "",    "a",   "a/b", "a/b/c", "a\x01",
                                         "a!b", "a-b", "a.b", "a\xFF", "b" };
    (void)state;

    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
        for (size_t j = 0; j < sizeof(order) / sizeof(order[0]); j++) {
            int compared = wcl_append_path_compare(order[i], order[j]);
            assert_int_equal((compared > 0) - (compared < 0), (i > j) - (i < j));
        }
}

static void assert_target(const wcl_append_view *view, const char *path, const char *target,
                          const char *expected, bool expected_folder)
{
    WCL_CLEANUP_BUFFER wcl_buffer spelled = WCL_BUFFER_INIT;
    wcl_error error = WCL_ERROR_INIT;
    bool to_folder;

    fixture_assert_ok(wcl_append_windows_target(view, path, target, &spelled, &to_folder, &error),
                      &error);
    assert_string_equal(wcl_buffer_text(&spelled), expected);
    assert_int_equal(to_folder, expected_folder);
}

static void make_link(const char *folder, const char *name, const char *target)
{
    WCL_CLEANUP_FREE char *path = fixture_path(folder, name);
    assert_int_equal(symlink(target, path), 0);
}

static void links_are_spelled_for_windows(void **state)
{
    char *folder = fixture_make_folder("/tmp");
    WCL_CLEANUP_FREE char *sub = fixture_path(folder, "sub");
    wcl_append_view view = { .prefix = "Files/app/" };
    wcl_error error = WCL_ERROR_INIT;
    (void)state;

    assert_int_equal(mkdir(sub, 0755), 0);
    fixture_write_file(folder, "sub/file", "x", 1);
    make_link(folder, "to-sub", "sub");
    make_link(folder, "circle", "circle");
    fixture_assert_ok(wcl_append_folder_open(folder, &view.source, &error), &error);
    assert_target(&view, "Files/app/l", "sub", "sub", true);
    assert_target(&view, "Files/app/l", "sub/file", "sub\\file", false);
    assert_target(&view, "Files/app/l", "to-sub/../sub", "to-sub\\..\\sub", true);
    assert_target(&view, "Files/app/l", "to-sub/file", "to-sub\\file", false);
    assert_target(&view, "Files/app/sub/l", "..", "..", true);
    assert_target(&view, "Files/app/sub/l", "/app/sub", "C:\\app\\sub", true);
    assert_target(&view, "Files/app/sub/l", "/app", "C:\\app", true);
    assert_target(&view, "Files/app/l", "/nothing", "C:\\nothing", false);
    assert_target(&view, "Files/app/l", "circle", "circle", false);
    assert_target(&view, "Files/app/l", "D:\\data", "D:\\data", false);
    assert_target(&view, "Files/app/l", "../../../../..", "..\\..\\..\\..\\..", true);
    wcl_append_source_free(view.source);
    fixture_remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(descriptors_are_whole),
        cmocka_unit_test(paths_sort_as_a_walk_goes),
        cmocka_unit_test(links_are_spelled_for_windows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
