/* The life of layers kept by vmcompute.dll: what each call of the API makes of it, and the chain of
 * parents that a layer keeps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <wcl/backupstream.h>
#include <wcl/layer.h>

#include "base/buffer.h"
#include "windows/recorded.h"
#include "windows/scratch.h"

static const recorder_control *recorder;
static char *home;
static wcl_driver driver = WCL_DRIVER_INIT;
static const wcl_parents no_parents = { NULL, 0 };

static int set_up(void **state)
{
    (void)state;
    recorder->reset();
    home = make_home();
    driver.home_dir = home;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(recorder->open_handles(), 0);
    assert_int_equal(recorder->open_blocks(), 0);
    free_home(home);
    return 0;
}

/* What vmcompute.dll does on the disk: a folder for the layer. */
static void create(const char *id, const char *parent)
{
    make_folder(home, id);
    assert_int_equal(wcl_layer_create(&driver, id, parent, NULL), WCL_OK);
}

/* The log's line of that function, the last one; it stays until the next call of this. */
static const char *last_call(const char *function)
{
    static char line[4000];
    char start[80];
    char *log = recorder->take_log(), *found = NULL;

    snprintf(start, sizeof(start), "{\"call\":\"%s\"", function);
    for (char *at = log; (at = strstr(at, start)); at++)
        found = at;
    if (!found)
        fail_msg("%s was not called", function);
    snprintf(line, sizeof(line), "%.*s", (int)strcspn(found, "\n"), found);
    recorder->release(log);
    return line;
}

/* Fails unless the chain of the call is these layers of the home folder. */
static void assert_chain(const char *call, const char *const ids[], size_t count)
{
    const char *at = strstr(call, "\"chain\":[");

    assert_non_null(at);
    for (size_t i = 0; i < count; i++) {
        char end[100];
        at = strstr(at, "\"path\":\"");
        assert_non_null(at);
        at += strlen("\"path\":\"");
        snprintf(end, sizeof(end), "\\\\%s", ids[i]);
        size_t length = strcspn(at, "\"");
        assert_true(length > strlen(end));
        assert_int_equal(strncmp(at + length - strlen(end), end, strlen(end)), 0);
    }
    assert_null(strstr(at, "\"path\":\""));
}

static void a_layer_keeps_its_chain(void **state)
{
    static const char *const sandbox_chain[] = { "app", "base" };

    (void)state;
    create("base", NULL);
    create("app", "base");
    assert_false(is_there(home, "base/layerchain.json"));
    assert_true(is_there(home, "app/layerchain.json"));
    make_folder(home, "box");
    assert_int_equal(wcl_layer_create_sandbox(&driver, "box", "app", no_parents, 0, NULL), WCL_OK);
    const char *call = last_call("CreateSandboxLayer");
    assert_non_null(strstr(call, "\"id\":\"box\",\"parent\":\"app\""));
    assert_chain(call, sandbox_chain, 2);
    /* Without being told, from layerchain.json. */
    assert_int_equal(wcl_layer_prepare(&driver, "box", no_parents, NULL), WCL_OK);
    assert_chain(last_call("PrepareLayer"), sandbox_chain, 2);
    assert_int_equal(wcl_layer_export(&driver, "box", "D:\\out", no_parents, NULL), WCL_OK);
    assert_chain(last_call("ExportLayer"), sandbox_chain, 2);
}

static void parents_are_taken_as_they_are_given(void **state)
{
    const char *const paths[] = { "D:\\other\\p1", "D:/other/p2" };

    (void)state;
    make_folder(home, "box");
    assert_int_equal(
        wcl_layer_create_sandbox(&driver, "box", "p1", (wcl_parents) { paths, 2 }, 0, NULL),
        WCL_OK);
    const char *call = last_call("CreateSandboxLayer");
    assert_non_null(strstr(call, "\"path\":\"D:\\\\other\\\\p1\"}"));
    assert_non_null(strstr(call, "\"path\":\"D:/other/p2\"}]"));
    assert_non_null(strstr(call, "\"guid\":\"70003200000000000000000000000000\""));
}

