/* Each layer function of vmcompute.dll gets its arguments as it wants them, and its result is
 * understood. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <windows.h>

#include "platform/windows/vmcompute.h"
#include "windows/recorded.h"

/* A name beyond the BMP, one with a lone surrogate (in WTF-8), and how the DLL must see them. */
#define FACE "\xF0\x9F\x98\x80"
#define FACE_SEEN "\\ud83d\\ude00"
#define LONE "\xED\xA0\x80"
#define LONE_SEEN "\\ud800"

#define DRIVER_SEEN "\"flavour\":1,\"home\":\"C:\\\\layers \\u00e9\""
#define CHAIN_SEEN                                                                                 \
    "\"chain\":["                                                                                  \
    "{\"flags\":0,\"guid\":\"70003100000000000000000000000000\",\"path\":\"C:\\\\layers\\\\p1\"}," \
    "{\"flags\":0,\"guid\":\"3dd800de700032000000000000000000\","                                  \
    "\"path\":\"C:\\\\layers\\\\" FACE_SEEN "p2\"},"                                               \
    "{\"flags\":0,\"guid\":\"62006100730065002d00310032003300\","                                  \
    "\"path\":\"base-123\"}]"

static const wcl_vm_driver driver = { 1, "C:\\layers \xC3\xA9" };
static const char *const parent_paths[] = { "C:\\layers\\p1", "C:\\layers\\" FACE "p2",
                                            "base-123" };
static const wcl_vm_parents parents = { parent_paths, 3 };
static const wcl_vm_parents no_parents = { NULL, 0 };
static const recorder_control *recorder;

static wcl_status activate(wcl_error *error)
{
    return wcl_vm_activate_layer(&driver, FACE, error);
}

static wcl_status deactivate(wcl_error *error)
{
    return wcl_vm_deactivate_layer(&driver, LONE "x", error);
}

static wcl_status unprepare(wcl_error *error)
{
    return wcl_vm_unprepare_layer(&driver, "id", error);
}

static wcl_status destroy(wcl_error *error)
{
    return wcl_vm_destroy_layer(&driver, "id", error);
}

static wcl_status prepare(wcl_error *error)
{
    return wcl_vm_prepare_layer(&driver, "id", parents, error);
}

static wcl_status create(wcl_error *error)
{
    return wcl_vm_create_layer(&driver, "id", "", error);
}

static wcl_status create_sandbox(wcl_error *error)
{
    return wcl_vm_create_sandbox_layer(&driver, "id", "p1", parents, error);
}

static wcl_status create_sandbox_alone(wcl_error *error)
{
    return wcl_vm_create_sandbox_layer(&driver, "id", "p1", no_parents, error);
}

static wcl_status copy(wcl_error *error)
{
    return wcl_vm_copy_layer(&driver, "from", "to", parents, error);
}

static wcl_status expand(wcl_error *error)
{
    return wcl_vm_expand_sandbox_size(&driver, "id", 0xFEDCBA9876543210, error);
}

static wcl_status exists(wcl_error *error)
{
    bool answer;
    return wcl_vm_layer_exists(&driver, "id", &answer, error);
}

static wcl_status export_folder(wcl_error *error)
{
    return wcl_vm_export_layer(&driver, "id", "D:\\out", parents, error);
}

static wcl_status import_folder(wcl_error *error)
{
    return wcl_vm_import_layer(&driver, "id", "D:\\in " FACE, parents, error);
}

static wcl_status name_to_guid(wcl_error *error)
{
    wcl_guid guid;
    return wcl_vm_name_to_guid("x", &guid, error);
}

static wcl_status process_base(wcl_error *error)
{
    return wcl_vm_process_base_image("C:\\layers\\base", error);
}

static wcl_status process_utility(wcl_error *error)
{
    return wcl_vm_process_utility_image("C:\\layers\\base\\UtilityVM", error);
}

static wcl_status mount_path(wcl_error *error)
{
    char *path = NULL;
    wcl_status status = wcl_vm_layer_mount_path(&driver, "id", &path, error);
    wcl_free(path);
    return status;
}

static wcl_status import_begin(wcl_error *error)
{
    wcl_vm_transfer import = NULL;
    wcl_status status = wcl_vm_import_begin(&driver, "id", parents, &import, error);
    if (status == WCL_OK)
        assert_int_equal(wcl_vm_import_end(import, NULL), WCL_OK);
    return status;
}

