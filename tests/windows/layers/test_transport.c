/* A Windows without ImportLayerBegin and ExportLayerBegin gets layers as transport folders. */
#include <wcl/tar.h>

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>

#include "platform/windows/files.h"
#include "tests/conformance/tar/tar_vectors.h"
#include "windows/layers/fake_backup.h"
#include "windows/recorded.h"
#include "windows/scratch.h"
#include "tests/tools/outcome.h"

static const recorder_control *recorder;
static char *home;
static char *parent;       /* a layer's folder in it */
static char *given_folder; /* what the DLL was told to import from or export to */
static size_t compared;

static int set_up(void **state)
{
    (void)state;
    recorder->reset();
    backups_reset();
    home = make_home();
    make_folder(home, "p1");
    parent = malloc(strlen(home) + 4);
    sprintf(parent, "%s\\p1", home);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(backups_open(), 0);
    recorder->reset();
    wcl_free(given_folder);
    given_folder = NULL;
    free(parent);
    free_home(home);
    return 0;
}

static wcl_driver make_driver(void)
{
    wcl_driver driver = WCL_DRIVER_INIT;

    driver.home_dir = home;
    return driver;
}

static wcl_layer_writer *open_writer(void)
{
    wcl_error error = WCL_ERROR_INIT;
    const wcl_driver driver = make_driver();
    const char *const paths[] = { parent, "C:\\layers\\base" };
    wcl_layer_writer *writer = NULL;

    assert_ok(wcl_layer_writer_open(&driver, "layer", (wcl_parents) { paths, 2 }, &writer, &error),
              &error);
    return writer;
}

/* A field of the last call of that function in the log, which is taken. */
static cJSON *take_call(const char *function)
{
    char *log = recorder->take_log();
    cJSON *found = NULL;

    for (char *line = strtok(log, "\n"); line; line = strtok(NULL, "\n")) {
        cJSON *call = cJSON_Parse(line);
        if (strcmp(cJSON_GetObjectItem(call, "call")->valuestring, function) == 0) {
            cJSON_Delete(found);
            found = call;
        } else {
            cJSON_Delete(call);
        }
    }
    recorder->release(log);
    if (!found)
        fail_msg("%s was not called", function);
    return found;
}

static const char *text_of(const cJSON *call, const char *name)
{
    return cJSON_GetObjectItem(call, name)->valuestring;
}

/* Remembers the folder that the call under way is about. */
static void take_folder(const char *function)
{
    cJSON *call = take_call(function);

    wcl_free(given_folder);
    given_folder = strdup(text_of(call, "path"));
    cJSON_Delete(call);
}

/* ---- Writing ----------------------------------------------------------------------------------
 */

/* The entry of a tar as the folder must have it. */
static void compare_entry(struct archive *archive, struct archive_entry *entry)
{
    const char *path = archive_entry_pathname(entry);
    size_t size = (size_t)archive_entry_size(entry);
    void *data = malloc(size + 1);

    assert_non_null(path);
    if (strncmp(path, "./", 2) == 0)
        path += 2;
    assert_int_equal(archive_read_data(archive, data, size), size);
    if (archive_entry_filetype(entry) == AE_IFREG)
        assert_file(given_folder, path, data, size);
    else if (*path)
        assert_true(is_there(given_folder, path));
    compared++;
    free(data);
}

static struct archive *open_transport_tar(void)
{
    struct archive *archive = archive_read_new();

    archive_read_support_format_tar(archive);
    assert_int_equal(archive_read_open_filename(archive, VECTORS "transport.tar", 65536),
                     ARCHIVE_OK);
    return archive;
}

/* How many files and folders a folder has in it, at any depth. */
static size_t count_files(const char *folder)
{
    WCL_CLEANUP_FREE char *names = wcl_folder_names(folder, NULL);
    size_t count = 0;

    assert_non_null(names);
    for (const char *name = names; *name; name += strlen(name) + 1) {
        WCL_CLEANUP_FREE char *path = wcl_long_join(folder, name, NULL);
        uint32_t attributes = 0;
        assert_int_equal(wcl_file_attributes(path, &attributes, NULL), WCL_OK);
        count += 1 + (attributes & WCL_ATTRIBUTE_DIRECTORY ? count_files(path) : 0);
    }
    return count;
}

