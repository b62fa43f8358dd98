/* The store's writer refuses, when it is given, what makes no layer or cannot be on the parents. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <wcl/backupstream.h>
#include <wcl/layer.h>

#include "tests/tools/store_home.h"
#include "tests/tools/outcome.h"

static wcl_layer_writer *open_writer(const home *home, const char *id, const char *parent)
{
    wcl_error error = WCL_ERROR_INIT;
    const wcl_parents parents = { &parent, parent ? 1 : 0 };
    wcl_layer_writer *writer;

    assert_ok(wcl_layer_writer_open(&home->driver, id, parents, &writer, &error), &error);
    return writer;
}

static wcl_status add(wcl_layer_writer *writer, wcl_entry_kind kind, const char *path,
                      uint32_t attributes, wcl_error *error)
{
    wcl_entry entry = WCL_ENTRY_INIT;

    entry.kind = kind;
    entry.path = path;
    entry.info.attributes =
        attributes | (kind == WCL_ENTRY_DIRECTORY ? WCL_ATTRIBUTE_DIRECTORY : 0);
    entry.info.creation_time = entry.info.last_access_time = INT64_C(132000000000000000);
    entry.info.last_write_time = entry.info.change_time = INT64_C(132000000010000000);
    return wcl_layer_writer_add(writer, &entry, error);
}

static wcl_status add_linux(wcl_layer_writer *writer, wcl_entry_kind kind, const char *path,
                            wcl_error *error)
{
    wcl_entry entry = WCL_ENTRY_INIT;

    entry.kind = kind;
    entry.path = path;
    entry.has_posix = true;
    entry.mode = 0640;
    entry.uid = 7;
    entry.modified.tv_sec = 1600000000;
    return wcl_layer_writer_add(writer, &entry, error);
}

static void make_base(const home *home, bool is_linux)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_layer_writer *writer = open_writer(home, "base", NULL);

    if (is_linux) {
        assert_ok(add_linux(writer, WCL_ENTRY_DIRECTORY, "etc", &error), &error);
        assert_ok(add_linux(writer, WCL_ENTRY_FILE, "etc/file", &error), &error);
    } else {
        assert_ok(add(writer, WCL_ENTRY_DIRECTORY, "Files", 0, &error), &error);
        assert_ok(add(writer, WCL_ENTRY_DIRECTORY, "Files/Dir", 0, &error), &error);
        assert_ok(add(writer, WCL_ENTRY_FILE, "Files/Dir/File",
                      WCL_ATTRIBUTE_HIDDEN | WCL_ATTRIBUTE_READONLY, &error),
                  &error);
    }
    assert_ok(wcl_layer_writer_close(writer, &error), &error);
}

/* Has `call` refused with `code_wanted` and `word` in what is said, and the layer with it. */
#define REFUSED(home, parent, code_wanted, word, call)                                             \
    do {                                                                                           \
        wcl_layer_writer *writer = open_writer(home, "bad", parent);                               \
        wcl_error error = WCL_ERROR_INIT;                                                          \
        bool exists = true;                                                                        \
        assert_ok(add(writer, WCL_ENTRY_DIRECTORY, "Files", 0, &error), &error);                   \
        assert_ok(add(writer, WCL_ENTRY_FILE, "Files/file", 0, &error), &error);                   \
        assert_int_equal(call, WCL_FAILED);                                                        \
        if (error.code != (code_wanted) || !strstr(error.message, word))                           \
            fail_msg("'%s' with %u", error.message, (unsigned)error.code);                         \
        assert_int_equal(wcl_layer_writer_close(writer, NULL), WCL_FAILED);                        \
        assert_ok(wcl_layer_exists(&(home)->driver, "bad", &exists, &error), &error);              \
        assert_false(exists);                                                                      \
    } while (0)

static void what_has_no_place_in_the_layer_is_refused(void **state)
{
    const home *home = *state;

    make_base(home, false);
    for (int i = 0; i < 2; i++) {
        const char *parent = i ? "base" : NULL;
        REFUSED(home, parent, WCL_CODE_PATH_NOT_FOUND, "'Files/Dir'",
                add(writer, WCL_ENTRY_FILE, "Files/Dir/new", 0, &error));
        REFUSED(home, parent, WCL_CODE_PATH_NOT_FOUND, "'Files/file'",
                add(writer, WCL_ENTRY_FILE, "Files/file/below", 0, &error));
        REFUSED(home, parent, WCL_CODE_FILE_EXISTS, "twice",
                add(writer, WCL_ENTRY_FILE, "Files/file", 0, &error));
        REFUSED(home, parent, WCL_CODE_INVALID_PARAMETER, "a folder",
                add(writer, WCL_ENTRY_FILE, "Files/odd", WCL_ATTRIBUTE_DIRECTORY, &error));
        REFUSED(home, parent, WCL_CODE_PATH_NOT_FOUND, "'Files/Dir'",
                wcl_layer_writer_add_link(writer, "Files/Dir/link", "Files/file", &error));
        REFUSED(home, parent, WCL_CODE_PATH_NOT_FOUND, "'Files/none'",
                wcl_layer_writer_add_link(writer, "Files/link", "Files/none", &error));
        REFUSED(home, parent, WCL_CODE_INVALID_PARAMETER, "a folder",
                wcl_layer_writer_add_link(writer, "Files/link", "Files", &error));
        REFUSED(home, parent, WCL_CODE_INVALID_PARAMETER, "Linux",
                add_linux(writer, WCL_ENTRY_FILE, "Files/linux", &error));
    }
}

