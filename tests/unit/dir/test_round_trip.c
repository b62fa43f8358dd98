/* What is written as a plain folder comes back whole. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "layer/dir/dir_writer.h"
#include "layer/transport/transport.h"
#include "system/system.h"
#include "unit/dir/fixture.h"

typedef wcl_status (*open_writer)(const char *, bool, wcl_layer_writer **, wcl_error *);
typedef wcl_status (*open_reader)(const char *, wcl_layer_reader **, wcl_error *);

static void write_folder(const fixture_layer *layer, const char *folder, bool avoid_xattrs,
                         open_writer open)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_layer_writer *writer;

    fixture_assert_ok(open(folder, avoid_xattrs, &writer, &error), &error);
    fixture_write(layer, writer, 7919, NULL);
    fixture_assert_ok(wcl_layer_writer_close(writer, &error), &error);
}

static void read_folder(const char *folder, fixture_layer *layer, open_reader open)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_layer_reader *reader;

    fixture_assert_ok(open(folder, &reader, &error), &error);
    fixture_read(reader, layer);
}

/* Both forms, with extended attributes and without. */
static void assert_comes_back(const fixture_layer *layer, const char *base)
{
    const open_writer writers[] = { wcl_dir_writer_open_with, wcl_transport_writer_open_with };
    const open_reader readers[] = { wcl_dir_reader_open, wcl_transport_reader_open };

    for (int form = 0; form < 2; form++)
        for (int avoid = 0; avoid < 2; avoid++) {
            fixture_layer back = { 0 };
            char *folder = fixture_make_folder(base);
            WCL_CLEANUP_FREE char *out = fixture_path(folder, "out");
            write_folder(layer, out, avoid, writers[form]);
            read_folder(out, &back, readers[form]);
            fixture_assert_same(layer, &back);
            fixture_free(&back);
            assert_int_equal(fixture_count_names(folder), 1);
            fixture_remove_folder(folder);
        }
}

static void vectors_come_back(void **state)
{
    fixture_layer layer = { 0 };

    (void)state;
    fixture_load_vectors(&layer);
    assert_comes_back(&layer, "/tmp");
    assert_comes_back(&layer, "/dev/shm");
    fixture_free(&layer);
}

static fixture_layer start_layer(void)
{
    fixture_layer layer = { 0 };

    fixture_add(&layer, WCL_ENTRY_DIRECTORY, "Files", NULL);
    fixture_add(&layer, WCL_ENTRY_DIRECTORY, "Files/dir", NULL);
    fixture_add(&layer, WCL_ENTRY_DIRECTORY, "Hives", NULL);
    return layer;
}

/* Every odd stream that a valid backup stream may have, in one. */
static void add_odd_streams(fixture_entry *entry)
{
    static uint8_t block[100000];

    for (size_t i = 0; i < sizeof(block); i++)
        block[i] = (uint8_t)(i * 7 + i / 251);
    fixture_stream(entry, WCL_BACKUP_ALTERNATE_DATA, 0, ":early:$DATA", 0, "alternate", 9);
    fixture_stream(entry, WCL_BACKUP_DATA, WCL_STREAM_SPARSE, "", 0, block, 10);
    fixture_stream(entry, WCL_BACKUP_SPARSE_BLOCK, 8, "", 200000, block, 5000);
    fixture_stream(entry, WCL_BACKUP_SPARSE_BLOCK, 8, "", 100, block + 50, 60); /* backwards */
    fixture_stream(entry, WCL_BACKUP_SPARSE_BLOCK, 8, "", 204000, block, 3000); /* overlapping */
    fixture_stream(entry, WCL_BACKUP_SPARSE_BLOCK, 8, "", 300000, block, 0);
    fixture_stream(entry, WCL_BACKUP_SECURITY_DATA, 2, "", 0, block, 60);
    fixture_stream(entry, WCL_BACKUP_SECURITY_DATA, 0, "", 0, block + 1, 61);
    fixture_stream(entry, WCL_BACKUP_EA_DATA, 0, "", 0, block, 65000);
    fixture_stream(entry, WCL_BACKUP_REPARSE_DATA, 0, "", 0, block, 90000);
    fixture_stream(entry, WCL_BACKUP_OBJECT_ID, 0, "", 0, block, 64);
    fixture_stream(entry, WCL_BACKUP_DATA, 0, "", 0, block, 99999); /* a second one */
    fixture_stream(entry, WCL_BACKUP_DATA, 0, "named", 0, block, 3);
    fixture_stream(entry, WCL_BACKUP_ALTERNATE_DATA, 8, ":sparse:$DATA", 0, "", 0);
    fixture_stream(entry, WCL_BACKUP_SPARSE_BLOCK, 8, "", 4096, block, 4096);
    fixture_stream(entry, 4711, 99, ":\xED\xA0\x80:$DATA", 0, block, 1025);
    fixture_stream(entry, WCL_BACKUP_EA_DATA, 0, "", 0, "", 0);
}