/* While the DLL imports: the folder is the one that hcsshim's writer makes. */
static void compare_folder(const char *function, void *context)
{
    struct archive_entry *entry;

    (void)context;
    if (strcmp(function, "ImportLayer") != 0)
        return;
    take_folder(function);
    compared = 0;
    struct archive *archive = open_transport_tar();
    while (archive_read_next_header(archive, &entry) == ARCHIVE_OK)
        compare_entry(archive, entry);
    archive_read_free(archive);
    WCL_CLEANUP_FREE char *root = wcl_long_path(given_folder, NULL);
    assert_int_equal(count_files(root) + 1, compared); /* the tar has the folder itself too */
    make_file(home, "layer/Files/Windows/notepad.exe", "MZ");
}

static void write_vectors(wcl_layer_writer *writer)
{
    wcl_error error = WCL_ERROR_INIT;
    cJSON *entries = read_entries();
    const cJSON *json;
    int number = 0;

    cJSON_ArrayForEach(json, entries)
    {
        WCL_CLEANUP_BUFFER wcl_buffer backup = WCL_BUFFER_INIT;
        wcl_entry entry = WCL_ENTRY_INIT;
        char *path, *target;
        describe_entry(json, &entry, &path, &target);
        assert_ok(wcl_layer_writer_add(writer, &entry, &error), &error);
        if (entry.kind == WCL_ENTRY_FILE || entry.kind == WCL_ENTRY_DIRECTORY)
            read_vector("backup", number, &backup);
        if (backup.size)
            assert_ok(wcl_layer_writer_write(writer, backup.data, backup.size, &error), &error);
        number++;
        free(path);
        free(target);
    }
    cJSON_Delete(entries);
}

static void the_folder_is_hcsshims(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_layer_writer *writer = open_writer();

    (void)state;
    recorder->set_hook(compare_folder, NULL);
    write_vectors(writer);
    assert_ok(wcl_layer_writer_close(writer, &error), &error);
    assert_true(compared > 60);
    assert_false(is_there(given_folder, ""));
    assert_int_equal(links_of(home, "layer/Files/Windows/link-to-notepad.exe"), 2);
}

static wcl_status add(wcl_layer_writer *writer, wcl_entry_kind kind, const char *path,
                      const char *target)
{
    wcl_entry entry = WCL_ENTRY_INIT;

    entry.kind = kind;
    entry.path = path;
    entry.target = target;
    entry.info.attributes = kind == WCL_ENTRY_DIRECTORY ? WCL_ATTRIBUTE_DIRECTORY : 0;
    return wcl_layer_writer_add(writer, &entry, NULL);
}

static void ImportLayer_gets_the_folder_and_the_parents(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_layer_writer *writer = open_writer();
    char root[500];

    (void)state;
    assert_int_equal(add(writer, WCL_ENTRY_DIRECTORY, "Files", NULL), WCL_OK);
    make_folder(home, "layer");
    assert_ok(wcl_layer_writer_close(writer, &error), &error);
    cJSON *call = take_call("ImportLayer");
    snprintf(root, sizeof(root), "\\\\?\\%s\\layer", home);
    assert_string_equal(text_of(call, "id"), root);
    assert_string_equal(text_of(call, "home"), "");
    assert_int_equal(cJSON_GetObjectItem(call, "flavour")->valueint, 1);
    assert_null(strstr(text_of(call, "path"), "\\\\?\\"));
    const cJSON *chain = cJSON_GetObjectItem(call, "chain");
    assert_int_equal(cJSON_GetArraySize(chain), 2);
    assert_string_equal(text_of(cJSON_GetArrayItem(chain, 0), "path"), parent);
    assert_string_equal(text_of(cJSON_GetArrayItem(chain, 0), "guid"),
                        "70003100000000000000000000000000");
    assert_string_equal(text_of(cJSON_GetArrayItem(chain, 1), "path"), "C:\\layers\\base");
    cJSON_Delete(call);
}

static void a_link_may_lead_into_a_parent(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_layer_writer *writer = open_writer();

    (void)state;
    make_file(home, "p1/Files/old", "text");
    make_folder(home, "layer/Files");
    assert_int_equal(add(writer, WCL_ENTRY_HARD_LINK, "Files/new", "Files/old"), WCL_OK);
    assert_int_equal(add(writer, WCL_ENTRY_HARD_LINK, "Files/newer", "Files/new"), WCL_OK);
    assert_ok(wcl_layer_writer_close(writer, &error), &error);
    assert_int_equal(links_of(home, "p1/Files/old"), 3);
    assert_file(home, "layer/Files/newer", "text", 4);
}

