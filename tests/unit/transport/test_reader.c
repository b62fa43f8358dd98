/* Transport folders as they come from elsewhere: what is read from them, and what is refused. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "system/system.h"
#include "unit/dir/fixture.h"

#define FIRST_LINE "\xEF\xBB\xBFVersion 1.0"

/* The start of a file: its attributes. */
static const char file_head[] = { 0x20, 0, 0, 0 };
static const char folder_head[] = { 0x10, 0, 0, 0 };

static void make(const char *folder, const char *name)
{
    WCL_CLEANUP_FREE char *path = fixture_path(folder, name);
    assert_int_equal(mkdir(path, 0777), 0);
}

/* A folder as another program would make it, without anything that wcl keeps. */
static char *make_layer(void)
{
    char *folder = fixture_make_folder("/tmp");

    make(folder, "Files");
    make(folder, "Files/dir");
    make(folder, "Hives");
    fixture_write_file(folder, "Files.$wcidirs$", folder_head, 4);
    fixture_write_file(folder, "Files/dir.$wcidirs$", folder_head, 4);
    fixture_write_file(folder, "Files/dir/file", file_head, 4);
    fixture_write_file(folder, "Files/dir-file", file_head, 4);
    fixture_write_file(folder, "Hives/System_Delta", "hive", 4);
    return folder;
}

static void set_time(const char *folder, const char *name, time_t written, time_t accessed)
{
    WCL_CLEANUP_FREE char *path = fixture_path(folder, name);
    struct timespec times[2] = { { accessed, 200 }, { written, 100 } };
    assert_int_equal(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW), 0);
}

static fixture_layer read_layer(const char *folder)
{
    fixture_layer layer = { 0 };
    wcl_error error = WCL_ERROR_INIT;
    wcl_layer_reader *reader;

    fixture_assert_ok(wcl_transport_reader_open(folder, &reader, &error), &error);
    fixture_read(reader, &layer);
    return layer;
}

static void assert_unreadable(const char *folder, uint32_t code, const char *subject)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_layer_reader *reader;
    wcl_entry entry = WCL_ENTRY_INIT;
    wcl_status status = wcl_transport_reader_open(folder, &reader, &error);

    if (status == WCL_OK) {
        while ((status = wcl_layer_reader_next(reader, &entry, &error)) == WCL_OK)
            ;
        wcl_layer_reader_close(reader, NULL);
    }
    assert_int_equal(status, WCL_FAILED);
    if (error.code != code)
        fail_msg("code %u: %s", error.code, error.message);
    if (!strstr(error.subject, subject) && !strstr(error.message, subject))
        fail_msg("'%s: %s' does not name '%s'", error.subject, error.message, subject);
}

static void entries_come_depth_first_in_byte_order(void **state)
{
    static const char *const expected[] = {
        "Files",          "Files/dir", "Files/dir/gone",     "Files/dir/file",
        "Files/dir-file", "Hives",     "Hives/System_Delta", "Files/absent/gone"
    };
    char *folder = make_layer();

    (void)state;
    const char *text = FIRST_LINE "\n\\absent\\gone\r\n\\dir\\gone";
    fixture_write_file(folder, "tombstones.txt", text, strlen(text));
    fixture_layer layer = read_layer(folder);
    assert_int_equal(layer.count, 8);
    for (size_t i = 0; i < 8; i++)
        assert_string_equal(layer.entries[i].entry.path, expected[i]);
    fixture_free(&layer);
    fixture_remove_folder(folder);
}

static void times_are_those_of_the_files(void **state)
{
    const wcl_filetime second = 10000000, start = 116444736000000000;
    char *folder = make_layer();

    (void)state;
    set_time(folder, "Files/dir/file", 1000, 2000);
    set_time(folder, "Files/dir.$wcidirs$", 3000, 4000);
    set_time(folder, "Hives/System_Delta", 5000, 6000);
    fixture_layer layer = read_layer(folder);
    const wcl_basic_info *file = &fixture_find(&layer, "Files/dir/file")->entry.info,
                         *dir = &fixture_find(&layer, "Files/dir")->entry.info,
                         *hive = &fixture_find(&layer, "Hives/System_Delta")->entry.info,
                         *files = &fixture_find(&layer, "Files")->entry.info,
                         *hives = &fixture_find(&layer, "Hives")->entry.info;
    assert_int_equal(file->last_write_time, start + 1000 * second + 1);
    assert_int_equal(dir->last_write_time, start + 3000 * second + 1);
    if (system_keeps_access_times()) {
        assert_int_equal(file->last_access_time, start + 2000 * second + 2);
        assert_int_equal(dir->last_access_time, start + 4000 * second + 2);
    }
    assert_int_equal(hive->last_write_time, start + 5000 * second + 1);
    assert_int_equal(hive->last_access_time, hive->last_write_time);
    assert_int_equal(hive->creation_time, hive->last_write_time);
    assert_int_equal(files->last_write_time, hive->last_write_time);
    assert_int_equal(hives->last_write_time, hive->last_write_time);
    fixture_free(&layer);
    fixture_remove_folder(folder);
}

