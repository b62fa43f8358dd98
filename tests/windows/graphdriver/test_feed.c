/* The graph driver on vmcompute.dll does what docker's windowsfilter does. */
#include <wcl/graphdriver.h>

#include <stdio.h>
#include <string.h>

#include "tests/conformance/tar/tar_vectors.h"
#include "windows/recorded.h"
#include "windows/scratch.h"
#include "tests/tools/outcome.h"

static const recorder_control *recorder;
static char *home;
static wcl_graphdriver *driver;

static int set_up(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_graphdriver_options options = { .struct_size = sizeof(options) };

    (void)state;
    recorder->reset();
    home = make_home();
    options.home = home;
    assert_ok(wcl_graphdriver_open(&options, &driver, &error), &error);
    /* What vmcompute.dll would make on the disk. */
    make_folder(home, "base");
    make_folder(home, "app");
    make_folder(home, "box");
    assert_ok(wcl_graphdriver_create(driver, "base", "", NULL, &error), &error);
    assert_ok(wcl_graphdriver_create(driver, "app", "base", NULL, &error), &error);
    assert_ok(wcl_graphdriver_create_read_write(driver, "box", "app", NULL, &error), &error);
    make_file(home, "box/sandbox.vhdx", "");
    recorder->release(recorder->take_log());
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    wcl_graphdriver_free(driver);
    assert_int_equal(recorder->open_handles(), 0);
    assert_int_equal(recorder->open_blocks(), 0);
    free_home(home);
    return 0;
}

/* The functions of the log in order, without those that only ask; the log is taken. */
static void assert_functions(const char *expected)
{
    char seen[1000] = "";
    char *log = recorder->take_log();

    for (char *at = log; (at = strstr(at, "{\"call\":\"")); at++) {
        const char *name = at + strlen("{\"call\":\"");
        int length = (int)strcspn(name, "\"");
        if (strncmp(name, "NameToGuid", 10) == 0 || strncmp(name, "LayerExists", 11) == 0 ||
            strncmp(name, "GetLayerMountPath", 17) == 0)
            continue;
        snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), "%.*s ", length, name);
    }
    recorder->release(log);
    assert_string_equal(seen, expected);
}

static void a_layer_is_mounted_while_it_has_references(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    char *path = NULL;

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_ok(wcl_graphdriver_get(driver, "box", NULL, &path, &error), &error);
        assert_string_equal(path, "\\\\?\\Volume{box}\\");
        wcl_free(path);
    }
    assert_functions("ActivateLayer PrepareLayer ");
    assert_ok(wcl_graphdriver_put(driver, "box", &error), &error);
    assert_ok(wcl_graphdriver_put(driver, "box", &error), &error);
    assert_functions("");
    assert_ok(wcl_graphdriver_put(driver, "box", &error), &error);
    assert_functions("UnprepareLayer DeactivateLayer ");
    assert_ok(wcl_graphdriver_put(driver, "box", &error), &error);
    assert_functions("");
}