static void a_link_leads_nowhere_else(void **state)
{
    wcl_layer_writer *writer = open_writer();

    (void)state;
    assert_int_equal(add(writer, WCL_ENTRY_HARD_LINK, "Files/a", "Hives/System_Delta"), WCL_FAILED);
    wcl_layer_writer_abort(writer);
    writer = open_writer();
    assert_int_equal(add(writer, WCL_ENTRY_HARD_LINK, "UtilityVM/Files/a", "Files/b"), WCL_FAILED);
    wcl_layer_writer_abort(writer);
}

static void a_utility_vm_is_cloned_from_the_parents(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    static const char vm[] = "UtilityVM/Files/";
    wcl_layer_writer *writer = open_writer();
    char path[500];

    (void)state;
    make_file(home, "p1/UtilityVM/Files/kept", "kept");
    make_file(home, "p1/UtilityVM/Files/changed", "old");
    make_file(home, "p1/UtilityVM/Files/sub/gone", "gone");
    make_file(home, "p1/UtilityVM/Files/sub/there", "there");
    make_file(home, "p1/UtilityVM/Files/EFI/Microsoft/Boot/BCD", "boot");
    assert_int_equal(add(writer, WCL_ENTRY_DIRECTORY, "UtilityVM", NULL), WCL_OK);
    assert_int_equal(add(writer, WCL_ENTRY_DIRECTORY, "UtilityVM/Files", NULL), WCL_OK);
    assert_int_equal(add(writer, WCL_ENTRY_FILE, "UtilityVM/Files/changed", NULL), WCL_OK);
    assert_int_equal(add(writer, WCL_ENTRY_DELETED, "UtilityVM/Files/sub/gone", NULL), WCL_OK);
    assert_int_equal(
        add(writer, WCL_ENTRY_HARD_LINK, "UtilityVM/Files/also", "UtilityVM/Files/kept"), WCL_OK);
    assert_ok(wcl_layer_writer_close(writer, &error), &error);

    assert_int_equal(links_of(home, "p1/UtilityVM/Files/kept"), 3);
    assert_int_equal(links_of(home, "p1/UtilityVM/Files/sub/there"), 2);
    assert_int_equal(links_of(home, "p1/UtilityVM/Files/changed"), 1);
    assert_file(home, "p1/UtilityVM/Files/changed", "old", 3);
    assert_file(home, "layer/UtilityVM/Files/changed", "", 0);
    assert_true(is_there(home, "p1/UtilityVM/Files/sub/gone"));
    assert_false(is_there(home, "layer/UtilityVM/Files/sub/gone"));
    assert_int_equal(links_of(home, "p1/UtilityVM/Files/EFI/Microsoft/Boot/BCD"), 1);
    assert_file(home, "layer/UtilityVM/Files/EFI/Microsoft/Boot/BCD", "boot", 4);
    cJSON *call = take_call("ProcessUtilityImage");
    snprintf(path, sizeof(path), "\\\\?\\%s\\layer\\%.9s", home, vm);
    assert_string_equal(text_of(call, "path"), path);
    cJSON_Delete(call);
}

