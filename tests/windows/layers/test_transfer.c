/* A layer goes into vmcompute.dll entry by entry, and comes out again. */
#include <wcl/tar.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/windows/wide.h"
#include "tests/conformance/tar/tar_vectors.h"
#include "windows/recorded.h"
#include "windows/scratch.h"
#include "tests/tools/outcome.h"

#define LONELY_FOLDER "Files/Windows/Temp"

static const recorder_control *recorder;
static char *home;
static const char *const parent_paths[] = { "C:\\layers\\p1", "C:\\layers\\base" };
static const wcl_parents parents = { parent_paths, 2 };

static wcl_driver make_driver(void)
{
    wcl_driver driver = WCL_DRIVER_INIT;

    driver.home_dir = home;
    return driver;
}

static int set_up(void **state)
{
    (void)state;
    recorder->reset();
    home = make_home();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(recorder->open_handles(), 0);
    assert_int_equal(recorder->open_blocks(), 0);
    recorder->reset();
    free_home(home);
    return 0;
}

/* What vmcompute.dll would have made of the layer by now, as far as links need it. */
static void make_layer_folder(const char *function, void *context)
{
    (void)context;
    if (strcmp(function, "ImportLayerEnd") == 0 &&
        !is_there(home, "layer/Files/Windows/notepad.exe"))
        make_file(home, "layer/Files/Windows/notepad.exe", "MZ");
}

static wcl_status import_vectors(wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer tar = WCL_BUFFER_INIT;
    const wcl_driver driver = make_driver();

    read_vector("layer.tar", -1, &tar);
    memory_source source = { .data = tar.data, .size = tar.size };
    return wcl_layer_import_tar(&driver, "layer", parents, read_memory, &source, NULL, NULL, error);
}

/* The backup stream of an entry of layer.tar: the vector, or what backuptar makes of its tar. */
static void read_backup(int number, wcl_buffer *backup)
{
    char path[200];

    snprintf(path, sizeof(path), VECTORS "entry-%03d.from-tar.backup", number);
    if (!read_file(path, backup))
        read_vector("backup", number, backup);
}

static void assert_entry(const recorder_entry *got, const wcl_entry *wanted, int number)
{
    WCL_CLEANUP_FREE char *name = wcl_text_of_wide(got->name, NULL);
    WCL_CLEANUP_BUFFER wcl_buffer backup = WCL_BUFFER_INIT;

    assert_int_equal(name[0], '\\');
    assert_null(strchr(name, '/'));
    for (char *at = name; *at; at++)
        if (*at == '\\')
            *at = '/';
    assert_string_equal(name + 1, wanted->path);
    assert_int_equal(got->deleted, wanted->kind == WCL_ENTRY_DELETED);
    if (got->deleted)
        return;
    assert_int_equal(got->info.creation_time, wanted->info.creation_time);
    assert_int_equal(got->info.last_access_time, wanted->info.last_access_time);
    assert_int_equal(got->info.last_write_time, wanted->info.last_write_time);
    assert_int_equal(got->info.change_time, wanted->info.change_time);
    assert_int_equal(got->info.attributes, wanted->info.attributes);
    assert_int_equal(got->info.padding, 0);
    read_backup(number, &backup);
    assert_int_equal(got->stream_size, backup.size);
    if (backup.size)
        assert_memory_equal(got->stream, backup.data, backup.size);
}

/* Passes over the folder that the tar does not list. */
static size_t pass_implied(const recorder_layer *layer, size_t at)
{
    WCL_CLEANUP_FREE char *name = wcl_text_of_wide(layer->entries[at].name, NULL);

    return strcmp(name, "\\Files\\Windows\\Temp") == 0 ? at + 1 : at;
}

static void the_dll_gets_each_entry_of_a_tar(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    cJSON *entries = read_entries();
    const cJSON *json;
    size_t at = 0;
    int number = 0;

    (void)state;
    recorder->set_hook(make_layer_folder, NULL);
    assert_ok(import_vectors(&error), &error);
    const recorder_layer *layer = recorder->find_layer(L"layer");
    assert_non_null(layer);
    cJSON_ArrayForEach(json, entries)
    {
        wcl_entry wanted;
        char *path, *target;
        describe_entry(json, &wanted, &path, &target);
        if (wanted.kind != WCL_ENTRY_HARD_LINK) {
            assert_true(at < layer->count);
            at = pass_implied(layer, at);
            assert_entry(&layer->entries[at++], &wanted, number);
        }
        number++;
        free(path);
        free(target);
    }
    assert_int_equal(at, layer->count);
    cJSON_Delete(entries);
    /* The link was made once the layer was there, and the parents are kept with the layer. */
    assert_int_equal(links_of(home, "layer/Files/Windows/link-to-notepad.exe"), 2);
    assert_file(home, "layer/Files/Windows/link-to-notepad.exe", "MZ", 2);
    static const char chain[] = "[\"C:\\\\layers\\\\p1\",\"C:\\\\layers\\\\base\"]";
    assert_file(home, "layer/layerchain.json", chain, strlen(chain));
}