/* The import or export under way. */
static wcl_vm_transfer transfer;

static wcl_status import_next(wcl_error *error)
{
    static const wcl_vm_file_info info = { 0x1122334455667788, 2, 3, -4, 0x20 };
    return wcl_vm_import_next(transfer, "\\Files\\" FACE, &info, error);
}

static wcl_status import_delete(wcl_error *error)
{
    return wcl_vm_import_next(transfer, "\\Files\\gone", NULL, error);
}

static wcl_status import_write(wcl_error *error)
{
    return wcl_vm_import_write(transfer, "data", 4, error);
}

static wcl_status import_end(wcl_error *error)
{
    return wcl_vm_import_end(transfer, error);
}

static wcl_status export_next(wcl_error *error)
{
    wcl_vm_file_info info;
    char *name = NULL;
    int64_t size;
    bool deleted;
    wcl_status status = wcl_vm_export_next(transfer, &name, &info, &size, &deleted, error);
    wcl_free(name);
    return status;
}

static wcl_status export_read(wcl_error *error)
{
    uint8_t room[7];
    uint32_t got;
    return wcl_vm_export_read(transfer, room, sizeof(room), &got, error);
}

static wcl_status export_end(wcl_error *error)
{
    return wcl_vm_export_end(transfer, error);
}

typedef struct checked_call {
    const char *function;
    wcl_status (*call)(wcl_error *error);
    const char *seen;
} checked_call;

static const checked_call calls[] = {
    { "ActivateLayer", activate, DRIVER_SEEN ",\"id\":\"" FACE_SEEN "\"" },
    { "DeactivateLayer", deactivate, DRIVER_SEEN ",\"id\":\"" LONE_SEEN "x\"" },
    { "UnprepareLayer", unprepare, DRIVER_SEEN ",\"id\":\"id\"" },
    { "DestroyLayer", destroy, DRIVER_SEEN ",\"id\":\"id\"" },
    { "PrepareLayer", prepare, DRIVER_SEEN ",\"id\":\"id\"," CHAIN_SEEN ",\"at_once\":1" },
    { "CreateLayer", create, DRIVER_SEEN ",\"id\":\"id\",\"parent\":\"\"" },
    { "CreateSandboxLayer", create_sandbox,
      DRIVER_SEEN ",\"id\":\"id\",\"parent\":\"p1\"," CHAIN_SEEN },
    { "CreateSandboxLayer", create_sandbox_alone,
      DRIVER_SEEN ",\"id\":\"id\",\"parent\":\"p1\",\"chain\":[],\"chain_is_null\":true" },
    { "CopyLayer", copy, DRIVER_SEEN ",\"id\":\"from\",\"destination\":\"to\"," CHAIN_SEEN },
    { "ExpandSandboxSize", expand, DRIVER_SEEN ",\"id\":\"id\",\"size\":18364758544493064720" },
    { "LayerExists", exists, DRIVER_SEEN ",\"id\":\"id\"" },
    { "ExportLayer", export_folder,
      DRIVER_SEEN ",\"id\":\"id\",\"path\":\"D:\\\\out\"," CHAIN_SEEN },
    { "ImportLayer", import_folder,
      DRIVER_SEEN ",\"id\":\"id\",\"path\":\"D:\\\\in " FACE_SEEN "\"," CHAIN_SEEN },
    { "ProcessBaseImage", process_base, "\"path\":\"C:\\\\layers\\\\base\"" },
    { "ProcessUtilityImage", process_utility, "\"path\":\"C:\\\\layers\\\\base\\\\UtilityVM\"" },
};

#ifdef NO_FUNCTIONS_AT_ALL
static wcl_status base_images(wcl_error *error)
{
    char *json = NULL;
    wcl_status status = wcl_vm_base_images(&json, error);
    wcl_free(json);
    return status;
}

static wcl_status export_begin(wcl_error *error)
{
    wcl_vm_transfer export = NULL;
    return wcl_vm_export_begin(&driver, "id", parents, &export, error);
}

/* Every function, also those that the table above leaves out. */
static const checked_call others[] = {
    { "NameToGuid", name_to_guid, "" },       { "GetLayerMountPath", mount_path, "" },
    { "GetBaseImages", base_images, "" },     { "ImportLayerBegin", import_begin, "" },
    { "ImportLayerNext", import_next, "" },   { "ImportLayerNext", import_delete, "" },
    { "ImportLayerWrite", import_write, "" }, { "ImportLayerEnd", import_end, "" },
    { "ExportLayerBegin", export_begin, "" }, { "ExportLayerNext", export_next, "" },
    { "ExportLayerRead", export_read, "" },   { "ExportLayerEnd", export_end, "" },
};