static void odd_streams_come_back(void **state)
{
    fixture_layer layer = start_layer();

    (void)state;
    add_odd_streams(fixture_add(&layer, WCL_ENTRY_FILE, "Files/dir/odd", NULL));
    add_odd_streams(fixture_add(&layer, WCL_ENTRY_FILE, "Hives/odd", NULL));
    add_odd_streams(fixture_add(&layer, WCL_ENTRY_DIRECTORY, "Files/dir/folder", NULL));
    fixture_add(&layer, WCL_ENTRY_FILE, "Files/dir/nothing", NULL);
    assert_comes_back(&layer, "/tmp");
    fixture_free(&layer);
}

static void very_many_streams_come_back(void **state)
{
    fixture_layer layer = start_layer();
    fixture_entry *file = fixture_add(&layer, WCL_ENTRY_FILE, "Hives/many", NULL);

    (void)state;
    fixture_stream(file, WCL_BACKUP_DATA, 8, "", 0, "", 0);
    for (uint64_t i = 0; i < 5000; i++)
        fixture_stream(file, WCL_BACKUP_SPARSE_BLOCK, 8, "", i * 65536, "data", 4);
    assert_comes_back(&layer, "/dev/shm");
    fixture_free(&layer);
}

static void names_that_linux_cannot_hold_come_back(void **state)
{
    static const char *const odd[] = { "x.$wcidirs$",
                                       ".wcl-metadata",
                                       "tombstones.txt",
                                       "a.$wclname$0123456789abcdef0123456789abcdef",
                                       " ",
                                       "\xED\xA0\x80lone" };
    fixture_layer layer = start_layer();
    char path[1024], name[800], *probed = fixture_make_folder("/tmp");

    (void)state;
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        if (!system_has_name(probed, odd[i]))
            continue;
        snprintf(path, sizeof(path), "Files/dir/%s", odd[i]);
        fixture_add(&layer, WCL_ENTRY_FILE, path, NULL);
        fixture_add(&layer, i % 2 ? WCL_ENTRY_FILE : WCL_ENTRY_DIRECTORY, odd[i], NULL);
    }
    for (int kind = WCL_ENTRY_FILE; kind <= WCL_ENTRY_DIRECTORY; kind++) {
        size_t size = 0;
        for (int i = 0; i < 255; i++)
            size += (size_t)snprintf(name + size, sizeof(name) - size, "%s",
                                     i % 3                    ? "語"
                                     : kind == WCL_ENTRY_FILE ? "f"
                                                              : "d");
        snprintf(path, sizeof(path), "Files/%s", name);
        fixture_add(&layer, (wcl_entry_kind)kind, path, NULL);
    }
    fixture_remove_folder(probed);
    strcat(path, "/inside");
    fixture_add(&layer, WCL_ENTRY_FILE, path, NULL);
    assert_comes_back(&layer, "/tmp");
    fixture_free(&layer);
}