static void an_import_begins_with_the_layers_parents(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    static const char chain[] = "\"id\":\"layer\",\"chain\":["
                                "{\"flags\":0,\"guid\":\"70003100000000000000000000000000\","
                                "\"path\":\"C:\\\\layers\\\\p1\"},"
                                "{\"flags\":0,\"guid\":\"62006100730065000000000000000000\","
                                "\"path\":\"C:\\\\layers\\\\base\"}]}\n"
                                "{\"call\":\"ImportLayerNext\",\"name\":\"\\\\Files\",\"info\":\"";

    (void)state;
    recorder->set_hook(make_layer_folder, NULL);
    assert_ok(import_vectors(&error), &error);
    char *log = recorder->take_log();
    char *begin = strstr(log, "{\"call\":\"ImportLayerBegin\"");
    assert_non_null(begin);
    if (!strstr(begin, chain))
        fail_msg("the import begins with %.600s", begin);
    /* Beyond the BMP, and deleted: no information at all. */
    assert_non_null(strstr(log, "na\\u00efve \\ufb01le \\ud83e\\ude9f.txt\",\"info\":\""));
    assert_non_null(strstr(log, "\\\\gone.txt\",\"info\":null}"));
    recorder->release(log);
}

static void a_layer_comes_out_as_it_went_in(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    const wcl_driver driver = make_driver();
    cJSON *entries = read_entries();
    wcl_layer_reader *reader;
    wcl_entry got = WCL_ENTRY_INIT;
    const cJSON *json;
    int number = 0;

    (void)state;
    recorder->set_hook(make_layer_folder, NULL);
    assert_ok(import_vectors(&error), &error);
    assert_ok(wcl_layer_reader_open(&driver, "layer", parents, &reader, &error), &error);
    cJSON_ArrayForEach(json, entries)
    {
        WCL_CLEANUP_BUFFER wcl_buffer stream = WCL_BUFFER_INIT;
        WCL_CLEANUP_BUFFER wcl_buffer backup = WCL_BUFFER_INIT;
        wcl_entry wanted;
        char *path, *target;
        describe_entry(json, &wanted, &path, &target);
        if (wanted.kind != WCL_ENTRY_HARD_LINK) {
            assert_ok(wcl_layer_reader_next(reader, &got, &error), &error);
            if (strcmp(got.path, LONELY_FOLDER) == 0)
                assert_ok(wcl_layer_reader_next(reader, &got, &error), &error);
            assert_string_equal(got.path, path);
            if (wanted.kind != WCL_ENTRY_DELETED)
                wanted.kind = wanted.info.attributes & WCL_ATTRIBUTE_DIRECTORY ? WCL_ENTRY_DIRECTORY
                                                                               : WCL_ENTRY_FILE;
            assert_int_equal(got.kind, wanted.kind);
            assert_int_equal(got.size, wanted.size);
            assert_memory_equal(&got.info, &wanted.info, offsetof(wcl_basic_info, attributes) + 4);
            if (wanted.kind != WCL_ENTRY_DELETED)
                read_backup(number, &backup);
            read_stream(reader, &stream);
            assert_same_bytes(&stream, &backup, path);
        }
        number++;
        free(path);
        free(target);
    }
    assert_int_equal(wcl_layer_reader_next(reader, &got, NULL), WCL_END);
    assert_ok(wcl_layer_reader_close(reader, &error), &error);
    cJSON_Delete(entries);
}