static void a_list_of_parents_is_completed(void **state)
{
    static const char *const whole[] = { "app", "base" };
    const char *const nearest[] = { "app" };

    (void)state;
    create("base", NULL);
    create("app", "base");
    make_folder(home, "box");
    assert_int_equal(wcl_layer_import(&driver, "box", "D:\\in", (wcl_parents) { nearest, 1 }, NULL),
                     WCL_OK);
    assert_chain(last_call("ImportLayer"), whole, 2);
}

static void a_damaged_chain_is_told(void **state)
{
    static const char *const damaged[] = { "{", "{}", "[1]", "[\"\"]", "[\"a\",", "" };
    char path[100];

    (void)state;
    for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
        wcl_error error = WCL_ERROR_INIT;
        char id[10];
        snprintf(id, sizeof(id), "box%u", (unsigned)i);
        snprintf(path, sizeof(path), "%s/layerchain.json", id);
        make_file(home, path, damaged[i]);
        assert_int_equal(wcl_layer_prepare(&driver, id, no_parents, &error), WCL_FAILED);
        if (!strstr(error.message, "layerchain.json"))
            fail_msg("the message does not name the file: %s", error.message);
    }
    /* As Docker writes it for a layer without parents. */
    make_file(home, "base/layerchain.json", "null");
    assert_int_equal(wcl_layer_prepare(&driver, "base", no_parents, NULL), WCL_OK);
}

static void a_sandbox_grows_to_its_size(void **state)
{
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    create("base", NULL);
    make_folder(home, "box");
    assert_int_equal(wcl_layer_create_sandbox(&driver, "box", "base", no_parents, 1ull << 40, NULL),
                     WCL_OK);
    assert_non_null(strstr(last_call("ExpandSandboxSize"), "\"size\":1099511627776}"));
    recorder->answer("ExpandSandboxSize", (int32_t)0x80070070, NULL);
    assert_int_equal(wcl_layer_create_sandbox(&driver, "bo2", "base", no_parents, 5, &error),
                     WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_DISK_FULL);
    assert_null(recorder->find_layer(L"bo2"));
    assert_int_equal(wcl_layer_create_sandbox(&driver, "bo3", NULL, no_parents, 0, &error),
                     WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_INVALID_PARAMETER);
}

static void a_layer_whose_chain_cannot_be_kept_is_removed(void **state)
{
    (void)state;
    create("base", NULL);
    /* There is no folder that could take the file. */
    assert_int_equal(wcl_layer_create(&driver, "app", "base", NULL), WCL_FAILED);
    assert_null(recorder->find_layer(L"app"));
}

static void each_call_reaches_the_dll(void **state)
{
    char *path = NULL, *json = NULL;
    bool exists = false;

    (void)state;
    create("base", NULL);
    assert_int_equal(wcl_layer_activate(&driver, "base", NULL), WCL_OK);
    assert_non_null(strstr(last_call("ActivateLayer"), "\"flavour\":1,\"home\":\""));
    assert_int_equal(wcl_layer_deactivate(&driver, "base", NULL), WCL_OK);
    last_call("DeactivateLayer");
    assert_int_equal(wcl_layer_unprepare(&driver, "base", NULL), WCL_OK);
    last_call("UnprepareLayer");
    assert_int_equal(wcl_layer_expand_sandbox(&driver, "base", 7, NULL), WCL_OK);
    assert_non_null(strstr(last_call("ExpandSandboxSize"), "\"size\":7}"));
    assert_int_equal(wcl_layer_exists(&driver, "base", &exists, NULL), WCL_OK);
    assert_true(exists);
    assert_int_equal(wcl_layer_mount_path(&driver, "base", &path, NULL), WCL_OK);
    assert_string_equal(path, "\\\\?\\Volume{base}\\");
    wcl_free(path);
    recorder->answer("GetBaseImages", 0, L"{\"Images\":[]}");
    assert_int_equal(wcl_layer_shared_base_images(&driver, &json, NULL), WCL_OK);
    assert_string_equal(json, "{\"Images\":[]}");
    wcl_free(json);
    assert_int_equal(wcl_layer_process_base(&driver, "C:\\x", NULL), WCL_OK);
    assert_non_null(strstr(last_call("ProcessBaseImage"), "\"path\":\"C:\\\\x\"}"));
    assert_int_equal(wcl_layer_process_utility_vm(&driver, "C:\\x", NULL), WCL_OK);
    last_call("ProcessUtilityImage");
    assert_int_equal(wcl_layer_destroy(&driver, "base", NULL), WCL_OK);
    last_call("DestroyLayer");
    assert_int_equal(wcl_layer_exists(&driver, "base", &exists, NULL), WCL_OK);
    assert_false(exists);
}

