/* A layer without parents is restored file by file, and processed at the end. */
#include <wcl/tar.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/windows/files.h"
#include "tests/conformance/tar/tar_vectors.h"
#include "windows/layers/fake_backup.h"
#include "windows/recorded.h"
#include "windows/scratch.h"
#include "tests/tools/outcome.h"

#define MTIME 131000000000000000

static const recorder_control *recorder;
static char *home;
static const wcl_parents no_parents = { NULL, 0 };

static int set_up(void **state)
{
    (void)state;
    recorder->reset();
    backups_reset();
    home = make_home();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(backups_open(), 0);
    backups_reset();
    free_home(home);
    return 0;
}

static wcl_layer_writer *open_writer(void)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_driver driver = WCL_DRIVER_INIT;
    wcl_layer_writer *writer = NULL;

    driver.home_dir = home;
    assert_ok(wcl_layer_writer_open(&driver, "base", no_parents, &writer, &error), &error);
    return writer;
}

static wcl_status add(wcl_layer_writer *writer, wcl_entry_kind kind, const char *path,
                      wcl_error *error)
{
    wcl_entry entry = WCL_ENTRY_INIT;

    entry.kind = kind;
    entry.path = path;
    entry.info.last_write_time = MTIME + (wcl_filetime)strlen(path) * 10000000;
    entry.info.attributes = kind == WCL_ENTRY_DIRECTORY ? WCL_ATTRIBUTE_DIRECTORY : 0;
    return wcl_layer_writer_add(writer, &entry, error);
}

/* An entry whose stream is its data alone. */
static void add_file(wcl_layer_writer *writer, const char *path, const char *text)
{
    wcl_error error = WCL_ERROR_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer stream = WCL_BUFFER_INIT;

    assert_ok(add(writer, WCL_ENTRY_FILE, path, &error), &error);
    assert_ok(wcl_buffer_append_le32(&stream, 1, &error), &error);
    assert_ok(wcl_buffer_append_le32(&stream, 0, &error), &error);
    assert_ok(wcl_buffer_append_le64(&stream, strlen(text), &error), &error);
    assert_ok(wcl_buffer_append_le32(&stream, 0, &error), &error);
    assert_ok(wcl_buffer_append_text(&stream, text, &error), &error);
    assert_ok(wcl_layer_writer_write(writer, stream.data, 7, &error), &error);
    assert_ok(wcl_layer_writer_write(writer, stream.data + 7, stream.size - 7, &error), &error);
}

static void add_folder(wcl_layer_writer *writer, const char *path)
{
    wcl_error error = WCL_ERROR_INIT;

    assert_ok(add(writer, WCL_ENTRY_DIRECTORY, path, &error), &error);
}

static wcl_filetime written(const char *path)
{
    wcl_error error = WCL_ERROR_INIT;
    WCL_CLEANUP_FREE char *place = in_home(home, path);
    wcl_vm_file_info info = { 0 };
    void *file;

    assert_ok(wcl_file_open(place, WCL_OPEN_PLAIN, &file, &error), &error);
    assert_ok(wcl_file_get_info(file, &info, &error), &error);
    wcl_file_close(file);
    return info.last_write_time;
}

/* Copies layer.tar without what it deletes of its parents. */
static void copy_vectors(wcl_layer_writer *writer)
{
    wcl_error error = WCL_ERROR_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer tar = WCL_BUFFER_INIT;
    wcl_layer_reader *reader;
    wcl_entry entry = WCL_ENTRY_INIT;

    read_vector("layer.tar", -1, &tar);
    memory_source source = { .data = tar.data, .size = tar.size };
    assert_ok(wcl_tar_reader_open(read_memory, &source, NULL, &reader, &error), &error);
    while (wcl_layer_reader_next(reader, &entry, NULL) == WCL_OK) {
        WCL_CLEANUP_BUFFER wcl_buffer stream = WCL_BUFFER_INIT;
        if (entry.kind == WCL_ENTRY_DELETED)
            continue;
        assert_ok(wcl_layer_writer_add(writer, &entry, &error), &error);
        read_stream(reader, &stream);
        if (stream.size)
            assert_ok(wcl_layer_writer_write(writer, stream.data, stream.size, &error), &error);
    }
    assert_ok(wcl_layer_reader_close(reader, &error), &error);
}

