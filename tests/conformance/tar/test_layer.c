/* The whole layer of the vectors: written as hcsshim's exporter writes it, and read and written
 * again without a change. */
#include "tests/conformance/tar/tar_vectors.h"
#include "tests/tools/outcome.h"

#include <stdlib.h>
#include <string.h>

static void add_entry(wcl_layer_writer *writer, const cJSON *json, int number)
{
    wcl_error error = WCL_ERROR_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer backup = WCL_BUFFER_INIT;
    wcl_entry entry = WCL_ENTRY_INIT;
    char *path;
    char *target;

    describe_entry(json, &entry, &path, &target);
    assert_ok(wcl_layer_writer_add(writer, &entry, &error), &error);
    if (entry.kind == WCL_ENTRY_FILE || entry.kind == WCL_ENTRY_DIRECTORY) {
        read_vector("backup", number, &backup);
        assert_ok(wcl_layer_writer_write(writer, backup.data, backup.size, &error), &error);
    }
    free(path);
    free(target);
}

static void all_entries_make_hcsshims_layer(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer made = WCL_BUFFER_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer wanted = WCL_BUFFER_INIT;
    wcl_tar_writer_options options = { .struct_size = sizeof(options), .plain_backuptar = true };
    cJSON *entries = read_entries();
    wcl_layer_writer *writer;
    const cJSON *json;
    int number = 0;

    (void)state;
    read_vector("layer.tar", -1, &wanted);
    assert_ok(wcl_tar_writer_open(write_memory, &made, &options, &writer, &error), &error);
    cJSON_ArrayForEach(json, entries) add_entry(writer, json, number++);
    assert_ok(wcl_layer_writer_close(writer, &error), &error);
    cJSON_Delete(entries);
    assert_same_bytes(&made, &wanted, "layer.tar");
}

static void copy_layer(const wcl_buffer *from, size_t step, wcl_buffer *to)
{
    wcl_error error = WCL_ERROR_INIT;
    memory_source source = { .data = from->data, .size = from->size, .step = step };
    wcl_layer_reader *reader;
    wcl_layer_writer *writer;

    assert_ok(wcl_tar_reader_open(read_memory, &source, NULL, &reader, &error), &error);
    assert_ok(wcl_tar_writer_open(write_memory, to, NULL, &writer, &error), &error);
    assert_ok(wcl_layer_copy(reader, writer, NULL, &error), &error);
    assert_ok(wcl_layer_writer_close(writer, &error), &error);
    assert_ok(wcl_layer_reader_close(reader, &error), &error);
}

static void a_layer_that_is_copied_stays_the_same(void **state)
{
    static const size_t steps[] = { 0, 100, 512, 4099 };
    WCL_CLEANUP_BUFFER wcl_buffer layer = WCL_BUFFER_INIT;

    (void)state;
    read_vector("layer.tar", -1, &layer);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        WCL_CLEANUP_BUFFER wcl_buffer copy = WCL_BUFFER_INIT;
        copy_layer(&layer, steps[i], &copy);
        assert_same_bytes(&copy, &layer, "layer.tar");
    }
}

/* Every entry of the layer in turn, with what a caller would see of it. */
static void a_layers_entries_are_those_it_was_made_of(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer layer = WCL_BUFFER_INIT;
    cJSON *entries = read_entries();
    wcl_layer_reader *reader;
    wcl_entry got = WCL_ENTRY_INIT;
    const cJSON *json;
    int implied = 0;

    (void)state;
    read_vector("layer.tar", -1, &layer);
    memory_source source = { .data = layer.data, .size = layer.size };
    assert_ok(wcl_tar_reader_open(read_memory, &source, NULL, &reader, &error), &error);
    cJSON_ArrayForEach(json, entries)
    {
        wcl_entry wanted;
        char *path;
        char *target;
        describe_entry(json, &wanted, &path, &target);
        assert_ok(wcl_layer_reader_next(reader, &got, &error), &error);
        while (got.flags & WCL_ENTRY_IMPLICIT) {
            assert_string_equal(got.path, "Files/Windows/Temp");
            implied++;
            assert_ok(wcl_layer_reader_next(reader, &got, &error), &error);
        }
        assert_string_equal(got.path, path);
        if (target)
            assert_string_equal(got.target, target);
        if (wanted.kind == WCL_ENTRY_HARD_LINK || wanted.kind == WCL_ENTRY_DELETED)
            assert_int_equal(got.kind, wanted.kind);
        if (wanted.kind != WCL_ENTRY_DELETED)
            assert_memory_equal(&got.info, &wanted.info, offsetof(wcl_basic_info, attributes) + 4);
        free(path);
        free(target);
    }
    assert_int_equal(wcl_layer_reader_next(reader, &got, NULL), WCL_END);
    assert_int_equal(implied, 1);
    assert_ok(wcl_layer_reader_close(reader, &error), &error);
    cJSON_Delete(entries);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_entries_make_hcsshims_layer),
        cmocka_unit_test(a_layer_that_is_copied_stays_the_same),
        cmocka_unit_test(a_layers_entries_are_those_it_was_made_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