static void links_and_deleted_entries_come_back(void **state)
{
    fixture_layer layer = start_layer();

    (void)state;
    fixture_stream(fixture_add(&layer, WCL_ENTRY_FILE, "Files/dir/m", NULL), WCL_BACKUP_DATA, 0, "",
                   0, "content", 7);
    fixture_stream(fixture_add(&layer, WCL_ENTRY_FILE, "Hives/h", NULL), WCL_BACKUP_DATA, 0, "", 0,
                   "hive", 4);
    fixture_add(&layer, WCL_ENTRY_HARD_LINK, "Files/a", "Files/dir/m");
    fixture_add(&layer, WCL_ENTRY_HARD_LINK, "Files/z", "Files/a");
    fixture_add(&layer, WCL_ENTRY_HARD_LINK, "Hives/link", "Hives/h");
    fixture_add(&layer, WCL_ENTRY_HARD_LINK, "Files/of-parent", "Files/in/parent.txt");
    fixture_add(&layer, WCL_ENTRY_DELETED, "Files/dir/gone", NULL);
    fixture_add(&layer, WCL_ENTRY_DELETED, "Files/not/there/gone", NULL);
    fixture_add(&layer, WCL_ENTRY_DELETED, "Hives/gone", NULL);
    fixture_add(&layer, WCL_ENTRY_DELETED, "gone", NULL);
    assert_comes_back(&layer, "/tmp");
    fixture_free(&layer);
}

static void times_beyond_what_linux_has_come_back(void **state)
{
    static const wcl_filetime times[] = { 0, 1, -1, INT64_MAX, INT64_MIN, 116444736000000000 };
    fixture_layer layer = start_layer();
    char path[64];

    (void)state;
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        snprintf(path, sizeof(path), i % 2 ? "Files/%zu" : "Hives/%zu", i);
        wcl_basic_info *info = &fixture_add(&layer, WCL_ENTRY_FILE, path, NULL)->entry.info;
        info->creation_time = info->last_write_time = times[i];
        info->last_access_time = info->change_time = times[i];
    }
    layer.entries[1].entry.info.last_write_time = INT64_MIN;
    assert_comes_back(&layer, "/tmp");
    fixture_free(&layer);
}

static void sparse_file_is_sparse_on_disk(void **state)
{
    system_needs_block_counts();
    fixture_layer layer = start_layer();
    fixture_entry *file = fixture_add(&layer, WCL_ENTRY_FILE, "Files/sparse", NULL);
    char *folder = fixture_make_folder("/tmp");
    WCL_CLEANUP_FREE char *out = fixture_path(folder, "out");
    struct stat status;

    (void)state;
    fixture_stream(file, WCL_BACKUP_DATA, 8, "", 0, "", 0);
    fixture_stream(file, WCL_BACKUP_SPARSE_BLOCK, 8, "", UINT64_C(1) << 36, "data", 4);
    fixture_stream(file, WCL_BACKUP_SPARSE_BLOCK, 8, "", UINT64_C(1) << 37, "", 0);
    write_folder(&layer, out, false, wcl_dir_writer_open_with);
    WCL_CLEANUP_FREE char *path = fixture_path(out, "Files/sparse");
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_size, UINT64_C(1) << 37);
    assert_true(status.st_blocks < 100);
    fixture_free(&layer);
    fixture_remove_folder(folder);
}

static void folder_200_deep_comes_back(void **state)
{
    fixture_layer layer = start_layer();
    char path[32000] = "Files";

    (void)state;
    int depth = system_depth(200, 100);
    for (int i = 0; i < depth; i++) {
        sprintf(path + strlen(path), "/%0*d", 100, i); /* longer in all than a path may be */
        fixture_add(&layer, WCL_ENTRY_DIRECTORY, path, NULL);
    }
    strcat(path, "/file");
    fixture_stream(fixture_add(&layer, WCL_ENTRY_FILE, path, NULL), WCL_BACKUP_DATA, 0, "", 0, "x",
                   1);
    assert_comes_back(&layer, "/dev/shm");
    fixture_free(&layer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_come_back),
        cmocka_unit_test(odd_streams_come_back),
        cmocka_unit_test(very_many_streams_come_back),
        cmocka_unit_test(names_that_linux_cannot_hold_come_back),
        cmocka_unit_test(links_and_deleted_entries_come_back),
        cmocka_unit_test(times_beyond_what_linux_has_come_back),
        cmocka_unit_test(sparse_file_is_sparse_on_disk),
        cmocka_unit_test(folder_200_deep_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