static void each_entry_is_restored_with_its_stream(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    cJSON *entries = read_entries();
    wcl_layer_writer *writer = open_writer();
    const cJSON *json;
    int number = -1;

    (void)state;
    copy_vectors(writer);
    assert_ok(wcl_layer_writer_close(writer, &error), &error);
    cJSON_ArrayForEach(json, entries)
    {
        WCL_CLEANUP_BUFFER wcl_buffer backup = WCL_BUFFER_INIT;
        wcl_entry wanted;
        char *path, *target, name[1200];
        number++;
        describe_entry(json, &wanted, &path, &target);
        snprintf(name, sizeof(name), "base/%s", path);
        if (wanted.kind != WCL_ENTRY_DELETED && wanted.kind != WCL_ENTRY_HARD_LINK &&
            number != 23 && number != 24) {
            read_vector("backup", number, &backup);
            assert_int_equal(written(name), wanted.info.last_write_time);
        }
        if (backup.size) {
            const fake_backup *restored = backup_of(name);
            assert_true(restored->security);
            assert_true(restored->ended);
            assert_same_bytes(&restored->stream, &backup, path);
        }
        free(path);
        free(target);
    }
    cJSON_Delete(entries);
    assert_int_equal(links_of(home, "base/Files/Windows/link-to-notepad.exe"), 2);
}

static void the_layer_is_processed_at_the_end(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_layer_writer *writer = open_writer();
    WCL_CLEANUP_BUFFER wcl_buffer path = WCL_BUFFER_INIT;
    char expected[1000];

    (void)state;
    add_folder(writer, "Files");
    add_folder(writer, "UtilityVM");
    add_folder(writer, "UtilityVM/Files");
    assert_calls(recorder, "");
    assert_ok(wcl_layer_writer_close(writer, &error), &error);
    for (const char *at = home; *at; at++)
        assert_ok(wcl_buffer_printf(&path, &error, *at == '\\' ? "\\%c" : "%c", *at), &error);
    snprintf(expected, sizeof(expected),
             "{\"call\":\"ProcessBaseImage\",\"path\":\"%s\\\\base\"}\n"
             "{\"call\":\"ProcessUtilityImage\",\"path\":\"%s\\\\base\\\\UtilityVM\"}\n",
             wcl_buffer_text(&path), wcl_buffer_text(&path));
    assert_calls(recorder, expected);
}

static void folders_have_their_times_in_the_end(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    static const char *const folders[] = { "Files", "Files/a", "Files/a/b" };
    wcl_layer_writer *writer = open_writer();

    (void)state;
    for (size_t i = 0; i < 3; i++)
        add_folder(writer, folders[i]);
    add_file(writer, "Files/a/b/file", "one");
    add_file(writer, "Files/a/other", "two");
    assert_ok(wcl_layer_writer_close(writer, &error), &error);
    for (size_t i = 0; i < 3; i++) {
        char path[100];
        snprintf(path, sizeof(path), "base/%s", folders[i]);
        assert_int_equal(written(path), MTIME + (wcl_filetime)strlen(folders[i]) * 10000000);
    }
    assert_file(home, "base/Files/a/b/file", "one", 3);
}

static void boot_files_are_saved_aside(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_layer_writer *writer = open_writer();

    (void)state;
    add_folder(writer, "UtilityVM");
    add_folder(writer, "UtilityVM/Files");
    add_folder(writer, "UtilityVM/Files/EFI");
    add_folder(writer, "UtilityVM/Files/EFI/Microsoft");
    add_folder(writer, "UtilityVM/Files/EFI/Microsoft/Boot");
    add_file(writer, "UtilityVM/Files/EFI/Microsoft/Boot/BCD", "store");
    add_file(writer, "UtilityVM/Files/EFI/Microsoft/Boot/BCD.LOG2", "log");
    add_file(writer, "UtilityVM/Files/EFI/Microsoft/Boot/other", "x");
    assert_ok(wcl_layer_writer_close(writer, &error), &error);
    assert_file(home, "base/UtilityVM/Files/EFI/Microsoft/Boot/BCD", "store", 5);
    assert_file(home, "base/bcd.bak", "store", 5);
    assert_false(backup_of("base/bcd.bak")->security);
    assert_file(home, "base/bcd.log2.bak", "log", 3);
    assert_false(is_there(home, "base/bcd.log.bak"));
}