static void an_exported_tar_has_the_same_entries(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    const wcl_driver driver = make_driver();
    WCL_CLEANUP_BUFFER wcl_buffer tar = WCL_BUFFER_INIT;
    const wcl_parents none = { NULL, 0 };
    size_t entries = 0;
    wcl_layer_reader *reader;
    wcl_entry entry = WCL_ENTRY_INIT;

    (void)state;
    recorder->set_hook(make_layer_folder, NULL);
    assert_ok(import_vectors(&error), &error);
    assert_ok(wcl_layer_export_tar(&driver, "layer", none, write_memory, &tar, NULL, &error),
              &error);
    memory_source source = { .data = tar.data, .size = tar.size };
    assert_ok(wcl_tar_reader_open(read_memory, &source, NULL, &reader, &error), &error);
    wcl_status status;
    while ((status = wcl_layer_reader_next(reader, &entry, NULL)) == WCL_OK)
        entries++;
    assert_int_equal(status, WCL_END);
    assert_int_equal(entries, recorder->find_layer(L"layer")->count);
    assert_ok(wcl_layer_reader_close(reader, &error), &error);
    /* The reader was given no parents; those that were kept with the layer reach the DLL. */
    char *log = recorder->take_log();
    char *begin = strstr(log, "{\"call\":\"ExportLayerBegin\"");
    assert_non_null(begin);
    assert_non_null(strstr(begin, "\"path\":\"C:\\\\layers\\\\base\"}]}"));
    recorder->release(log);
}

/* Where a call fails, and how often it is well before. */
typedef struct failure {
    const char *function;
    unsigned successes;
    bool removes; /* the layer, which was begun */
} failure;

static size_t count_of(const char *log, const char *function)
{
    char call[80];
    size_t count = 0;

    snprintf(call, sizeof(call), "{\"call\":\"%s\"", function);
    for (const char *at = log; (at = strstr(at, call)); at++)
        count++;
    return count;
}

static void a_failed_import_leaves_nothing(void **state)
{
    static const failure failures[] = {
        { "ImportLayerBegin", 0, false }, { "ImportLayerNext", 0, true },
        { "ImportLayerNext", 7, true },   { "ImportLayerWrite", 0, true },
        { "ImportLayerWrite", 3, true },  { "ImportLayerEnd", 0, true },
        { "LayerExists", 0, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
        wcl_error error = WCL_ERROR_INIT;
        recorder->reset();
        for (unsigned well = 0; well < failures[i].successes; well++)
            recorder->answer(failures[i].function, 0, NULL);
        recorder->answer(failures[i].function, (int32_t)0x80070070, NULL);
        assert_int_equal(import_vectors(&error), WCL_FAILED);
        assert_int_equal(error.code, WCL_CODE_DISK_FULL);
        assert_non_null(strstr(error.message, failures[i].function));
        assert_null(recorder->find_layer(L"layer"));
        assert_int_equal(recorder->open_handles(), 0);
        char *log = recorder->take_log();
        assert_int_equal(count_of(log, "DestroyLayer"), failures[i].removes);
        recorder->release(log);
    }
}

static void a_link_without_its_target_fails_the_import(void **state)
{
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    assert_int_equal(import_vectors(&error), WCL_FAILED);
    assert_non_null(strstr(error.message, "Files/Windows"));
    assert_null(recorder->find_layer(L"layer"));
}

static void a_layer_that_was_there_before_stays(void **state)
{
    const wcl_driver driver = make_driver();
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    make_folder(home, "layer");
    assert_ok(wcl_layer_create(&driver, "layer", "p1", &error), &error);
    recorder->answer("ImportLayerNext", (int32_t)0x80070005, NULL);
    assert_int_equal(import_vectors(&error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_ACCESS_DENIED);
    assert_non_null(recorder->find_layer(L"layer"));
}

static void what_windows_has_not_is_refused(void **state)
{
    static const struct {
        wcl_entry_kind kind;
        const char *path;
        uint32_t code;
    } refused[] = {
        { WCL_ENTRY_SYMLINK, "Files/a", WCL_CODE_NOT_SUPPORTED },
        { WCL_ENTRY_FIFO, "Files/a", WCL_CODE_NOT_SUPPORTED },
        { WCL_ENTRY_OPAQUE, "Files/a", WCL_CODE_NOT_SUPPORTED },
        { WCL_ENTRY_FILE, "Files/a:b", WCL_CODE_INVALID_NAME },
        { WCL_ENTRY_FILE, "../a", WCL_CODE_INVALID_NAME },
        { WCL_ENTRY_FILE, "etc", WCL_CODE_INVALID_NAME },
        { WCL_ENTRY_DIRECTORY, "Filesystem/a", WCL_CODE_INVALID_NAME },
    };
    const wcl_driver driver = make_driver();

    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        wcl_error error = WCL_ERROR_INIT;
        wcl_entry entry = WCL_ENTRY_INIT;
        wcl_layer_writer *writer;
        entry.kind = refused[i].kind;
        entry.path = refused[i].path;
        assert_ok(wcl_layer_writer_open(&driver, "layer", parents, &writer, &error), &error);
        assert_int_equal(wcl_layer_writer_add(writer, &entry, &error), WCL_FAILED);
        assert_int_equal(error.code, refused[i].code);
        wcl_layer_writer_abort(writer);
    }
}

static void a_failed_export_says_where(void **state)
{
    static const char *const functions[] = { "ExportLayerNext", "ExportLayerRead",
                                             "ExportLayerEnd" };

    (void)state;
    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
        WCL_CLEANUP_BUFFER wcl_buffer tar = WCL_BUFFER_INIT;
        wcl_error error = WCL_ERROR_INIT;
        recorder->reset();
        free_home(home);
        home = make_home();
        const wcl_driver driver = make_driver();
        recorder->set_hook(make_layer_folder, NULL);
        assert_ok(import_vectors(&error), &error);
        recorder->answer(functions[i], (int32_t)0xC0370105, NULL);
        assert_int_equal(
            wcl_layer_export_tar(&driver, "layer", parents, write_memory, &tar, NULL, &error),
            WCL_FAILED);
        assert_int_equal(error.code, WCL_CODE_HCS_INVALID_STATE);
        assert_non_null(strstr(error.message, functions[i]));
        assert_int_equal(recorder->open_handles(), 0);
        assert_int_equal(recorder->open_blocks(), 0);
    }
}

