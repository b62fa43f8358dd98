/* The store's readers and writers, fed with the streams that other implementations made: each comes
 * back bit for bit. */
#include "tests/conformance/tar/tar_vectors.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wcl/backupstream.h>

#include "tests/tools/store_home.h"
#include "tests/tools/outcome.h"

static void add_vector(wcl_layer_writer *writer, const cJSON *json, int number)
{
    wcl_error error = WCL_ERROR_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer backup = WCL_BUFFER_INIT;
    wcl_entry entry = WCL_ENTRY_INIT;
    char *path, *target;

    describe_entry(json, &entry, &path, &target);
    assert_ok(wcl_layer_writer_add(writer, &entry, &error), &error);
    if (entry.kind == WCL_ENTRY_FILE || entry.kind == WCL_ENTRY_DIRECTORY) {
        read_vector("backup", number, &backup);
        /* In two pieces, because callers may cut a stream anywhere. */
        size_t half = backup.size / 2;
        assert_ok(wcl_layer_writer_write(writer, backup.data, half, &error), &error);
        assert_ok(wcl_layer_writer_write(writer, backup.data + half, backup.size - half, &error),
                  &error);
    }
    free(path);
    free(target);
}

static void write_vectors(const home *home, const char *id)
{
    wcl_error error = WCL_ERROR_INIT;
    cJSON *entries = read_entries();
    wcl_layer_writer *writer;
    const cJSON *json;
    int number = 0;

    assert_ok(wcl_layer_writer_open(&home->driver, id, no_parents, &writer, &error), &error);
    cJSON_ArrayForEach(json, entries) add_vector(writer, json, number++);
    assert_ok(wcl_layer_writer_close(writer, &error), &error);
    cJSON_Delete(entries);
}

/* The next entry that the layer lists. */
static wcl_status next_listed(wcl_layer_reader *reader, wcl_entry *entry)
{
    wcl_status status;

    do
        status = wcl_layer_reader_next(reader, entry, NULL);
    while (status == WCL_OK && (entry->flags & WCL_ENTRY_IMPLICIT));
    return status;
}

static void every_vector_comes_back_from_the_store(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    const home *home = *state;
    cJSON *entries = read_entries();
    wcl_layer_reader *reader;
    wcl_entry entry = WCL_ENTRY_INIT, wanted;
    const cJSON *json;
    int number = 0, streams = 0;

    write_vectors(home, "layer");
    assert_ok(wcl_layer_reader_open(&home->driver, "layer", no_parents, &reader, &error), &error);
    cJSON_ArrayForEach(json, entries)
    {
        WCL_CLEANUP_BUFFER wcl_buffer backup = WCL_BUFFER_INIT;
        WCL_CLEANUP_BUFFER wcl_buffer got = WCL_BUFFER_INIT;
        char *path, *target;
        assert_int_equal(next_listed(reader, &entry), WCL_OK);
        describe_entry(json, &wanted, &path, &target);
        assert_string_equal(entry.path, path);
        assert_int_equal(entry.kind == WCL_ENTRY_DIRECTORY ? WCL_ENTRY_FILE : entry.kind,
                         wanted.kind == WCL_ENTRY_DIRECTORY ? WCL_ENTRY_FILE : wanted.kind);
        if (wanted.kind == WCL_ENTRY_FILE || wanted.kind == WCL_ENTRY_DIRECTORY) {
            read_vector("backup", number, &backup);
            read_stream(reader, &got);
            assert_same_bytes(&got, &backup, path);
            assert_memory_equal(&entry.info, &wanted.info,
                                offsetof(wcl_basic_info, attributes) + 4);
            assert_true(entry.size == wanted.size);
            streams++;
        }
        number++;
        free(path);
        free(target);
    }
    assert_int_equal(next_listed(reader, &entry), WCL_END);
    assert_ok(wcl_layer_reader_close(reader, &error), &error);
    assert_true(streams > 40);
    cJSON_Delete(entries);
}

static void append_stream(wcl_buffer *out, uint32_t id, uint32_t attributes, const char *name,
                          uint64_t offset, const char *data)
{
    wcl_error error = WCL_ERROR_INIT;
    const wcl_backup_header header = {
        .id = id, .attributes = attributes, .name = name, .offset = offset, .size = strlen(data)
    };
    uint8_t bytes[WCL_BACKUP_ENCODED_MAX];
    size_t size;

    assert_ok(wcl_backup_header_encode(&header, bytes, &size, &error), &error);
    assert_ok(wcl_buffer_append(out, bytes, size, &error), &error);
    assert_ok(wcl_buffer_append_text(out, data, &error), &error);
}