static void what_cannot_be_on_the_parents_is_refused(void **state)
{
    const home *home = *state;
    wcl_error error = WCL_ERROR_INIT;

    make_base(home, false);
    REFUSED(home, "base", WCL_CODE_FILE_NOT_FOUND, "no parent layer has it",
            wcl_layer_writer_remove(writer, "Files/Dir/none", &error));
    REFUSED(home, "base", WCL_CODE_FILE_NOT_FOUND, "no parent layer has it",
            wcl_layer_writer_remove(writer, "Files/Dir/File/below", &error));
    REFUSED(home, "base", WCL_CODE_INVALID_PARAMETER, "a folder",
            wcl_layer_writer_add_link(writer, "Files/link", "Files/Dir", &error));
    wcl_layer_writer *writer = open_writer(home, "linux", "base");
    assert_int_equal(add_linux(writer, WCL_ENTRY_DIRECTORY, "etc", &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_INVALID_PARAMETER);
    assert_non_null(strstr(error.message, "the parent is of a Windows layer"));
    wcl_layer_writer_abort(writer);
}

/* The names of the parents in any case, as Windows compares them. */
static void what_the_parents_have_may_be_removed_and_linked(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    const home *home = *state;

    make_base(home, false);
    wcl_layer_writer *writer = open_writer(home, "up", "base");
    assert_ok(add(writer, WCL_ENTRY_DIRECTORY, "Files", 0, &error), &error);
    assert_ok(wcl_layer_writer_add_link(writer, "Files/link", "Files/dir/FILE", &error), &error);
    assert_ok(wcl_layer_writer_remove(writer, "Files/DIR/file", &error), &error);
    assert_ok(wcl_layer_writer_close(writer, &error), &error);
}

/* As hcsshim's callers write paths; but in a Linux layer a backslash is part of a name. */
static void backslashes_part_the_paths_of_a_windows_layer(void **state)
{
    const home *home = *state;
    wcl_error error = WCL_ERROR_INIT;
    const char *parent = "C:\\layers\\base";

    make_base(home, false);
    wcl_layer_writer *writer;
    assert_ok(
        wcl_layer_writer_open(&home->driver, "up", (wcl_parents) { &parent, 1 }, &writer, &error),
        &error);
    assert_ok(add(writer, WCL_ENTRY_DIRECTORY, "Files", 0, &error), &error);
    assert_ok(add(writer, WCL_ENTRY_DIRECTORY, "Files\\new", 0, &error), &error);
    assert_ok(add(writer, WCL_ENTRY_FILE, "Files\\new\\file", 0, &error), &error);
    assert_ok(wcl_layer_writer_add_link(writer, "Files\\new\\link", "Files\\dir\\FILE", &error),
              &error);
    assert_ok(wcl_layer_writer_remove(writer, "Files\\DIR\\file", &error), &error);
    assert_int_equal(wcl_layer_writer_remove(writer, "Files\\..\\..\\x", NULL), WCL_FAILED);
    wcl_layer_writer_abort(writer);
    writer = open_writer(home, "down", NULL);
    assert_ok(add_linux(writer, WCL_ENTRY_FILE, "a\\b", &error), &error);
    assert_ok(wcl_layer_writer_add_link(writer, "link", "a\\b", &error), &error);
    assert_ok(wcl_layer_writer_close(writer, &error), &error);
}

static void find_link(const home *home, wcl_entry *link)
{
    wcl_error error = WCL_ERROR_INIT;
    static char path[64];
    wcl_layer_reader *reader;
    wcl_entry entry = WCL_ENTRY_INIT;

    assert_ok(wcl_layer_reader_open(&home->driver, "up", no_parents, &reader, &error), &error);
    link->path = NULL;
    while (wcl_layer_reader_next(reader, &entry, NULL) == WCL_OK)
        if (entry.kind == WCL_ENTRY_HARD_LINK) {
            *link = entry;
            snprintf(path, sizeof(path), "%s", entry.path);
            link->path = path;
        }
    assert_ok(wcl_layer_reader_close(reader, &error), &error);
    assert_non_null(link->path);
}

static void a_link_to_a_parents_file_says_what_the_file_is(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    const home *home = *state;
    wcl_entry link;

    make_base(home, false);
    wcl_layer_writer *writer = open_writer(home, "up", "base");
    assert_ok(add(writer, WCL_ENTRY_DIRECTORY, "Files", 0, &error), &error);
    assert_ok(wcl_layer_writer_add_link(writer, "Files/link", "Files/Dir/File", &error), &error);
    assert_ok(wcl_layer_writer_close(writer, &error), &error);
    find_link(home, &link);
    assert_int_equal(link.info.attributes, WCL_ATTRIBUTE_HIDDEN | WCL_ATTRIBUTE_READONLY);
    assert_int_equal(link.info.creation_time, INT64_C(132000000000000000));
    assert_int_equal(link.info.last_write_time, INT64_C(132000000010000000));
}

static void so_does_one_of_a_linux_layer(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    const home *home = *state;
    wcl_entry link;

    make_base(home, true);
    wcl_layer_writer *writer = open_writer(home, "up", "base");
    assert_ok(wcl_layer_writer_add_link(writer, "link", "etc/file", &error), &error);
    assert_ok(wcl_layer_writer_close(writer, &error), &error);
    find_link(home, &link);
    assert_int_equal(link.mode, 0640);
    assert_int_equal(link.uid, 7);
    assert_int_equal(link.modified.tv_sec, 1600000000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_home, remove_home)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_has_no_place_in_the_layer_is_refused),
        TEST(what_cannot_be_on_the_parents_is_refused),
        TEST(what_the_parents_have_may_be_removed_and_linked),
        TEST(backslashes_part_the_paths_of_a_windows_layer),
        TEST(a_link_to_a_parents_file_says_what_the_file_is),
        TEST(so_does_one_of_a_linux_layer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
