/* Writers of folders: what they refuse, what they leave behind, and that nothing lands outside. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "layer/dir/dir_writer.h"
#include "layer/transport/transport.h"
#include "system/system.h"
#include "unit/dir/fixture.h"

typedef wcl_status (*open_writer)(const char *, wcl_layer_writer **, wcl_error *);

static const open_writer writers[] = { wcl_dir_writer_open, wcl_transport_writer_open };

static fixture_layer start_layer(void)
{
    fixture_layer layer = { 0 };

    fixture_add(&layer, WCL_ENTRY_DIRECTORY, "Files", NULL);
    fixture_add(&layer, WCL_ENTRY_DIRECTORY, "Hives", NULL);
    return layer;
}

/* Writes the layer, expects the failure `code`, and that nothing is left. */
static void assert_refused(const fixture_layer *layer, uint32_t code, const char *subject)
{
    for (size_t form = 0; form < 2; form++) {
        wcl_error error = WCL_ERROR_INIT;
        char *folder = fixture_make_folder("/tmp");
        WCL_CLEANUP_FREE char *out = fixture_path(folder, "out");
        wcl_layer_writer *writer;

        fixture_assert_ok(writers[form](out, &writer, &error), &error);
        wcl_status status = fixture_write(layer, writer, 100, &error);
        if (status == WCL_OK)
            status = wcl_layer_writer_close(writer, &error);
        else
            wcl_layer_writer_abort(writer);
        assert_int_equal(status, WCL_FAILED);
        assert_int_equal(error.code, code);
        assert_string_equal(error.subject, subject);
        assert_int_equal(fixture_count_names(folder), 0);
        fixture_remove_folder(folder);
    }
}

static void entry_without_its_folder_is_refused(void **state)
{
    fixture_layer layer = start_layer();

    (void)state;
    fixture_add(&layer, WCL_ENTRY_FILE, "Files/none/file", NULL);
    assert_refused(&layer, WCL_CODE_PATH_NOT_FOUND, "Files/none/file");
    fixture_free(&layer);
}

static void entry_under_a_file_is_refused(void **state)
{
    fixture_layer layer = start_layer();

    (void)state;
    fixture_add(&layer, WCL_ENTRY_FILE, "Files/file", NULL);
    fixture_add(&layer, WCL_ENTRY_FILE, "Files/file/inside", NULL);
    assert_refused(&layer, WCL_CODE_DIRECTORY, "Files/file/inside");
    fixture_free(&layer);
}

static void name_given_twice_is_refused(void **state)
{
    fixture_layer layer = start_layer();

    (void)state;
    fixture_add(&layer, WCL_ENTRY_FILE, "Files/file", NULL);
    fixture_add(&layer, WCL_ENTRY_FILE, "Files/file", NULL);
    assert_refused(&layer, WCL_CODE_FILE_EXISTS, "Files/file");
    fixture_free(&layer);
}

static void names_that_windows_cannot_have_are_refused(void **state)
{
    static const char *const names[] = { "Files/a:b", "Files/a\nb", "Files/\xFF" };

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        fixture_layer layer = start_layer();
        fixture_add(&layer, WCL_ENTRY_FILE, names[i], NULL);
        assert_refused(&layer, WCL_CODE_INVALID_NAME, names[i]);
        fixture_free(&layer);
    }
}

static void cut_stream_is_refused(void **state)
{
    static const char *const paths[] = { "Files/cut", "Hives/cut" };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        fixture_layer layer = start_layer();
        fixture_entry *file = fixture_add(&layer, WCL_ENTRY_FILE, paths[i], NULL);
        fixture_stream(file, WCL_BACKUP_DATA, 0, "", 0, "whole", 5);
        file->stream.size--;
        assert_refused(&layer, WCL_CODE_TRUNCATED, paths[i]);
        fixture_free(&layer);
    }
}