static void plain_file_becomes_a_data_stream(void **state)
{
    static const uint8_t expected[] = { 1, 0, 0, 0, 0, 0, 0, 0, 4,   0,   0,   0,
                                        0, 0, 0, 0, 0, 0, 0, 0, 'h', 'i', 'v', 'e' };
    char *folder = make_layer();
    fixture_layer layer = read_layer(folder);
    const fixture_entry *hive = fixture_find(&layer, "Hives/System_Delta");

    (void)state;
    assert_int_equal(hive->entry.size, 4);
    assert_int_equal(hive->entry.info.attributes, 32);
    assert_true(hive->entry.flags & WCL_ENTRY_IN_ORDER);
    assert_int_equal(hive->stream.size, sizeof(expected));
    assert_memory_equal(hive->stream.data, expected, sizeof(expected));
    fixture_free(&layer);
    fixture_remove_folder(folder);
}

static void names_of_one_file_are_links(void **state)
{
    char *folder = make_layer();
    WCL_CLEANUP_FREE char *file = fixture_path(folder, "Files/dir/file");
    WCL_CLEANUP_FREE char *twin = fixture_path(folder, "Files/dir/twin");
    WCL_CLEANUP_FREE char *hive = fixture_path(folder, "Hives/System_Delta");
    WCL_CLEANUP_FREE char *outside = fixture_path(folder, "Hives/Twin");
    (void)state;

    assert_int_equal(link(file, twin), 0);
    assert_int_equal(link(hive, outside), 0);
    fixture_layer layer = read_layer(folder);
    assert_int_equal(fixture_find(&layer, "Files/dir/file")->entry.kind, WCL_ENTRY_FILE);
    const fixture_entry *found = fixture_find(&layer, "Files/dir/twin");
    assert_int_equal(found->entry.kind, WCL_ENTRY_HARD_LINK);
    assert_string_equal(found->entry.target, "Files/dir/file");
    assert_int_equal(found->entry.info.attributes, WCL_ATTRIBUTE_ARCHIVE);
    assert_int_equal(found->stream.size, 0);
    found = fixture_find(&layer, "Hives/Twin");
    assert_int_equal(found->entry.kind, WCL_ENTRY_HARD_LINK);
    assert_string_equal(found->entry.target, "Hives/System_Delta");
    fixture_free(&layer);
    fixture_remove_folder(folder);
}

static void folder_without_metadata_is_an_implied_one(void **state)
{
    char *folder = make_layer();

    (void)state;
    make(folder, "Files/bare");
    fixture_layer layer = read_layer(folder);
    const fixture_entry *bare = fixture_find(&layer, "Files/bare");
    assert_int_equal(bare->entry.kind, WCL_ENTRY_DIRECTORY);
    assert_int_equal(bare->entry.info.attributes, 16);
    assert_true(bare->entry.flags & WCL_ENTRY_IMPLICIT);
    assert_int_equal(bare->stream.size, 0);
    fixture_free(&layer);
    fixture_remove_folder(folder);
}

static void promise_of_order_is_given_where_it_holds(void **state)
{
    char *folder = make_layer();
    fixture_entry ordered = { .entry = WCL_ENTRY_INIT }, other = { .entry = WCL_ENTRY_INIT };

    (void)state;
    wcl_buffer_append(&ordered.stream, file_head, 4, NULL);
    wcl_buffer_append(&other.stream, file_head, 4, NULL);
    fixture_stream(&ordered, WCL_BACKUP_SECURITY_DATA, 2, "", 0, "sd", 2);
    fixture_stream(&ordered, WCL_BACKUP_DATA, 0, "", 0, folder, 14);
    fixture_stream(&ordered, WCL_BACKUP_ALTERNATE_DATA, 0, ":a:$DATA", 0, "a", 1);
    fixture_stream(&ordered, WCL_BACKUP_ALTERNATE_DATA, 0, ":b:$DATA", 0, "b", 1);
    fixture_stream(&other, WCL_BACKUP_DATA, 0, "", 0, "data", 4);
    fixture_stream(&other, WCL_BACKUP_EA_DATA, 0, "", 0, "ea", 2);
    fixture_write_file(folder, "Files/ordered", ordered.stream.data, ordered.stream.size);
    fixture_write_file(folder, "Files/other", other.stream.data, other.stream.size);
    fixture_layer layer = read_layer(folder);
    assert_true(fixture_find(&layer, "Files/ordered")->entry.flags & WCL_ENTRY_IN_ORDER);
    assert_int_equal(fixture_find(&layer, "Files/ordered")->entry.size, 14);
    assert_false(fixture_find(&layer, "Files/other")->entry.flags & WCL_ENTRY_IN_ORDER);
    assert_int_equal(fixture_find(&layer, "Files/other")->entry.size, 4);
    wcl_buffer_free(&ordered.stream);
    wcl_buffer_free(&other.stream);
    fixture_free(&layer);
    fixture_remove_folder(folder);
}