static wcl_status import_expecting(const char *digest, wcl_os os, wcl_import_result *result,
                                   wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer tar = WCL_BUFFER_INIT;
    const wcl_driver driver = make_driver();
    const wcl_import_options options = { .struct_size = sizeof(options),
                                         .os = os,
                                         .expect_digest = digest };

    read_vector("layer.tar", -1, &tar);
    /* Behind the archive's end, and part of the tar all the same. */
    assert_ok(wcl_buffer_append_zeros(&tar, 300000, error), error);
    memory_source source = { .data = tar.data, .size = tar.size };
    return wcl_layer_import_tar(&driver, "layer", parents, read_memory, &source, &options, result,
                                error);
}

static void digests_are_told_and_checked(void **state)
{
    static const char wrong[] =
        "sha256:0000000000000000000000000000000000000000000000000000000000000000";
    wcl_import_result result = WCL_IMPORT_RESULT_INIT;
    wcl_error error = WCL_ERROR_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer tar = WCL_BUFFER_INIT;

    (void)state;
    recorder->set_hook(make_layer_folder, NULL);
    assert_int_equal(import_expecting(wrong, WCL_OS_UNKNOWN, NULL, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_CHECKSUM);
    assert_null(recorder->find_layer(L"layer"));
    assert_int_equal(import_expecting("sha256:12", WCL_OS_UNKNOWN, NULL, &error), WCL_FAILED);
    assert_int_equal(import_expecting(NULL, WCL_OS_LINUX, NULL, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_NOT_SUPPORTED);
    assert_null(recorder->find_layer(L"layer"));

    assert_ok(import_expecting(NULL, WCL_OS_UNKNOWN, &result, &error), &error);
    read_vector("layer.tar", -1, &tar);
    assert_int_equal(result.size, tar.size + 300000);
    assert_int_equal(result.blob_size, result.size);
    assert_string_equal(result.diff_id, result.blob_digest);
    assert_string_equal(result.kind, "layer");
    assert_int_equal(result.os, WCL_OS_WINDOWS);
    /* The link is no entry of the DLL's. */
    assert_int_equal(result.entries, recorder->find_layer(L"layer")->count + 1);
    free_home(home);
    home = make_home();
    assert_ok(import_expecting(result.diff_id, WCL_OS_UNKNOWN, NULL, &error), &error);
}

static void a_layer_that_is_not_there_cannot_be_read(void **state)
{
    const wcl_driver driver = make_driver();
    wcl_layer_reader *reader;
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    assert_int_equal(wcl_layer_reader_open(&driver, "none", parents, &reader, &error), WCL_FAILED);
    assert_true(wcl_error_is_not_exist(&error));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_dll_gets_each_entry_of_a_tar, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_import_begins_with_the_layers_parents, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_layer_comes_out_as_it_went_in, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_exported_tar_has_the_same_entries, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_failed_import_leaves_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_link_without_its_target_fails_the_import, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_layer_that_was_there_before_stays, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_windows_has_not_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_failed_export_says_where, set_up, tear_down),
        cmocka_unit_test_setup_teardown(digests_are_told_and_checked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_layer_that_is_not_there_cannot_be_read, set_up,
                                        tear_down),
    };

    recorder = load_recorder();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