static void folder_that_was_implied_may_be_listed_later(void **state)
{
    fixture_layer layer = start_layer();
    fixture_entry *implied = fixture_add(&layer, WCL_ENTRY_DIRECTORY, "Files/dir", NULL);

    (void)state;
    implied->entry.flags = WCL_ENTRY_IMPLICIT;
    fixture_stream(implied, WCL_BACKUP_SECURITY_DATA, 0, "", 0, "longer than the next", 20);
    fixture_add(&layer, WCL_ENTRY_FILE, "Files/dir/file", NULL);
    fixture_add(&layer, WCL_ENTRY_DIRECTORY, "Files/dir", NULL)->entry.info.attributes = 17;
    for (size_t form = 0; form < 2; form++) {
        wcl_error error = WCL_ERROR_INIT;
        char *folder = fixture_make_folder("/tmp");
        WCL_CLEANUP_FREE char *out = fixture_path(folder, "out");
        fixture_layer back = { 0 };
        wcl_layer_writer *writer;
        wcl_layer_reader *reader;
        fixture_assert_ok(writers[form](out, &writer, &error), &error);
        fixture_write(&layer, writer, 100, NULL);
        fixture_assert_ok(wcl_layer_writer_close(writer, &error), &error);
        fixture_assert_ok(
            (form ? wcl_transport_reader_open : wcl_dir_reader_open)(out, &reader, &error), &error);
        fixture_read(reader, &back);
        assert_int_equal(fixture_find(&back, "Files/dir")->entry.info.attributes, 17);
        assert_int_equal(fixture_find(&back, "Files/dir")->stream.size, 0);
        fixture_free(&back);
        fixture_remove_folder(folder);
    }
    fixture_free(&layer);
}

static void abort_leaves_nothing(void **state)
{
    fixture_layer layer = start_layer();

    (void)state;
    fixture_add(&layer, WCL_ENTRY_FILE, "Files/file", NULL);
    for (size_t form = 0; form < 2; form++) {
        wcl_error error = WCL_ERROR_INIT;
        char *folder = fixture_make_folder("/tmp");
        WCL_CLEANUP_FREE char *out = fixture_path(folder, "out");
        wcl_layer_writer *writer;
        fixture_assert_ok(writers[form](out, &writer, &error), &error);
        fixture_write(&layer, writer, 100, NULL);
        assert_int_equal(fixture_count_names(folder), 1);
        wcl_layer_writer_abort(writer);
        assert_int_equal(fixture_count_names(folder), 0);
        fixture_remove_folder(folder);
    }
    fixture_free(&layer);
}

static void failed_write_leaves_nothing(void **state)
{
    system_needs_file_limit();
    static char data[100000];
    fixture_layer layer = start_layer();

    (void)state;
    fixture_stream(fixture_add(&layer, WCL_ENTRY_FILE, "Files/large", NULL), WCL_BACKUP_DATA, 0, "",
                   0, data, sizeof(data));
    system_limit_files(50000);
    assert_refused(&layer, WCL_CODE_FILE_TOO_LARGE, "Files/large");
    system_limit_files(0);
    fixture_free(&layer);
}

/* The folder that a writer works in, beside its target. */
static char *find_staging(const char *folder)
{
    DIR *listing = opendir(folder);
    const struct dirent *item;
    char *found = NULL;

    assert_non_null(listing);
    while ((item = readdir(listing)) != NULL)
        if (strncmp(item->d_name, ".wcl-staging-", 13) == 0)
            found = fixture_path(folder, item->d_name);
    closedir(listing);
    assert_non_null(found);
    return found;
}

static void planted_links_are_not_followed(void **state)
{
    system_needs_symlinks();
    (void)state;
    for (size_t form = 0; form < 2; form++)
        for (int kind = 0; kind < 2; kind++) {
            wcl_error error = WCL_ERROR_INIT;
            fixture_layer layer = start_layer();
            char *folder = fixture_make_folder("/tmp"), *outside = fixture_make_folder("/tmp");
            WCL_CLEANUP_FREE char *out = fixture_path(folder, "out");
            WCL_CLEANUP_FREE char *victim = fixture_path(outside, "victim");
            wcl_layer_writer *writer;
            fixture_assert_ok(writers[form](out, &writer, &error), &error);
            fixture_write(&layer, writer, 100, NULL);
            WCL_CLEANUP_FREE char *staging = find_staging(folder);
            WCL_CLEANUP_FREE char *link =
                fixture_path(staging, kind ? "Files/file" : "Files/folder");
            assert_int_equal(symlink(kind ? victim : outside, link), 0);
            wcl_entry entry = layer.entries[1].entry;
            entry.path = kind ? "Files/file" : "Files/folder/file";
            entry.kind = WCL_ENTRY_FILE;
            entry.info.attributes = WCL_ATTRIBUTE_ARCHIVE;
            assert_int_equal(wcl_layer_writer_add(writer, &entry, &error), WCL_FAILED);
            wcl_layer_writer_abort(writer);
            assert_int_equal(fixture_count_names(outside), 0);
            assert_int_equal(fixture_count_names(folder), 0);
            fixture_free(&layer);
            fixture_remove_folder(folder);
            fixture_remove_folder(outside);
        }
}