static void bad_tombstones_are_refused(void **state)
{
    static const char *const texts[] = { "",
                                         "Version 1.0\n",
                                         FIRST_LINE "1\n\\a\n",
                                         FIRST_LINE "\na\n",
                                         FIRST_LINE "\n\n",
                                         FIRST_LINE "\n\\..\\..\\x\n",
                                         FIRST_LINE "\n\\a/b\n",
                                         FIRST_LINE "\n\\\n",
                                         FIRST_LINE "\n\\a\\\\b\n",
                                         FIRST_LINE "\n\\a:b\n",
                                         FIRST_LINE "\n\\\xFF\n",
                                         FIRST_LINE "\n\\a\n\\.\n" };
    char *folder = make_layer();

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        wcl_error error = WCL_ERROR_INIT;
        wcl_layer_reader *reader;
        fixture_write_file(folder, "tombstones.txt", texts[i], strlen(texts[i]));
        if (wcl_transport_reader_open(folder, &reader, &error) != WCL_FAILED)
            fail_msg("text %zu was accepted", i);
        assert_non_null(strstr(error.message, "tombstones.txt"));
    }
    fixture_write_file(folder, "tombstones.txt", FIRST_LINE "\n\\a\0b\n", 19);
    assert_unreadable(folder, WCL_CODE_INVALID_DATA, "tombstones.txt");
    fixture_remove_folder(folder);
}

static void odd_files_are_refused_by_name(void **state)
{
    system_needs_special_files();
    static const char *const names[] = { "Files/odd", "Hives/odd", "odd", "Files/odd.$wcidirs$" };

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char *folder = make_layer();
        WCL_CLEANUP_FREE char *path = fixture_path(folder, names[i]);
        const char *shown = i == 3 ? "odd" : names[i];
        uint32_t code = i == 3 ? WCL_CODE_INVALID_DATA : WCL_CODE_NOT_SUPPORTED;
        assert_int_equal(symlink("/etc/passwd", path), 0);
        assert_unreadable(folder, code, shown);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(mkfifo(path, 0666), 0);
        assert_unreadable(folder, code, shown);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(mknod(path, S_IFSOCK | 0666, 0), 0);
        assert_unreadable(folder, code, shown);
        fixture_remove_folder(folder);
    }
}

static void companions_that_are_no_files_are_refused(void **state)
{
    system_needs_symlinks();
    char *folder = make_layer();
    WCL_CLEANUP_FREE char *path = fixture_path(folder, "Files/dir.$wcidirs$");

    (void)state;
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("dir/file", path), 0);
    assert_unreadable(folder, WCL_CODE_NOT_SUPPORTED, "Files/dir");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0777), 0);
    assert_unreadable(folder, WCL_CODE_INVALID_DATA, "Files/dir");
    fixture_remove_folder(folder);
}

static void damaged_files_are_refused_by_name(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
        uint32_t code;
    } files[] = {
        { "\x20\0\0", 3, WCL_CODE_TRUNCATED },
        { "\x20\0\0\0\1", 5, WCL_CODE_TRUNCATED },
        { "\x20\0\0\0\1\0\0\0\0\0\0\0\4\0\0\0\0\0\0\0\0\0\0\0abc", 27, WCL_CODE_TRUNCATED },
        { "\x20\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x80\0\0\0\0", 24, WCL_CODE_INVALID_DATA },
        { "\x20\0\0\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\3\0\0\0abc", 27, WCL_CODE_INVALID_DATA },
        { "\x20\0\0\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xFF\xFF\xFF\xFF", 24, WCL_CODE_INVALID_DATA },
        { "\x20\0\0\0\x09\0\0\0\0\0\0\0\4\0\0\0\0\0\0\0\0\0\0\0", 24, WCL_CODE_INVALID_DATA },
        { "\x10\0\0\0", 4, WCL_CODE_INVALID_DATA },
    };
    char *folder = make_layer();

    (void)state;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        fixture_write_file(folder, "Files/dir/file", files[i].bytes, files[i].size);
        assert_unreadable(folder, files[i].code, "Files/dir/file");
    }
    fixture_remove_folder(folder);
}

static void names_that_windows_cannot_have_are_refused(void **state)
{
    system_needs_any_name();
    static const char *const names[] = { "Files/dir/a\\b", "Files/dir/a:b", "Files/dir/\xFF",
                                         "Hives/a:b" };

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char *folder = make_layer();
        fixture_write_file(folder, names[i], file_head, 4);
        assert_unreadable(folder, WCL_CODE_INVALID_NAME, names[i]);
        fixture_remove_folder(folder);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_come_depth_first_in_byte_order),
        cmocka_unit_test(times_are_those_of_the_files),
        cmocka_unit_test(plain_file_becomes_a_data_stream),
        cmocka_unit_test(names_of_one_file_are_links),
        cmocka_unit_test(folder_without_metadata_is_an_implied_one),
        cmocka_unit_test(promise_of_order_is_given_where_it_holds),
        cmocka_unit_test(bad_tombstones_are_refused),
        cmocka_unit_test(odd_files_are_refused_by_name),
        cmocka_unit_test(companions_that_are_no_files_are_refused),
        cmocka_unit_test(damaged_files_are_refused_by_name),
        cmocka_unit_test(names_that_windows_cannot_have_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