static void a_failed_mount_is_undone(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    char *path = NULL;

    (void)state;
    recorder->answer("PrepareLayer", (int32_t)0x80070005, NULL);
    assert_int_equal(wcl_graphdriver_get(driver, "box", NULL, &path, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_ACCESS_DENIED);
    assert_functions("ActivateLayer PrepareLayer DeactivateLayer ");
    recorder->answer("GetLayerMountPath", (int32_t)0x80070015, NULL);
    assert_int_equal(wcl_graphdriver_get(driver, "box", NULL, &path, &error), WCL_FAILED);
    assert_functions("ActivateLayer PrepareLayer UnprepareLayer DeactivateLayer ");
}

static void a_removed_layer_is_renamed_first(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    char *path = NULL;

    (void)state;
    assert_int_equal(wcl_graphdriver_remove(driver, "app", &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_SHARING_VIOLATION);
    assert_non_null(strstr(error.message, "box"));
    assert_ok(wcl_graphdriver_get(driver, "box", NULL, &path, &error), &error);
    wcl_free(path);
    recorder->release(recorder->take_log());
    assert_ok(wcl_graphdriver_remove(driver, "box", &error), &error);
    assert_false(is_there(home, "box"));
    assert_true(is_there(home, "box-removing"));
    char *log = recorder->take_log();
    assert_non_null(strstr(log, "\"call\":\"UnprepareLayer\""));
    assert_non_null(strstr(log, "{\"call\":\"DestroyLayer\",\"flavour\":1,\"home\":\""));
    assert_non_null(strstr(log, "\"id\":\"box-removing\"}"));
    recorder->release(log);
    /* One that is not there is removed already. */
    assert_ok(wcl_graphdriver_remove(driver, "box", &error), &error);
}

static void a_cleanup_unmounts_and_destroys_leftovers(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    char *path = NULL;

    (void)state;
    make_folder(home, "old-removing");
    assert_ok(wcl_graphdriver_get(driver, "box", NULL, &path, &error), &error);
    wcl_free(path);
    recorder->release(recorder->take_log());
    assert_ok(wcl_graphdriver_cleanup(driver, &error), &error);
    char *log = recorder->take_log();
    assert_non_null(strstr(log, "\"call\":\"UnprepareLayer\""));
    assert_non_null(strstr(log, "\"id\":\"old-removing\"}"));
    recorder->release(log);
}

static void layers_stand_on_read_only_ones(void **state)
{
    static const char *const small[] = { "size=20G" };
    const wcl_graphdriver_create_options options = { sizeof(options), small, 1 };
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    assert_int_equal(wcl_graphdriver_create(driver, "x", "box", NULL, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_NOT_SUPPORTED);
    assert_int_equal(wcl_graphdriver_create(driver, "x", "none", NULL, &error), WCL_FAILED);
    assert_true(wcl_error_is_not_exist(&error));
    assert_int_equal(wcl_graphdriver_create(driver, "app", "base", NULL, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_ALREADY_EXISTS);
    assert_functions("");
    make_folder(home, "big");
    assert_ok(wcl_graphdriver_create_read_write(driver, "big", "app", &options, &error), &error);
    assert_functions("CreateSandboxLayer ExpandSandboxSize ");
}

static wcl_status keep_pair(void *context, const char *name, const char *value, wcl_error *error)
{
    (void)error;
    snprintf(context, 300, "%s=%s", name, value);
    return WCL_OK;
}

static void what_it_tells_is_windowsfilters(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    char pair[300], expected[300];

    (void)state;
    assert_ok(wcl_graphdriver_status(driver, keep_pair, pair, &error), &error);
    assert_string_equal(pair, "Windows=");
    assert_ok(wcl_graphdriver_metadata(driver, "box", keep_pair, pair, &error), &error);
    snprintf(expected, sizeof(expected), "dir=%s\\box", home);
    assert_string_equal(pair, expected);
    assert_false(wcl_graphdriver_reproduces_exact_diffs(driver));
}

/* What vmcompute.dll would have made of the layer by now, as far as links need it. */
static void make_layer_folder(const char *function, void *context)
{
    (void)context;
    if (strcmp(function, "ImportLayerEnd") == 0 && !is_there(home, "app/Hives")) {
        make_file(home, "app/Files/Windows/notepad.exe", "MZ");
        make_folder(home, "app/Hives");
    }
}

static wcl_status apply_vectors(uint64_t *size, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer tar = WCL_BUFFER_INIT;

    read_vector("layer.tar", -1, &tar);
    memory_source source = { .data = tar.data, .size = tar.size };
    return wcl_graphdriver_apply_diff(driver, "app", "base", read_memory, &source, size, error);
}

static wcl_status count_changes(void *context, const char *path, wcl_change_kind kind,
                                wcl_error *error)
{
    unsigned *counts = context;

    (void)error;
    assert_int_equal(path[0], '/');
    counts[kind]++;
    return WCL_OK;
}

static void a_diff_is_applied_and_told_again(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer tar = WCL_BUFFER_INIT;
    wcl_error error = WCL_ERROR_INIT;
    unsigned counts[3] = { 0 };
    uint64_t applied = 0, told = 0;

    (void)state;
    recorder->set_hook(make_layer_folder, NULL);
    assert_ok(apply_vectors(&applied, &error), &error);
    assert_true(applied > 1052672);
    assert_ok(wcl_graphdriver_changes(driver, "app", "base", count_changes, counts, &error),
              &error);
    assert_int_equal(counts[WCL_CHANGE_DELETED], 1);
    assert_int_equal(counts[WCL_CHANGE_ADDED], 0);
    assert_int_equal(counts[WCL_CHANGE_MODIFIED] + 1, recorder->find_layer(L"app")->count);
    assert_ok(wcl_graphdriver_diff_size(driver, "app", "base", &told, &error), &error);
    assert_int_equal(told, applied);
    assert_ok(wcl_graphdriver_diff(driver, "app", "base", write_memory, &tar, &error), &error);
    assert_true(tar.size > 100000);
    assert_int_equal(wcl_graphdriver_diff(driver, "app", "other", write_memory, &tar, &error),
                     WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_NOT_SUPPORTED);
    assert_int_equal(apply_vectors(&applied, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_ALREADY_EXISTS);
    assert_true(recorder->find_layer(L"app")->count > 1);
}

static void a_diff_that_fails_leaves_an_empty_layer(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    uint64_t size;

    (void)state;
    recorder->answer("ImportLayerEnd", (int32_t)0x80070070, NULL);
    assert_int_equal(apply_vectors(&size, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_DISK_FULL);
    assert_int_equal(recorder->find_layer(L"app")->count, 0);
}

static void a_mounted_layer_is_unmounted_while_it_is_read(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    unsigned counts[3] = { 0 };
    char *path = NULL;

    (void)state;
    assert_ok(wcl_graphdriver_get(driver, "box", NULL, &path, &error), &error);
    wcl_free(path);
    recorder->release(recorder->take_log());
    assert_ok(wcl_graphdriver_changes(driver, "box", "app", count_changes, counts, &error), &error);
    assert_functions(
        "UnprepareLayer ExportLayerBegin ExportLayerNext ExportLayerEnd PrepareLayer ");
    assert_ok(wcl_graphdriver_put(driver, "box", &error), &error);
}

static void what_windows_has_not_is_refused(void **state)
{
    const wcl_id_map map = { 0, 0, 1 };
    wcl_graphdriver_options options = { .struct_size = sizeof(options) };
    wcl_graphdriver_server_options serve = { .struct_size = sizeof(serve) };
    wcl_graphdriver_server *server = NULL;
    wcl_graphdriver *other = NULL;
    wcl_error error = WCL_ERROR_INIT;
    char *path = NULL;

    (void)state;
    options.home = home;
    options.provider = "store";
    assert_int_equal(wcl_graphdriver_open(&options, &other, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_NOT_SUPPORTED);
    options.provider = NULL;
    options.uid_maps = &map;
    options.uid_map_count = 1;
    assert_int_equal(wcl_graphdriver_open(&options, &other, &error), WCL_FAILED);
    assert_int_equal(wcl_graphdriver_get(driver, "box", "label", &path, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_NOT_SUPPORTED);
    assert_int_equal(wcl_graphdriver_server_start(&serve, &server, &error), WCL_FAILED);
    assert_null(server);
    wcl_graphdriver_server_stop(server);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_layer_is_mounted_while_it_has_references),
        TEST(a_failed_mount_is_undone),
        TEST(a_removed_layer_is_renamed_first),
        TEST(a_cleanup_unmounts_and_destroys_leftovers),
        TEST(layers_stand_on_read_only_ones),
        TEST(what_it_tells_is_windowsfilters),
        TEST(a_diff_is_applied_and_told_again),
        TEST(a_diff_that_fails_leaves_an_empty_layer),
        TEST(a_mounted_layer_is_unmounted_while_it_is_read),
        TEST(what_windows_has_not_is_refused),
    };

    recorder = load_recorder();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