static void names_become_guids_by_the_dll(void **state)
{
    wcl_layer_descriptor descriptor = WCL_LAYER_DESCRIPTOR_INIT;
    wcl_guid guid;
    char text[37];

    (void)state;
    assert_int_equal(wcl_name_to_guid(&driver, "4", &guid, NULL), WCL_OK);
    wcl_guid_format(&guid, text);
    assert_string_equal(text, "00000034-0000-0000-0000-000000000000");
    assert_int_equal(wcl_layer_descriptor_of(&driver, "C:\\layers\\4", &descriptor, NULL), WCL_OK);
    assert_memory_equal(&descriptor.id, &guid, sizeof(guid));
    assert_int_equal(descriptor.flags, 0);
    assert_false(wcl_is_tp4());
}

static void a_failure_says_what_was_done_to_which_layer(void **state)
{
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    recorder->answer("ActivateLayer", (int32_t)0x80070003, NULL);
    assert_int_equal(wcl_layer_activate(&driver, "box", &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_PATH_NOT_FOUND);
    assert_string_equal(error.operation, "activate");
    assert_string_equal(error.subject, "box");
}

static void layers_can_be_asked_for(void **state)
{
    wcl_layer_info *info = NULL;
    wcl_error error = WCL_ERROR_INIT;
    char **ids = NULL;
    size_t count = 0;

    (void)state;
    create("base", NULL);
    create("app", "base");
    make_folder(home, "box");
    assert_int_equal(wcl_layer_create_sandbox(&driver, "box", "app", no_parents, 0, NULL), WCL_OK);
    make_file(home, "box/sandbox.vhdx", "");
    make_folder(home, "no-layer");
    assert_int_equal(wcl_layer_list(&driver, &ids, &count, NULL), WCL_OK);
    assert_int_equal(count, 3);
    assert_string_equal(ids[0], "app");
    assert_string_equal(ids[1], "base");
    assert_string_equal(ids[2], "box");
    wcl_free(ids);
    assert_int_equal(wcl_layer_get_info(&driver, "box", &info, NULL), WCL_OK);
    assert_string_equal(info->kind, "sandbox");
    assert_string_equal(info->os, "windows");
    assert_int_equal(info->parent_count, 2);
    assert_string_equal(info->parents[0], "app");
    assert_string_equal(info->parents[1], "base");
    assert_true(info->is_mounted);
    assert_true(info->created > 1500000000);
    wcl_free(info);
    assert_int_equal(wcl_layer_get_info(&driver, "base", &info, NULL), WCL_OK);
    assert_string_equal(info->kind, "base");
    wcl_free(info);
    assert_int_equal(wcl_layer_get_info(&driver, "none", &info, &error), WCL_FAILED);
    assert_true(wcl_error_is_not_exist(&error));
}

static void the_diff_driver_is_refused(void **state)
{
    wcl_driver diff = driver;
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    diff.flavour = WCL_FLAVOUR_DIFF;
    assert_int_equal(wcl_layer_create(&diff, "a", NULL, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_NOT_SUPPORTED);
}

static void backup_privileges_can_be_had(void **state)
{
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    if (wcl_enable_backup_privileges(&error) != WCL_OK)
        fail_msg("%s", error.message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_layer_keeps_its_chain, set_up, tear_down),
        cmocka_unit_test_setup_teardown(parents_are_taken_as_they_are_given, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_list_of_parents_is_completed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_damaged_chain_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_sandbox_grows_to_its_size, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_layer_whose_chain_cannot_be_kept_is_removed, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(each_call_reaches_the_dll, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_become_guids_by_the_dll, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_failure_says_what_was_done_to_which_layer, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(layers_can_be_asked_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_diff_driver_is_refused, set_up, tear_down),
        cmocka_unit_test(backup_privileges_can_be_had),
    };

    recorder = load_recorder();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
