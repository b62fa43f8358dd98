/* Transport folders against those that hcsshim's own writer and reader made. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/json.h"
#include "conformance/transport/folders.h"
#include "unit/dir/fixture.h"

#define VECTORS "tests/data/vectors/"

static char *unpack_transport(const char *folder)
{
    char *path = fixture_path(folder, "unpacked");

    folders_unpack(VECTORS "transport.tar", path);
    return path;
}

static void writer_makes_the_folder_that_hcsshim_makes(void **state)
{
    fixture_layer layer = { 0 };
    wcl_error error = WCL_ERROR_INIT;
    wcl_layer_writer *writer;
    char *folder = fixture_make_folder("/tmp");
    WCL_CLEANUP_FREE char *theirs = unpack_transport(folder), *ours = fixture_path(folder, "ours");

    (void)state;
    fixture_load_vectors(&layer);
    fixture_assert_ok(wcl_transport_writer_open(ours, &writer, &error), &error);
    fixture_write(&layer, writer, 1000, NULL);
    fixture_assert_ok(wcl_layer_writer_close(writer, &error), &error);
    /* As many as transport.tar has entries, less the folder itself. Where there is no room for what
     * wcl keeps, it has a name that hcsshim passes over. */
    assert_int_equal(folders_compare(theirs, ours, ".wcl-metadata.$wcidirs$"), 60);
    fixture_free(&layer);
    fixture_remove_folder(folder);
}

static void hex_digest(const wcl_buffer *data, char text[65])
{
    uint8_t digest[WCL_SHA256_SIZE];
    wcl_sha256 *sha256;

    fixture_assert_ok(wcl_sha256_new(&sha256, NULL), NULL);
    fixture_assert_ok(wcl_sha256_update(sha256, data->data, data->size, NULL), NULL);
    fixture_assert_ok(wcl_sha256_finish(sha256, digest, NULL), NULL);
    wcl_sha256_free(sha256);
    for (size_t i = 0; i < sizeof(digest); i++)
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
}

/* The size that hcsshim should have told: it says 0 for a sparse file. */
static uint64_t true_size(const char *path, uint64_t told)
{
    if (strcmp(path, "Files/Windows/sparse.db") == 0)
        return 1052672;
    return strcmp(path, "Files/Windows/sparse-empty.db") == 0 ? 131072 : told;
}

static void assert_as_hcsshim_reads(const cJSON *json, const fixture_entry *got)
{
    uint64_t size = 0, attributes = 0, stream_size = 0;
    const char *name = "", *digest = NULL;
    char path[1024], hex[65];

    wcl_json_get_text(json, "name", &name, NULL);
    wcl_json_get_text(json, "stream_sha256", &digest, NULL);
    wcl_json_get_u64(json, "size", &size, NULL);
    wcl_json_get_u64(json, "file_attributes", &attributes, NULL);
    wcl_json_get_u64(json, "stream_bytes", &stream_size, NULL);
    snprintf(path, sizeof(path), "%s", name);
    for (char *at = path; *at; at++)
        if (*at == '\\')
            *at = '/';
    assert_string_equal(got->entry.path, path);
    assert_int_equal(got->entry.size, true_size(path, size));
    assert_int_equal(got->entry.info.attributes, attributes);
    if (!digest)
        return;
    hex_digest(&got->stream, hex);
    assert_string_equal(hex, digest);
    assert_int_equal(got->stream.size, stream_size);
}

static void reader_gives_what_hcsshims_reader_gives(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer text = fixture_read_file(VECTORS, "transport-read.json");
    WCL_CLEANUP_JSON cJSON *json = NULL;
    fixture_layer layer = { 0 };
    wcl_error error = WCL_ERROR_INIT;
    wcl_layer_reader *reader;
    char *folder = fixture_make_folder("/tmp");
    WCL_CLEANUP_FREE char *theirs = unpack_transport(folder);
    size_t at = 0, tombstones = 0;
    const cJSON *item;

    (void)state;
    fixture_assert_ok(wcl_json_parse(wcl_buffer_text(&text), text.size, 1 << 20, &json, &error),
                      &error);
    fixture_assert_ok(wcl_transport_reader_open(theirs, &reader, &error), &error);
    fixture_read(reader, &layer);
    cJSON_ArrayForEach(item, json)
    {
        assert_true(at < layer.count);
        assert_as_hcsshim_reads(item, &layer.entries[at++]);
    }
    /* hcsshim loses the tombstone of a folder that is not in the layer. */
    for (; at < layer.count; at++, tombstones++) {
        assert_int_equal(layer.entries[at].entry.kind, WCL_ENTRY_DELETED);
        assert_string_equal(layer.entries[at].entry.path, "Files/Windows/Temp/gone.txt");
    }
    assert_int_equal(tombstones, 1);
    fixture_free(&layer);
    fixture_remove_folder(folder);
}

static void folder_of_ours_comes_back_whole(void **state)
{
    fixture_layer layer = { 0 }, back = { 0 };
    wcl_error error = WCL_ERROR_INIT;
    wcl_layer_writer *writer;
    wcl_layer_reader *reader;
    char *folder = fixture_make_folder("/tmp");
    WCL_CLEANUP_FREE char *ours = fixture_path(folder, "ours");

    (void)state;
    fixture_load_vectors(&layer);
    fixture_assert_ok(wcl_transport_writer_open(ours, &writer, &error), &error);
    fixture_write(&layer, writer, 70000, NULL);
    fixture_assert_ok(wcl_layer_writer_close(writer, &error), &error);
    fixture_assert_ok(wcl_transport_reader_open(ours, &reader, &error), &error);
    fixture_read(reader, &back);
    fixture_assert_same(&layer, &back);
    fixture_free(&layer);
    fixture_free(&back);
    fixture_remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writer_makes_the_folder_that_hcsshim_makes),
        cmocka_unit_test(reader_gives_what_hcsshims_reader_gives),
        cmocka_unit_test(folder_of_ours_comes_back_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