static void assert_missing(const checked_call *call)
{
    wcl_error error = WCL_ERROR_INIT;

    assert_int_equal(call->call(&error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_PROC_NOT_FOUND);
    if (!strstr(error.message, call->function) || !strstr(error.message, "vmcompute.dll"))
        fail_msg("the message does not name %s: %s", call->function, error.message);
}

static void a_missing_function_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
        assert_missing(&calls[i]);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_missing(&others[i]);
    assert_false(wcl_vm_has_import());
    assert_false(wcl_vm_has_export());
    assert_false(wcl_vm_has_hns_call());
}
#else
static void reset(void)
{
    recorder->reset();
}

static void each_function_gets_its_arguments(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        wcl_error error = WCL_ERROR_INIT;
        char expected[2000];
        reset();
        assert_int_equal(calls[i].call(&error), WCL_OK);
        snprintf(expected, sizeof(expected), "{\"call\":\"%s\",%s}\n", calls[i].function,
                 calls[i].seen);
        assert_calls(recorder, expected);
    }
}

static void each_result_is_understood(void **state)
{
    (void)state;
    reset();
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
        assert_results(recorder, calls[i].function, calls[i].call);
    assert_results(recorder, "NameToGuid", name_to_guid);
    assert_results(recorder, "GetLayerMountPath", mount_path);
    assert_results(recorder, "ImportLayerBegin", import_begin);
    assert_int_equal(recorder->open_handles(), 0);
}

static void begin_import(void)
{
    assert_int_equal(wcl_vm_import_begin(&driver, "id", parents, &transfer, NULL), WCL_OK);
    recorder->release(recorder->take_log());
}

static void an_import_gets_its_arguments(void **state)
{
    (void)state;
    reset();
    begin_import();
    assert_int_equal(import_next(NULL), WCL_OK);
    assert_calls(recorder, "{\"call\":\"ImportLayerNext\",\"name\":\"\\\\Files\\\\" FACE_SEEN
                           "\",\"info\":\"8877665544332211"
                           "0200000000000000"
                           "0300000000000000"
                           "fcffffffffffffff"
                           "20000000"
                           "00000000"
                           "\"}\n");
    assert_int_equal(import_write(NULL), WCL_OK);
    assert_int_equal(import_delete(NULL), WCL_OK);
    assert_int_equal(import_end(NULL), WCL_OK);
    assert_calls(recorder, "{\"call\":\"ImportLayerWrite\",\"size\":4}\n"
                           "{\"call\":\"ImportLayerNext\",\"name\":\"\\\\Files\\\\gone\","
                           "\"info\":null}\n"
                           "{\"call\":\"ImportLayerEnd\"}\n");
    const recorder_layer *layer = recorder->find_layer(L"id");
    assert_int_equal(layer->count, 2);
    assert_int_equal(layer->entries[0].stream_size, 4);
    assert_memory_equal(layer->entries[0].stream, "data", 4);
}

static void an_export_gives_what_the_dll_gave(void **state)
{
    wcl_vm_file_info info = { 0 };
    char *name = NULL;
    int64_t size = 1;
    bool deleted = true;
    uint8_t room[10];
    uint32_t got;

    (void)state;
    reset();
    begin_import();
    assert_int_equal(import_next(NULL), WCL_OK);
    assert_int_equal(import_write(NULL), WCL_OK);
    assert_int_equal(import_delete(NULL), WCL_OK);
    assert_int_equal(import_end(NULL), WCL_OK);
    assert_int_equal(wcl_vm_export_begin(&driver, "id", no_parents, &transfer, NULL), WCL_OK);
    assert_int_equal(wcl_vm_export_next(transfer, &name, &info, &size, &deleted, NULL), WCL_OK);
    assert_string_equal(name, "Files\\" FACE);
    wcl_free(name);
    assert_int_equal(info.creation_time, 0x1122334455667788);
    assert_int_equal(info.change_time, -4);
    assert_int_equal(info.attributes, 0x20);
    assert_false(deleted);
    assert_int_equal(wcl_vm_export_read(transfer, room, 3, &got, NULL), WCL_OK);
    assert_int_equal(got, 3);
    assert_int_equal(wcl_vm_export_read(transfer, room, 10, &got, NULL), WCL_OK);
    assert_int_equal(got, 1);
    assert_int_equal(wcl_vm_export_read(transfer, room, 10, &got, NULL), WCL_OK);
    assert_int_equal(got, 0);
    assert_int_equal(wcl_vm_export_next(transfer, &name, &info, &size, &deleted, NULL), WCL_OK);
    assert_true(deleted);
    wcl_free(name);
    assert_int_equal(wcl_vm_export_next(transfer, &name, &info, &size, &deleted, NULL), WCL_END);
    assert_int_equal(wcl_vm_export_end(transfer, NULL), WCL_OK);
    assert_int_equal(recorder->open_handles(), 0);
    assert_int_equal(recorder->open_blocks(), 0);
}

