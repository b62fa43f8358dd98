/* What Windows cannot hold is found and named, whoever makes the layer. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>
#include <wcl/layer.h>
#include <wcl/tar.h>

#include "layer/entry/windows_names.h"
#include "tests/tools/outcome.h"

static void refuses_names_that_windows_cannot_have(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    static const char *const never[] = {
        "Files/a:b",  "Files/what?",    "Files/a*",   "Files/a\\b",         "Files/a\nb",
        "Files/\xFF", "Files/pipe|end", "Files/<in>", "Files/say \"hi\"/x", "Files//x",
    };
    static const char *const not_new[] = {
        "Files/CON",  "Files/con.txt",     "Files/Aux",  "Files/nul .log",    "Files/COM1",
        "Files/dot.", "Files/lpt9.tar.gz", "Files/end ", "Files/COM\xC2\xB2", "Files/conin$",
    };
    static const char *const good[] = {
        "Files/CONsole", "Files/COM",         "Files/COM10",       "Files/.hidden",   "Files/a.b.c",
        "Files/ first",  "Files/lpt\xC2\xB4", "Files/k\xC3\xA4se", "Files/dir/nulls", "Files/CON/x",
    };
    (void)state;

    for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
        assert_int_equal(wcl_path_check_windows(never[i], &error), WCL_FAILED);
        assert_int_equal(error.code, WCL_CODE_INVALID_NAME);
        assert_int_equal(wcl_windows_new_path_check(never[i], NULL), WCL_FAILED);
    }
    for (size_t i = 0; i < sizeof(not_new) / sizeof(not_new[0]); i++) {
        assert_ok(wcl_path_check_windows(not_new[i], &error), &error);
        assert_int_equal(wcl_windows_new_path_check(not_new[i], &error), WCL_FAILED);
        assert_int_equal(error.code, WCL_CODE_INVALID_NAME);
    }
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_ok(wcl_windows_new_path_check(good[i], &error), &error);
}

static void finds_names_that_differ_in_case_only(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    static const char *const paths[] = { "Files",       "Files/A",   "Files/A/x",
                                         "Hives",       "Files/B",   "Files/B/x",
                                         "Files/A/y/X", "Files/A/y", "Files/A" };
    static const struct {
        const char *path, *twin;
    } bad[] = { { "Files/b", "'B'" }, { "FILES/z", "'Files'" }, { "Files/A/Y/x", "'y'" } };
    wcl_case_check *check;
    (void)state;

    assert_ok(wcl_case_check_new(&check, &error), &error);
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        assert_ok(wcl_case_check_add(check, paths[i], &error), &error);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(wcl_case_check_add(check, bad[i].path, &error), WCL_FAILED);
        assert_int_equal(error.code, WCL_CODE_ALREADY_EXISTS);
        assert_non_null(strstr(error.message, bad[i].twin));
    }
    wcl_case_check_free(check);
}

static wcl_status drop(void *context, const void *data, size_t size, wcl_error *error)
{
    (void)context, (void)data, (void)size, (void)error;
    return WCL_OK;
}

static wcl_status add(wcl_layer_writer *writer, wcl_entry_kind kind, const char *path,
                      bool is_linux, wcl_error *error)
{
    wcl_entry entry = WCL_ENTRY_INIT;

    entry.kind = kind;
    entry.path = path;
    entry.has_posix = is_linux;
    entry.mode = 0755;
    entry.info.attributes =
        kind == WCL_ENTRY_DIRECTORY ? WCL_ATTRIBUTE_DIRECTORY : WCL_ATTRIBUTE_ARCHIVE;
    return wcl_layer_writer_add(writer, &entry, error);
}

static void writers_take_each_name_once(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_layer_writer *writer;
    (void)state;

    for (int way = 0; way < 3; way++) {
        assert_ok(wcl_tar_writer_open(drop, NULL, NULL, &writer, &error), &error);
        assert_ok(add(writer, WCL_ENTRY_DIRECTORY, "Files", false, &error), &error);
        assert_ok(add(writer, WCL_ENTRY_FILE, "Files/foo", false, &error), &error);
        wcl_status status =
            way == 0   ? add(writer, WCL_ENTRY_FILE, "Files/Foo", false, &error)
            : way == 1 ? wcl_layer_writer_add_link(writer, "Files/Foo", "Files/foo", &error)
                       : add(writer, WCL_ENTRY_DIRECTORY, "Files/FOO", false, &error);
        assert_int_equal(status, WCL_FAILED);
        assert_int_equal(error.code, WCL_CODE_ALREADY_EXISTS);
        assert_non_null(strstr(error.message, "'foo'"));
        wcl_layer_writer_abort(writer);
    }
    assert_ok(wcl_tar_writer_open(drop, NULL, NULL, &writer, &error), &error);
    assert_ok(add(writer, WCL_ENTRY_FILE, "foo", true, &error), &error);
    assert_ok(add(writer, WCL_ENTRY_FILE, "Foo", true, &error), &error);
    assert_ok(wcl_layer_writer_close(writer, &error), &error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_names_that_windows_cannot_have),
        cmocka_unit_test(finds_names_that_differ_in_case_only),
        cmocka_unit_test(writers_take_each_name_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