/* Streams in an order that BackupRead would not give them in. */
static void odd_stream(wcl_buffer *out)
{
    append_stream(out, WCL_BACKUP_ALTERNATE_DATA, 0, ":before:$DATA", 0,
                  "an alternate stream first");
    append_stream(out, WCL_BACKUP_DATA, WCL_STREAM_SPARSE, "", 0, "");
    append_stream(out, WCL_BACKUP_SPARSE_BLOCK, WCL_STREAM_SPARSE, "", 65536, "island");
    append_stream(out, WCL_BACKUP_SPARSE_BLOCK, WCL_STREAM_SPARSE, "", 1048576, "");
    append_stream(out, WCL_BACKUP_OBJECT_ID, 0, "", 0, "0123456789abcdef");
    append_stream(out, WCL_BACKUP_EA_DATA, 0, "", 0, "\x10");
    append_stream(out, WCL_BACKUP_PROPERTY_DATA, WCL_STREAM_CONTAINS_PROPERTIES, "", 0, "property");
    append_stream(out, WCL_BACKUP_ALTERNATE_DATA, WCL_STREAM_SPARSE, ":sparse:$DATA", 0, "");
    append_stream(out, WCL_BACKUP_SPARSE_BLOCK, WCL_STREAM_SPARSE, "", 4096, "x");
}

static void streams_in_odd_orders_come_back_from_the_store(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    const home *home = *state;
    WCL_CLEANUP_BUFFER wcl_buffer odd = WCL_BUFFER_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer got = WCL_BUFFER_INIT;
    wcl_entry entry = WCL_ENTRY_INIT;
    wcl_layer_writer *writer;
    wcl_layer_reader *reader;

    odd_stream(&odd);
    assert_ok(wcl_layer_writer_open(&home->driver, "odd", no_parents, &writer, &error), &error);
    entry.kind = WCL_ENTRY_DIRECTORY;
    entry.path = "Files";
    entry.info.attributes = WCL_ATTRIBUTE_DIRECTORY;
    assert_ok(wcl_layer_writer_add(writer, &entry, &error), &error);
    entry.kind = WCL_ENTRY_FILE;
    entry.path = "Files/odd";
    entry.size = 1048576;
    entry.info.attributes = WCL_ATTRIBUTE_SPARSE_FILE;
    assert_ok(wcl_layer_writer_add(writer, &entry, &error), &error);
    for (size_t i = 0; i < odd.size; i++)
        assert_ok(wcl_layer_writer_write(writer, odd.data + i, 1, &error), &error);
    assert_ok(wcl_layer_writer_close(writer, &error), &error);
    assert_ok(wcl_layer_reader_open(&home->driver, "odd", no_parents, &reader, &error), &error);
    assert_int_equal(next_listed(reader, &entry), WCL_OK);
    assert_int_equal(next_listed(reader, &entry), WCL_OK);
    assert_string_equal(entry.path, "Files/odd");
    read_stream(reader, &got);
    assert_same_bytes(&got, &odd, "Files/odd");
    assert_int_equal(next_listed(reader, &entry), WCL_END);
    assert_ok(wcl_layer_reader_close(reader, &error), &error);
}

/* All that a layer's reader gives, in one piece: paths, kinds, information, streams. */
static void read_whole_layer(const home *home, const char *id, wcl_buffer *out)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_layer_reader *reader;
    wcl_entry entry = WCL_ENTRY_INIT;
    wcl_status status;

    assert_ok(wcl_layer_reader_open(&home->driver, id, no_parents, &reader, &error), &error);
    while ((status = wcl_layer_reader_next(reader, &entry, NULL)) == WCL_OK) {
        assert_ok(wcl_buffer_printf(out, &error, "%d %u %s %s %llu\n", (int)entry.kind, entry.flags,
                                    entry.path, entry.target ? entry.target : "",
                                    (unsigned long long)entry.size),
                  &error);
        assert_ok(
            wcl_buffer_append(out, &entry.info, offsetof(wcl_basic_info, attributes) + 4, &error),
            &error);
        read_stream(reader, out);
    }
    assert_int_equal(status, WCL_END);
    assert_ok(wcl_layer_reader_close(reader, &error), &error);
}