/* Ends with the DLL's own failure, so that a new import or export is needed each time. */
static wcl_status import_and_end(wcl_error *error)
{
    assert_int_equal(wcl_vm_import_begin(&driver, "id", no_parents, &transfer, NULL), WCL_OK);
    return import_end(error);
}

static wcl_status export_and_end(wcl_error *error)
{
    assert_int_equal(wcl_vm_export_begin(&driver, "full", no_parents, &transfer, NULL), WCL_OK);
    return export_end(error);
}

static wcl_status export_and_next(wcl_error *error)
{
    assert_int_equal(wcl_vm_export_begin(&driver, "full", no_parents, &transfer, NULL), WCL_OK);
    wcl_status status = export_next(error);
    assert_int_equal(export_end(NULL), WCL_OK);
    return status;
}

static void each_result_of_a_transfer_is_understood(void **state)
{
    (void)state;
    reset();
    assert_int_equal(wcl_vm_import_begin(&driver, "full", no_parents, &transfer, NULL), WCL_OK);
    assert_int_equal(import_next(NULL), WCL_OK);
    assert_int_equal(import_end(NULL), WCL_OK);
    assert_results(recorder, "ImportLayerEnd", import_and_end);
    assert_results(recorder, "ExportLayerEnd", export_and_end);
    assert_results(recorder, "ExportLayerNext", export_and_next);
    begin_import();
    assert_results(recorder, "ImportLayerNext", import_next);
    assert_results(recorder, "ImportLayerWrite", import_write);
    assert_int_equal(import_end(NULL), WCL_OK);
    assert_int_equal(wcl_vm_export_begin(&driver, "full", no_parents, &transfer, NULL), WCL_OK);
    assert_results(recorder, "ExportLayerRead", export_read);
    assert_int_equal(export_end(NULL), WCL_OK);
    assert_int_equal(recorder->open_handles(), 0);
    assert_int_equal(recorder->open_blocks(), 0);
}

static DWORD WINAPI prepare_often(void *context)
{
    (void)context;
    for (int i = 0; i < 50; i++)
        wcl_vm_prepare_layer(&driver, "id", no_parents, NULL);
    return 0;
}

static void layers_are_prepared_one_at_a_time(void **state)
{
    HANDLE threads[4];

    (void)state;
    reset();
    for (size_t i = 0; i < 4; i++)
        threads[i] = CreateThread(NULL, 0, prepare_often, NULL, 0, NULL);
    assert_int_equal(WaitForMultipleObjects(4, threads, TRUE, 60000), WAIT_OBJECT_0);
    for (size_t i = 0; i < 4; i++)
        CloseHandle(threads[i]);
    char *log = recorder->take_log();
    size_t calls_seen = 0;
    for (const char *at = log; (at = strstr(at, "\"at_once\":")); at++, calls_seen++)
        assert_int_equal(strncmp(at, "\"at_once\":1}", 12), 0);
    assert_int_equal(calls_seen, 200);
    recorder->release(log);
}

