/* Each entry of the vectors, alone: from its backup stream to the tar that go-winio makes of it,
 * and back. */
#include "tests/conformance/tar/tar_vectors.h"
#include "tests/tools/outcome.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Entries whose sparseness backuptar loses, so that ours has a record more. */
static bool is_sparse(int number)
{
    return number == 23 || number == 24;
}

static void write_entry(const wcl_entry *entry, const wcl_buffer *stream, size_t step,
                        bool plain_backuptar, wcl_buffer *tar)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_tar_writer_options options = { .struct_size = sizeof(options),
                                       .plain_backuptar = plain_backuptar };
    wcl_layer_writer *writer;

    assert_ok(wcl_tar_writer_open(write_memory, tar, &options, &writer, &error), &error);
    assert_ok(wcl_layer_writer_add(writer, entry, &error), &error);
    for (size_t at = 0; at < stream->size; at += step) {
        size_t size = stream->size - at < step ? stream->size - at : step;
        assert_ok(wcl_layer_writer_write(writer, stream->data + at, size, &error), &error);
    }
    assert_ok(wcl_layer_writer_close(writer, &error), &error);
}

/* Goes to the entry itself, past the folders that a tar of one entry does not list. */
static void next_listed(wcl_layer_reader *reader, wcl_entry *entry)
{
    wcl_error error = WCL_ERROR_INIT;

    do
        assert_ok(wcl_layer_reader_next(reader, entry, &error), &error);
    while (entry->flags & WCL_ENTRY_IMPLICIT);
}

static void read_entry(const wcl_buffer *tar, size_t step, const wcl_entry *wanted, bool in_order,
                       wcl_buffer *stream)
{
    wcl_error error = WCL_ERROR_INIT;
    memory_source source = { .data = tar->data, .size = tar->size, .step = step };
    wcl_layer_reader *reader;
    wcl_entry entry = WCL_ENTRY_INIT;

    assert_ok(wcl_tar_reader_open(read_memory, &source, NULL, &reader, &error), &error);
    next_listed(reader, &entry);
    assert_int_equal(wcl_tar_reader_os(reader), WCL_OS_WINDOWS);
    assert_string_equal(entry.path, wanted->path);
    assert_int_equal(entry.size, wanted->size);
    assert_int_equal(entry.kind, wanted->info.attributes & WCL_ATTRIBUTE_DIRECTORY
                                     ? WCL_ENTRY_DIRECTORY
                                     : WCL_ENTRY_FILE);
    assert_memory_equal(&entry.info, &wanted->info, offsetof(wcl_basic_info, attributes) + 4);
    assert_int_equal((entry.flags & WCL_ENTRY_IN_ORDER) != 0, in_order);
    read_stream(reader, stream);
    assert_int_equal(wcl_layer_reader_next(reader, &entry, NULL), WCL_END);
    assert_ok(wcl_layer_reader_close(reader, &error), &error);
}

typedef void (*entry_check)(int number, wcl_entry *entry, const wcl_buffer *backup,
                            const wcl_buffer *tar);

static void for_each_entry(entry_check check)
{
    cJSON *entries = read_entries();
    int number = 0;
    int checked = 0;
    const cJSON *json;

    cJSON_ArrayForEach(json, entries)
    {
        WCL_CLEANUP_BUFFER wcl_buffer backup = WCL_BUFFER_INIT;
        WCL_CLEANUP_BUFFER wcl_buffer tar = WCL_BUFFER_INIT;
        wcl_entry entry = WCL_ENTRY_INIT;
        char *path;
        char *target;
        describe_entry(json, &entry, &path, &target);
        if (entry.kind == WCL_ENTRY_FILE || entry.kind == WCL_ENTRY_DIRECTORY) {
            read_vector("backup", number, &backup);
            read_vector("tar", number, &tar);
            check(number, &entry, &backup, &tar);
            checked++;
        }
        free(path);
        free(target);
        number++;
    }
    cJSON_Delete(entries);
    assert_int_equal(checked, 48);
}

static void check_to_tar(int number, wcl_entry *entry, const wcl_buffer *backup,
                         const wcl_buffer *tar)
{
    static const size_t steps[] = { 1, 7, 4096, 1 << 20 };
    char what[40];

    snprintf(what, sizeof(what), "entry-%03d.tar", number);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        WCL_CLEANUP_BUFFER wcl_buffer made = WCL_BUFFER_INIT;
        entry->flags = 0;
        write_entry(entry, backup, steps[i], is_sparse(number), &made);
        assert_same_bytes(&made, tar, what);
        if (is_sparse(number))
            continue;
        wcl_buffer_clear(&made);
        entry->flags = WCL_ENTRY_IN_ORDER;
        write_entry(entry, backup, steps[i], false, &made);
        assert_same_bytes(&made, tar, what);
    }
}

static void backup_streams_become_backuptars_tars(void **state)
{
    (void)state;
    for_each_entry(check_to_tar);
}

static void check_from_tar(int number, wcl_entry *entry, const wcl_buffer *backup,
                           const wcl_buffer *tar)
{
    WCL_CLEANUP_BUFFER wcl_buffer made = WCL_BUFFER_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer other = WCL_BUFFER_INIT;
    char what[40];

    snprintf(what, sizeof(what), "entry-%03d.backup", number);
    if (is_sparse(number))
        read_vector("from-tar.backup", number, &other);
    read_entry(tar, 511, entry, true, &made);
    assert_same_bytes(&made, is_sparse(number) ? &other : backup, what);
}

static void backuptars_tars_become_backup_streams(void **state)
{
    (void)state;
    for_each_entry(check_from_tar);
}

static void check_both_ways(int number, wcl_entry *entry, const wcl_buffer *backup,
                            const wcl_buffer *tar)
{
    WCL_CLEANUP_BUFFER wcl_buffer ours = WCL_BUFFER_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer again = WCL_BUFFER_INIT;
    char what[40];

    (void)tar;
    snprintf(what, sizeof(what), "entry-%03d.backup", number);
    write_entry(entry, backup, 1000, false, &ours);
    read_entry(&ours, 0, entry, !is_sparse(number), &again);
    assert_same_bytes(&again, backup, what);
}

static void our_own_tars_bring_every_backup_stream_back(void **state)
{
    (void)state;
    for_each_entry(check_both_ways);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(backup_streams_become_backuptars_tars),
        cmocka_unit_test(backuptars_tars_become_backup_streams),
        cmocka_unit_test(our_own_tars_bring_every_backup_stream_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