static void a_writer_fed_by_a_reader_makes_the_same_layer(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    const home *home = *state;
    WCL_CLEANUP_BUFFER wcl_buffer first = WCL_BUFFER_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer second = WCL_BUFFER_INIT;
    wcl_layer_reader *reader;
    wcl_layer_writer *writer;

    write_vectors(home, "first");
    assert_ok(wcl_layer_reader_open(&home->driver, "first", no_parents, &reader, &error), &error);
    assert_ok(wcl_layer_writer_open(&home->driver, "second", no_parents, &writer, &error), &error);
    assert_ok(wcl_layer_copy(reader, writer, NULL, &error), &error);
    assert_ok(wcl_layer_reader_close(reader, &error), &error);
    assert_ok(wcl_layer_writer_close(writer, &error), &error);
    read_whole_layer(home, "first", &first);
    read_whole_layer(home, "second", &second);
    assert_true(first.size > 100000);
    assert_same_bytes(&second, &first, "the copied layer");
}

static void transport_folders_go_out_and_come_in(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    const home *home = *state;
    WCL_CLEANUP_BUFFER wcl_buffer first = WCL_BUFFER_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer second = WCL_BUFFER_INIT;
    char folder[128];

    write_vectors(home, "first");
    snprintf(folder, sizeof(folder), "%s/.transport", home->folder);
    assert_ok(wcl_layer_export(&home->driver, "first", folder, no_parents, &error), &error);
    assert_ok(wcl_layer_import(&home->driver, "second", folder, no_parents, &error), &error);
    /* The folder is there already, and is left as it is. */
    assert_int_equal(wcl_layer_export(&home->driver, "second", folder, no_parents, NULL),
                     WCL_FAILED);
    read_whole_layer(home, "second", &second);
    snprintf(folder, sizeof(folder), "%s/.transport2", home->folder);
    assert_ok(wcl_layer_export(&home->driver, "second", folder, no_parents, &error), &error);
    assert_ok(wcl_layer_import(&home->driver, "third", folder, no_parents, &error), &error);
    read_whole_layer(home, "third", &first);
    assert_same_bytes(&second, &first, "the layer that went through a folder twice");
}

static void an_unclosed_or_failed_writer_leaves_no_trace(void **state)
{
    const home *home = *state;
    wcl_entry entry = WCL_ENTRY_INIT;
    wcl_error error = WCL_ERROR_INIT;
    wcl_layer_writer *writer;
    bool exists = true;

    assert_int_equal(wcl_layer_writer_open(&home->driver, "gone", no_parents, &writer, &error),
                     WCL_OK);
    entry.kind = WCL_ENTRY_DIRECTORY;
    entry.path = "Files";
    assert_int_equal(wcl_layer_writer_add(writer, &entry, &error), WCL_OK);
    wcl_layer_writer_abort(writer);
    assert_int_equal(wcl_layer_exists(&home->driver, "gone", &exists, &error), WCL_OK);
    assert_false(exists);
    assert_int_equal(wcl_layer_writer_open(&home->driver, "gone", no_parents, &writer, &error),
                     WCL_OK);
    entry.path = "Files/../../evil";
    assert_int_equal(wcl_layer_writer_add(writer, &entry, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_INVALID_NAME);
    assert_int_equal(wcl_layer_writer_close(writer, &error), WCL_FAILED);
    assert_int_equal(wcl_layer_exists(&home->driver, "gone", &exists, &error), WCL_OK);
    assert_false(exists);
}

static void a_reader_that_did_not_reach_the_end_says_so_when_closed(void **state)
{
    const home *home = *state;
    wcl_error error = WCL_ERROR_INIT;
    wcl_layer_reader *reader;
    wcl_entry entry = WCL_ENTRY_INIT;

    write_vectors(home, "layer");
    assert_ok(wcl_layer_reader_open(&home->driver, "layer", no_parents, &reader, &error), &error);
    assert_int_equal(wcl_layer_reader_next(reader, &entry, &error), WCL_OK);
    assert_int_equal(wcl_layer_reader_close(reader, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_INVALID_STATE);
}

#define test(name) cmocka_unit_test_setup_teardown(name, make_home, remove_home)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(every_vector_comes_back_from_the_store),
        test(streams_in_odd_orders_come_back_from_the_store),
        test(a_writer_fed_by_a_reader_makes_the_same_layer),
        test(transport_folders_go_out_and_come_in),
        test(an_unclosed_or_failed_writer_leaves_no_trace),
        test(a_reader_that_did_not_reach_the_end_says_so_when_closed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