static void what_no_such_folder_can_hold_is_refused(void **state)
{
    static const struct {
        wcl_entry_kind kind;
        const char *path;
    } refused[] = {
        { WCL_ENTRY_DIRECTORY, "UtilityVM/Files" }, /* without UtilityVM before */
        { WCL_ENTRY_DELETED, "Hives/System_Delta" },
        { WCL_ENTRY_FILE, "Files/not-added/a" },
        { WCL_ENTRY_FILE, "Files/a:b" },
        { WCL_ENTRY_SYMLINK, "Files/a" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        wcl_layer_writer *writer = open_writer();
        if (add(writer, refused[i].kind, refused[i].path, NULL) != WCL_FAILED)
            fail_msg("%s was taken", refused[i].path);
        wcl_layer_writer_abort(writer);
    }
}

static void note_folder(const char *function, void *context)
{
    (void)context;
    if (strcmp(function, "ImportLayer") == 0)
        take_folder(function);
}

static void a_failed_import_leaves_no_folder(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_layer_writer *writer = open_writer();

    (void)state;
    recorder->set_hook(note_folder, NULL);
    recorder->answer("ImportLayer", (int32_t)0x80070070, NULL);
    assert_int_equal(add(writer, WCL_ENTRY_DIRECTORY, "Files", NULL), WCL_OK);
    assert_int_equal(wcl_layer_writer_close(writer, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_DISK_FULL);
    assert_false(is_there(given_folder, ""));
    cJSON_Delete(take_call("DestroyLayer"));
}

/* ---- Reading ----------------------------------------------------------------------------------
 */

static void unpack_entry(struct archive *archive, struct archive_entry *entry)
{
    wcl_error error = WCL_ERROR_INIT;
    const char *path = archive_entry_pathname(entry);
    size_t size = (size_t)archive_entry_size(entry);
    void *data = malloc(size + 1), *file;

    assert_non_null(path);
    if (strncmp(path, "./", 2) == 0)
        path += 2;
    assert_int_equal(archive_read_data(archive, data, size), size);
    if (archive_entry_filetype(entry) == AE_IFREG) {
        WCL_CLEANUP_FREE char *place = in_home(given_folder, path);
        assert_ok(wcl_file_open(place, WCL_CREATE_PLAIN, &file, &error), &error);
        assert_ok(wcl_file_write(file, data, size, &error), &error);
        wcl_file_close(file);
    } else if (*path) {
        make_folder(given_folder, path);
    }
    free(data);
}

/* While the DLL exports: makes the folder that hcsshim's writer makes. */
static void export_vectors(const char *function, void *context)
{
    struct archive_entry *entry;

    (void)context;
    if (strcmp(function, "ExportLayer") != 0)
        return;
    take_folder(function);
    struct archive *archive = open_transport_tar();
    while (archive_read_next_header(archive, &entry) == ARCHIVE_OK)
        unpack_entry(archive, entry);
    archive_read_free(archive);
}

static void a_layer_is_read_from_its_transport_folder(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;
    WCL_CLEANUP_JSON cJSON *wanted = NULL;
    const wcl_driver driver = make_driver();
    const char *const paths[] = { parent };
    wcl_layer_reader *reader;
    wcl_entry entry = WCL_ENTRY_INIT;
    const cJSON *json;

    (void)state;
    recorder->set_hook(export_vectors, NULL);
    read_vector("transport-read.json", -1, &text);
    assert_ok(wcl_json_parse(wcl_buffer_text(&text), text.size, text.size, &wanted, &error),
              &error);
    assert_ok(wcl_layer_reader_open(&driver, "layer", (wcl_parents) { paths, 1 }, &reader, &error),
              &error);
    cJSON_ArrayForEach(json, wanted)
    {
        WCL_CLEANUP_BUFFER wcl_buffer stream = WCL_BUFFER_INIT;
        uint64_t attributes = 0;
        const cJSON *size = cJSON_GetObjectItem(json, "stream_bytes");
        char name[1200];
        assert_ok(wcl_layer_reader_next(reader, &entry, &error), &error);
        if (entry.kind == WCL_ENTRY_DELETED)
            assert_ok(wcl_layer_reader_next(reader, &entry, &error), &error);
        snprintf(name, sizeof(name), "%s", entry.path);
        for (char *at = name; *at; at++)
            if (*at == '/')
                *at = '\\';
        assert_string_equal(name, text_of(json, "name"));
        wcl_json_get_u64(json, "file_attributes", &attributes, NULL);
        read_stream(reader, &stream);
        if (strncmp(name, "Files\\", 6) != 0)
            continue;
        assert_int_equal(entry.info.attributes, attributes);
        assert_int_equal(stream.size, size->valueint);
    }
    wcl_status status;
    while ((status = wcl_layer_reader_next(reader, &entry, NULL)) == WCL_OK)
        assert_int_equal(entry.kind, WCL_ENTRY_DELETED);
    assert_int_equal(status, WCL_END);
    assert_true(is_there(given_folder, ""));
    assert_ok(wcl_layer_reader_close(reader, &error), &error);
    assert_false(is_there(given_folder, ""));
}

static void a_failed_export_leaves_no_folder(void **state)
{
    const wcl_driver driver = make_driver();
    const wcl_parents none = { NULL, 0 };
    wcl_error error = WCL_ERROR_INIT;
    wcl_layer_reader *reader;

    (void)state;
    recorder->set_hook(export_vectors, NULL);
    recorder->answer("ExportLayer", (int32_t)0xC037010E, NULL);
    assert_int_equal(wcl_layer_reader_open(&driver, "layer", none, &reader, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_HCS_NOT_EXIST);
    assert_false(is_there(given_folder, ""));
}

static void without_HNSCall_this_is_TP4(void **state)
{
    (void)state;
    assert_true(wcl_is_tp4());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_folder_is_hcsshims, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ImportLayer_gets_the_folder_and_the_parents, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_link_may_lead_into_a_parent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_link_leads_nowhere_else, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_utility_vm_is_cloned_from_the_parents, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_no_such_folder_can_hold_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_failed_import_leaves_no_folder, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_layer_is_read_from_its_transport_folder, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_failed_export_leaves_no_folder, set_up, tear_down),
        cmocka_unit_test(without_HNSCall_this_is_TP4),
    };

    recorder = load_recorder();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