static void links_of_the_layer_are_not_followed(void **state)
{
    system_needs_symlinks();
    wcl_error error = WCL_ERROR_INIT;
    fixture_layer layer = start_layer();
    void *data;
    size_t size;

    (void)state;
    fixture_entry *link = fixture_add(&layer, WCL_ENTRY_FILE, "Files/link", NULL);
    link->entry.info.attributes = WCL_ATTRIBUTE_REPARSE_POINT | WCL_ATTRIBUTE_DIRECTORY;
    fixture_assert_ok(wcl_reparse_encode_link("C:\\", false, &data, &size, &error), &error);
    fixture_stream(link, WCL_BACKUP_REPARSE_DATA, 0, "", 0, data, size);
    wcl_free(data);
    fixture_add(&layer, WCL_ENTRY_FILE, "Files/link/file", NULL);
    char *folder = fixture_make_folder("/tmp");
    WCL_CLEANUP_FREE char *out = fixture_path(folder, "out");
    wcl_layer_writer *writer;
    fixture_assert_ok(wcl_dir_writer_open(out, &writer, &error), &error);
    assert_int_equal(fixture_write(&layer, writer, 100, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_DIRECTORY);
    wcl_layer_writer_abort(writer);
    assert_int_equal(fixture_count_names(folder), 0);
    fixture_free(&layer);
    fixture_remove_folder(folder);
}

static void linux_layer_is_refused_as_transport_folder(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    char *folder = fixture_make_folder("/tmp");
    WCL_CLEANUP_FREE char *out = fixture_path(folder, "out");
    wcl_entry entry = WCL_ENTRY_INIT;
    wcl_layer_writer *writer;

    (void)state;
    entry.kind = WCL_ENTRY_SYMLINK;
    entry.path = "bin";
    entry.target = "usr/bin";
    fixture_assert_ok(wcl_transport_writer_open(out, &writer, &error), &error);
    assert_int_equal(wcl_layer_writer_add(writer, &entry, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_NOT_SUPPORTED);
    wcl_layer_writer_abort(writer);
    fixture_remove_folder(folder);
}

static void large_file_needs_little_memory(void **state)
{
    static uint8_t piece[1 << 20];
    const uint64_t total = 256u << 20;

    (void)state;
    for (size_t form = 0; form < 2; form++)
        for (int place = 0; place < 2; place++) {
            wcl_error error = WCL_ERROR_INIT;
            fixture_layer layer = start_layer();
            char *folder = fixture_make_folder("/dev/shm");
            WCL_CLEANUP_FREE char *out = fixture_path(folder, "out");
            uint8_t header[WCL_BACKUP_ENCODED_MAX];
            size_t size;
            wcl_layer_writer *writer;
            wcl_entry entry = WCL_ENTRY_INIT;
            wcl_backup_header data = { .id = place ? WCL_BACKUP_ALTERNATE_DATA : WCL_BACKUP_DATA,
                                       .size = total,
                                       .name = place ? ":s:$DATA" : "" };
            long before = system_peak_memory();
            fixture_assert_ok(writers[form](out, &writer, &error), &error);
            fixture_write(&layer, writer, 100, NULL);
            entry.kind = WCL_ENTRY_FILE;
            entry.path = form ? "Files/large" : "Hives/large";
            fixture_assert_ok(wcl_layer_writer_add(writer, &entry, &error), &error);
            fixture_assert_ok(wcl_backup_header_encode(&data, header, &size, &error), &error);
            fixture_assert_ok(wcl_layer_writer_write(writer, header, size, &error), &error);
            for (uint64_t done = 0; done < total; done += sizeof(piece))
                fixture_assert_ok(wcl_layer_writer_write(writer, piece, sizeof(piece), &error),
                                  &error);
            fixture_assert_ok(wcl_layer_writer_close(writer, &error), &error);
            assert_true(system_peak_memory() - before < 8 * 1024);
            fixture_free(&layer);
            fixture_remove_folder(folder);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(large_file_needs_little_memory),
        cmocka_unit_test(entry_without_its_folder_is_refused),
        cmocka_unit_test(entry_under_a_file_is_refused),
        cmocka_unit_test(name_given_twice_is_refused),
        cmocka_unit_test(names_that_windows_cannot_have_are_refused),
        cmocka_unit_test(cut_stream_is_refused),
        cmocka_unit_test(folder_that_was_implied_may_be_listed_later),
        cmocka_unit_test(abort_leaves_nothing),
        cmocka_unit_test(failed_write_leaves_nothing),
        cmocka_unit_test(planted_links_are_not_followed),
        cmocka_unit_test(links_of_the_layer_are_not_followed),
        cmocka_unit_test(linux_layer_is_refused_as_transport_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