static void an_unfinished_layer_is_removed(void **state)
{
    wcl_layer_writer *writer = open_writer();

    (void)state;
    add_folder(writer, "Files");
    add_file(writer, "Files/a", "x");
    assert_true(is_there(home, "base/Files/a"));
    wcl_layer_writer_abort(writer);
    assert_false(is_there(home, "base"));
    assert_calls(recorder, "");
}

static void a_failure_of_processing_removes_the_layer(void **state)
{
    static const char *const functions[] = { "ProcessBaseImage", "ProcessUtilityImage" };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        wcl_error error = WCL_ERROR_INIT;
        wcl_layer_writer *writer = open_writer();
        add_folder(writer, "UtilityVM");
        add_folder(writer, "UtilityVM/Files");
        recorder->answer(functions[i], (int32_t)0xC0370105, NULL);
        assert_int_equal(wcl_layer_writer_close(writer, &error), WCL_FAILED);
        assert_int_equal(error.code, WCL_CODE_HCS_INVALID_STATE);
        assert_false(is_there(home, "base"));
    }
}

static void a_failure_of_BackupWrite_is_told(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_layer_writer *writer = open_writer();

    (void)state;
    add_folder(writer, "Files");
    assert_int_equal(add(writer, WCL_ENTRY_FILE, "Files/a", &error), WCL_OK);
    backups_fail_next(112);
    assert_int_equal(wcl_layer_writer_write(writer, "x", 1, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_DISK_FULL);
    assert_string_equal(error.subject, "Files/a");
    assert_int_equal(wcl_layer_writer_close(writer, NULL), WCL_FAILED);
    assert_false(is_there(home, "base"));
}

static void an_empty_layer_may_be_there_and_a_full_one_not(void **state)
{
    wcl_driver driver = WCL_DRIVER_INIT;
    wcl_error error = WCL_ERROR_INIT;
    wcl_layer_writer *writer;

    (void)state;
    make_folder(home, "base");
    writer = open_writer();
    add_folder(writer, "Files");
    wcl_layer_writer_abort(writer);
    assert_true(is_there(home, "base"));
    assert_false(is_there(home, "base/Files"));
    make_file(home, "base/Files/kept", "x");
    driver.home_dir = home;
    assert_int_equal(wcl_layer_writer_open(&driver, "base", no_parents, &writer, &error),
                     WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_ALREADY_EXISTS);
    assert_true(is_there(home, "base/Files/kept"));
}

static void entries_that_do_not_fit_are_refused(void **state)
{
    static const struct {
        wcl_entry_kind kind;
        const char *path;
        uint32_t code;
    } refused[] = {
        { WCL_ENTRY_FILE, "Files/none/a", WCL_CODE_PATH_NOT_FOUND },
        { WCL_ENTRY_FILE, "Files/file/a", WCL_CODE_DIRECTORY },
        { WCL_ENTRY_FILE, "Files/file", WCL_CODE_FILE_EXISTS },
        { WCL_ENTRY_FILE, "Files/a:b", WCL_CODE_INVALID_NAME },
        { WCL_ENTRY_FILE, "Files/..", WCL_CODE_INVALID_NAME },
        { WCL_ENTRY_DELETED, "Files/file", WCL_CODE_NOT_SUPPORTED },
        { WCL_ENTRY_CHARACTER_DEVICE, "Files/b", WCL_CODE_NOT_SUPPORTED },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        wcl_error error = WCL_ERROR_INIT;
        wcl_layer_writer *writer = open_writer();
        add_folder(writer, "Files");
        add_file(writer, "Files/file", "x");
        assert_int_equal(add(writer, refused[i].kind, refused[i].path, &error), WCL_FAILED);
        if (error.code != refused[i].code)
            fail_msg("%s: code %u, %s", refused[i].path, error.code, error.message);
        wcl_layer_writer_abort(writer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_entry_is_restored_with_its_stream, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_layer_is_processed_at_the_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(folders_have_their_times_in_the_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(boot_files_are_saved_aside, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_unfinished_layer_is_removed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_failure_of_processing_removes_the_layer, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_failure_of_BackupWrite_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_empty_layer_may_be_there_and_a_full_one_not, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(entries_that_do_not_fit_are_refused, set_up, tear_down),
    };

    recorder = load_recorder();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