static void a_failed_guid_fails_the_call(void **state)
{
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    reset();
    recorder->answer("NameToGuid", 0, NULL);
    recorder->answer("NameToGuid", (int32_t)0x80070057, NULL);
    assert_int_equal(prepare(&error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_INVALID_PARAMETER);
    assert_calls(recorder, "");
}

static void a_layer_that_is_there_exists(void **state)
{
    bool answer = true;

    (void)state;
    reset();
    assert_int_equal(wcl_vm_layer_exists(&driver, "id", &answer, NULL), WCL_OK);
    assert_false(answer);
    assert_int_equal(create(NULL), WCL_OK);
    assert_int_equal(wcl_vm_layer_exists(&driver, "id", &answer, NULL), WCL_OK);
    assert_true(answer);
}

static void the_mount_path_is_asked_for_in_two_calls(void **state)
{
    char *path = NULL;

    (void)state;
    reset();
    assert_int_equal(wcl_vm_layer_mount_path(&driver, FACE, &path, NULL), WCL_OK);
    assert_string_equal(path, "\\\\?\\Volume{" FACE "}\\");
    wcl_free(path);
    assert_calls(recorder, "{\"call\":\"GetLayerMountPath\"," DRIVER_SEEN ",\"id\":\"" FACE_SEEN
                           "\",\"length\":0,\"has_buffer\":0}\n"
                           "{\"call\":\"GetLayerMountPath\"," DRIVER_SEEN ",\"id\":\"" FACE_SEEN
                           "\",\"length\":16,\"has_buffer\":1}\n");
    recorder->answer("GetLayerMountPath", 0, NULL);
    recorder->answer("GetLayerMountPath", (int32_t)0x80070015, NULL);
    wcl_error error = WCL_ERROR_INIT;
    assert_int_equal(wcl_vm_layer_mount_path(&driver, "id", &path, &error), WCL_FAILED);
    assert_int_equal(error.code, 0x15);
}

static void base_images_are_freed_as_the_dll_wants(void **state)
{
    char *json = NULL;
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    reset();
    recorder->answer("GetBaseImages", 0, L"{\"Images\":[\"\xE9\xD83D\xDE00\"]}");
    assert_int_equal(wcl_vm_base_images(&json, NULL), WCL_OK);
    assert_string_equal(json, "{\"Images\":[\"\xC3\xA9" FACE "\"]}");
    wcl_free(json);
    assert_int_equal(recorder->open_blocks(), 0);
    recorder->answer("GetBaseImages", (int32_t)0xC037010E, NULL);
    assert_int_equal(wcl_vm_base_images(&json, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_HCS_NOT_EXIST);
    /* Success without a text. */
    assert_int_equal(wcl_vm_base_images(&json, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_UNEXPECTED_VALUE);
}

static void a_guid_comes_as_it_lies_in_memory(void **state)
{
    wcl_guid guid;
    char text[37];

    (void)state;
    reset();
    assert_int_equal(wcl_vm_name_to_guid("4\xC3\xA9" FACE, &guid, NULL), WCL_OK);
    wcl_guid_format(&guid, text);
    assert_string_equal(text, "00e90034-d83d-de00-0000-000000000000");
    char *log = recorder->take_log();
    assert_string_equal(log, "{\"call\":\"NameToGuid\",\"name\":\"4\\u00e9" FACE_SEEN "\"}\n");
    recorder->release(log);
}

static void names_that_are_no_text_never_reach_the_dll(void **state)
{
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    reset();
    assert_int_equal(wcl_vm_activate_layer(&driver, "\xFF", &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_INVALID_NAME);
    assert_int_equal(wcl_vm_create_layer(&driver, "id", "\xC3", &error), WCL_FAILED);
    assert_calls(recorder, "");
}

static void what_the_dll_has_is_found(void **state)
{
    (void)state;
    assert_true(wcl_vm_has_import());
    assert_true(wcl_vm_has_export());
    assert_true(wcl_vm_has_hns_call());
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
#ifdef NO_FUNCTIONS_AT_ALL
        cmocka_unit_test(a_missing_function_is_named),
#else
        cmocka_unit_test(each_function_gets_its_arguments),
        cmocka_unit_test(each_result_is_understood),
        cmocka_unit_test(a_failed_guid_fails_the_call),
        cmocka_unit_test(a_layer_that_is_there_exists),
        cmocka_unit_test(the_mount_path_is_asked_for_in_two_calls),
        cmocka_unit_test(base_images_are_freed_as_the_dll_wants),
        cmocka_unit_test(a_guid_comes_as_it_lies_in_memory),
        cmocka_unit_test(names_that_are_no_text_never_reach_the_dll),
        cmocka_unit_test(an_import_gets_its_arguments),
        cmocka_unit_test(an_export_gives_what_the_dll_gave),
        cmocka_unit_test(each_result_of_a_transfer_is_understood),
        cmocka_unit_test(layers_are_prepared_one_at_a_time),
        cmocka_unit_test(what_the_dll_has_is_found),
#endif
    };

    recorder = load_recorder();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
