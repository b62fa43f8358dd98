/* Transport folders as hcsshim's reader sees them: its walk passes over tombstones.txt and what
 * ends in
 * .$wcidirs$, and takes all else for an entry. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "layer/dir/names.h"
#include "layer/transport/transport.h"
#include "unit/dir/fixture.h"

/* Counts what is an entry to hcsshim, and finds each among the layer's. */
static size_t walk_as_hcsshim(const char *root, const char *below, const fixture_layer *layer)
{
    WCL_CLEANUP_FREE char *folder = fixture_path(root, below);
    DIR *listing = opendir(folder);
    const struct dirent *item;
    struct stat status;
    size_t count = 0;

    assert_non_null(listing);
    while ((item = readdir(listing)) != NULL) {
        char path[1024];
        bool is_passed_over =
            wcl_has_suffix(item->d_name, strlen(item->d_name), WCL_COMPANION_SUFFIX) ||
            (!*below && strcmp(item->d_name, "tombstones.txt") == 0);
        if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0)
            continue;
        snprintf(path, sizeof(path), "%s%s%s", below, *below ? "/" : "", item->d_name);
        if (!is_passed_over && !fixture_find(layer, path))
            fail_msg("hcsshim takes '%s' for an entry", path);
        count += !is_passed_over;
        WCL_CLEANUP_FREE char *whole = fixture_path(root, path);
        assert_int_equal(lstat(whole, &status), 0);
        if (S_ISDIR(status.st_mode))
            count += walk_as_hcsshim(root, path, layer);
    }
    closedir(listing);
    return count;
}

/* A layer with all that the format itself has no place for. */
static fixture_layer make_layer(void)
{
    static uint8_t block[70000];
    fixture_layer layer = { 0 };

    fixture_add(&layer, WCL_ENTRY_DIRECTORY, "Files", NULL);
    fixture_stream(fixture_add(&layer, WCL_ENTRY_FILE, "Files/file", NULL), WCL_BACKUP_DATA, 0, "",
                   0, "content", 7);
    fixture_add(&layer, WCL_ENTRY_DIRECTORY, "Hives", NULL);
    fixture_entry *hive = fixture_add(&layer, WCL_ENTRY_FILE, "Hives/odd", NULL);
    fixture_stream(hive, WCL_BACKUP_SECURITY_DATA, 0, "", 0, block, 60000);
    fixture_stream(hive, WCL_BACKUP_DATA, 0, "", 0, "hive", 4);
    fixture_stream(hive, WCL_BACKUP_ALTERNATE_DATA, 0, ":large:$DATA", 0, block, sizeof(block));
    fixture_add(&layer, WCL_ENTRY_DELETED, "Files/gone", NULL);
    fixture_add(&layer, WCL_ENTRY_DELETED, "Files/Temp/gone", NULL);
    fixture_add(&layer, WCL_ENTRY_DELETED, "Hives/gone", NULL);
    fixture_add(&layer, WCL_ENTRY_HARD_LINK, "Files/link", "Files/file");
    return layer;
}

static void hcsshim_sees_nothing_but_the_layer(void **state)
{
    fixture_layer layer = make_layer();
    (void)state;

    for (int avoid_xattrs = 0; avoid_xattrs < 2; avoid_xattrs++) {
        fixture_layer back = { 0 };
        wcl_error error = WCL_ERROR_INIT;
        wcl_layer_writer *writer;
        wcl_layer_reader *reader;
        char *folder = fixture_make_folder("/tmp");
        WCL_CLEANUP_FREE char *out = fixture_path(folder, "out");
        fixture_assert_ok(wcl_transport_writer_open_with(out, avoid_xattrs, &writer, &error),
                          &error);
        fixture_write(&layer, writer, 1000, NULL);
        fixture_assert_ok(wcl_layer_writer_close(writer, &error), &error);
        assert_int_equal(walk_as_hcsshim(out, "", &layer), 4);
        fixture_assert_ok(wcl_transport_reader_open(out, &reader, &error), &error);
        fixture_read(reader, &back);
        fixture_assert_same(&layer, &back);
        fixture_free(&back);
        fixture_remove_folder(folder);
    }
    fixture_free(&layer);
}

/* Of folders that no entry lists, those with files in them are made, the others are no entries. */
static void implied_folders_are_entries_only_with_files_in_them(void **state)
{
    static const char *const implied[] = { "Files", "Files/Temp", "Files/Temp/sub", "Files/used",
                                           "Files/used/deep" };
    fixture_layer layer = { 0 }, back = { 0 };
    wcl_error error = WCL_ERROR_INIT;
    wcl_layer_writer *writer;
    wcl_layer_reader *reader;
    char *folder = fixture_make_folder("/tmp");
    WCL_CLEANUP_FREE char *out = fixture_path(folder, "out");
    WCL_CLEANUP_FREE char *temp = fixture_path(out, "Files/Temp");
    WCL_CLEANUP_FREE char *temp_metadata = fixture_path(out, "Files/Temp.$wcidirs$");
    (void)state;

    for (size_t i = 0; i < sizeof(implied) / sizeof(implied[0]); i++)
        fixture_add(&layer, WCL_ENTRY_DIRECTORY, implied[i], NULL)->entry.flags =
            WCL_ENTRY_IMPLICIT | WCL_ENTRY_IN_ORDER;
    fixture_add(&layer, WCL_ENTRY_DELETED, "Files/Temp/sub/gone", NULL);
    fixture_add(&layer, WCL_ENTRY_FILE, "Files/used/deep/file", NULL);
    fixture_assert_ok(wcl_transport_writer_open(out, &writer, &error), &error);
    fixture_write(&layer, writer, 1000, NULL);
    fixture_assert_ok(wcl_layer_writer_close(writer, &error), &error);
    assert_int_equal(access(temp, F_OK), -1);
    assert_int_equal(access(temp_metadata, F_OK), -1);
    fixture_assert_ok(wcl_transport_reader_open(out, &reader, &error), &error);
    fixture_read(reader, &back);
    assert_int_equal(back.count, 5);
    assert_true(fixture_find(&back, "Files/used/deep")->entry.flags & WCL_ENTRY_IMPLICIT);
    assert_int_equal(fixture_find(&back, "Files/Temp/sub/gone")->entry.kind, WCL_ENTRY_DELETED);
    fixture_free(&layer);
    fixture_free(&back);
    fixture_remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hcsshim_sees_nothing_but_the_layer),
        cmocka_unit_test(implied_folders_are_entries_only_with_files_in_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
