/* Each function of vmcompute.dll for compute systems, processes and networks gets its arguments as
 * it wants them, and its result is understood. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/error.h"
#include "platform/windows/vmcompute.h"
#include "windows/recorded.h"

#define FACE "\xF0\x9F\x98\x80"
#define FACE_SEEN "\\ud83d\\ude00"

static const recorder_control *recorder;
/* Open while the calls below are made: the first and the second handle that were opened. */
static wcl_hcs_system box;
static wcl_hcs_process process;
static char *result;

static void notify(uint32_t type, void *context, int32_t status, const wchar_t *data)
{
    (void)type;
    (void)context;
    (void)status;
    (void)data;
}

static wcl_status enumerate(wcl_error *error)
{
    char *systems = NULL;
    wcl_status status = wcl_hcs_enumerate_systems("{\"Ids\":[\"a\"]}", &systems, &result, error);
    wcl_free(systems);
    return status;
}

/* A handle is there after success and while the creation is pending. */
static wcl_status create(wcl_error *error)
{
    wcl_hcs_system system = NULL;
    wcl_status status = wcl_hcs_create_system(FACE, "{}", NULL, &system, &result, error);
    assert_int_equal(system != NULL, status == WCL_OK || wcl_error_is_pending(error));
    if (system)
        assert_int_equal(wcl_hcs_close_system(system, NULL), WCL_OK);
    return status;
}

static wcl_status open_system(wcl_error *error)
{
    wcl_hcs_system system = NULL;
    wcl_status status = wcl_hcs_open_system("box " FACE, &system, &result, error);
    assert_int_equal(system != NULL, status == WCL_OK);
    if (system)
        assert_int_equal(wcl_hcs_close_system(system, NULL), WCL_OK);
    return status;
}

static wcl_status close_system(wcl_error *error)
{
    wcl_hcs_system system = NULL;
    assert_int_equal(wcl_hcs_open_system("x", &system, NULL, NULL), WCL_OK);
    return wcl_hcs_close_system(system, error);
}

static wcl_status start(wcl_error *error)
{
    return wcl_hcs_start_system(box, "", &result, error);
}

static wcl_status shut_down(wcl_error *error)
{
    return wcl_hcs_shutdown_system(box, "{\"a\":1}", &result, error);
}

static wcl_status terminate(wcl_error *error)
{
    return wcl_hcs_terminate_system(box, "", &result, error);
}

static wcl_status pause_system(wcl_error *error)
{
    return wcl_hcs_pause_system(box, NULL, &result, error);
}

static wcl_status resume(wcl_error *error)
{
    return wcl_hcs_resume_system(box, "", &result, error);
}

static wcl_status properties(wcl_error *error)
{
    char *text = NULL;
    wcl_status status = wcl_hcs_system_properties(box, "{\"PropertyTypes\":[\"Statistics\"]}",
                                                  &text, &result, error);
    wcl_free(text);
    return status;
}

static wcl_status modify(wcl_error *error)
{
    return wcl_hcs_modify_system(box, "{\"b\":\"" FACE "\"}", &result, error);
}

static wcl_status register_system(wcl_error *error)
{
    wcl_hcs_callback callback = NULL;
    wcl_status status = wcl_hcs_register_system_callback(box, notify, NULL, &callback, error);
    assert_int_equal(callback != NULL, status == WCL_OK);
    if (callback)
        assert_int_equal(wcl_hcs_unregister_system_callback(callback, NULL), WCL_OK);
    return status;
}

static wcl_status unregister_system(wcl_error *error)
{
    wcl_hcs_callback callback = NULL;
    assert_int_equal(wcl_hcs_register_system_callback(box, notify, NULL, &callback, NULL), WCL_OK);
    return wcl_hcs_unregister_system_callback(callback, error);
}

static wcl_status create_process(wcl_error *error)
{
    wcl_hcs_process_information information;
    wcl_hcs_process created = NULL;
    wcl_status status = wcl_hcs_create_process(box, "{\"CommandLine\":\"" FACE "\"}", &information,
                                               &created, &result, error);
    assert_int_equal(created != NULL, status == WCL_OK);
    assert_int_equal(information.pid, status == WCL_OK ? 4321 : 0);
    if (created)
        assert_int_equal(wcl_hcs_close_process(created, NULL), WCL_OK);
    return status;
}

static wcl_status open_process(wcl_error *error)
{
    wcl_hcs_process opened = NULL;
    wcl_status status = wcl_hcs_open_process(box, 4000000000, &opened, &result, error);
    assert_int_equal(opened != NULL, status == WCL_OK);
    if (opened)
        assert_int_equal(wcl_hcs_close_process(opened, NULL), WCL_OK);
    return status;
}

static wcl_status close_process(wcl_error *error)
{
    wcl_hcs_process opened = NULL;
    assert_int_equal(wcl_hcs_open_process(box, 1, &opened, NULL, NULL), WCL_OK);
    return wcl_hcs_close_process(opened, error);
}

static wcl_status terminate_process(wcl_error *error)
{
    return wcl_hcs_terminate_process(process, &result, error);
}

static wcl_status process_info(wcl_error *error)
{
    wcl_hcs_process_information information;
    wcl_status status = wcl_hcs_process_info(process, &information, &result, error);
    assert_int_equal(information.pid, status == WCL_OK ? 4321 : 0);
    return status;
}

static wcl_status process_properties(wcl_error *error)
{
    char *text = NULL;
    wcl_status status = wcl_hcs_process_properties(process, &text, &result, error);
    wcl_free(text);
    return status;
}

static wcl_status modify_process(wcl_error *error)
{
    return wcl_hcs_modify_process(process, "{\"Operation\":\"CloseHandle\"}", &result, error);
}

static wcl_status register_process(wcl_error *error)
{
    wcl_hcs_callback callback = NULL;
    wcl_status status = wcl_hcs_register_process_callback(process, notify, NULL, &callback, error);
    assert_int_equal(callback != NULL, status == WCL_OK);
    if (callback)
        assert_int_equal(wcl_hcs_unregister_process_callback(callback, NULL), WCL_OK);
    return status;
}

static wcl_status unregister_process(wcl_error *error)
{
    wcl_hcs_callback callback = NULL;
    assert_int_equal(wcl_hcs_register_process_callback(process, notify, NULL, &callback, NULL),
                     WCL_OK);
    return wcl_hcs_unregister_process_callback(callback, error);
}

static wcl_status service_properties(wcl_error *error)
{
    char *text = NULL;
    wcl_status status = wcl_hcs_service_properties(NULL, &text, &result, error);
    wcl_free(text);
    return status;
}

static wcl_status modify_service(wcl_error *error)
{
    return wcl_hcs_modify_service_settings("{}", &result, error);
}

static wcl_status hns_call(wcl_error *error)
{
    char *response = NULL;
    wcl_status status = wcl_vm_hns_call("POST", "/networks/" FACE, "{}", &response, error);
    wcl_free(response);
    return status;
}

typedef struct checked_call {
    const char *function;
    wcl_status (*call)(wcl_error *error);
    const char *seen; /* of the call's line, behind its name */
} checked_call;

static const checked_call calls[] = {
    { "HcsEnumerateComputeSystems", enumerate, "\"query\":\"{\\\"Ids\\\":[\\\"a\\\"]}\"" },
    { "HcsCreateComputeSystem", create,
      "\"id\":\"" FACE_SEEN "\",\"configuration\":\"{}\",\"identity\":0" },
    { "HcsOpenComputeSystem", open_system, "\"id\":\"box " FACE_SEEN "\"" },
    { "HcsStartComputeSystem", start, "\"handle\":1,\"options\":\"\"" },
    { "HcsShutdownComputeSystem", shut_down, "\"handle\":1,\"options\":\"{\\\"a\\\":1}\"" },
    { "HcsTerminateComputeSystem", terminate, "\"handle\":1,\"options\":\"\"" },
    { "HcsPauseComputeSystem", pause_system, "\"handle\":1,\"options\":null" },
    { "HcsResumeComputeSystem", resume, "\"handle\":1,\"options\":\"\"" },
    { "HcsGetComputeSystemProperties", properties,
      "\"handle\":1,\"query\":\"{\\\"PropertyTypes\\\":[\\\"Statistics\\\"]}\"" },
    { "HcsModifyComputeSystem", modify,
      "\"handle\":1,\"configuration\":\"{\\\"b\\\":\\\"" FACE_SEEN "\\\"}\"" },
    { "HcsRegisterComputeSystemCallback", register_system, "\"handle\":1" },
    { "HcsCreateProcess", create_process,
      "\"handle\":1,\"parameters\":\"{\\\"CommandLine\\\":\\\"" FACE_SEEN "\\\"}\"" },
    { "HcsOpenProcess", open_process, "\"handle\":1,\"pid\":4000000000" },
    { "HcsTerminateProcess", terminate_process, "\"handle\":2" },
    { "HcsGetProcessInfo", process_info, "\"handle\":2" },
    { "HcsGetProcessProperties", process_properties, "\"handle\":2" },
    { "HcsModifyProcess", modify_process,
      "\"handle\":2,\"settings\":\"{\\\"Operation\\\":\\\"CloseHandle\\\"}\"" },
    { "HcsRegisterProcessCallback", register_process, "\"handle\":2" },
    { "HcsGetServiceProperties", service_properties, "\"query\":null" },
    { "HcsModifyServiceSettings", modify_service, "\"settings\":\"{}\"" },
    { "HNSCall", hns_call,
      "\"method\":\"POST\",\"path\":\"/networks/" FACE_SEEN "\",\"request\":\"{}\"" },
};

static const checked_call endings[] = {
    { "HcsCloseComputeSystem", close_system, NULL },
    { "HcsUnregisterComputeSystemCallback", unregister_system, NULL },
    { "HcsCloseProcess", close_process, NULL },
    { "HcsUnregisterProcessCallback", unregister_process, NULL },
};

static int set_up(void **state)
{
    (void)state;
    recorder->reset();
    result = NULL;
    assert_int_equal(wcl_hcs_create_system("box", "{}", NULL, &box, NULL, NULL), WCL_OK);
    assert_int_equal(wcl_hcs_open_process(box, 1, &process, NULL, NULL), WCL_OK);
    recorder->release(recorder->take_log());
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(wcl_hcs_close_process(process, NULL), WCL_OK);
    assert_int_equal(wcl_hcs_close_system(box, NULL), WCL_OK);
    assert_int_equal(recorder->open_handles(), 0);
    assert_int_equal(recorder->open_blocks(), 0);
    return 0;
}

static void each_function_gets_its_arguments(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        wcl_error error = WCL_ERROR_INIT;
        char expected[500];
        assert_int_equal(calls[i].call(&error), WCL_OK);
        snprintf(expected, sizeof(expected), "{\"call\":\"%s\",%s}\n", calls[i].function,
                 calls[i].seen);
        char *log = recorder->take_log();
        if (strncmp(log, expected, strlen(expected)) != 0)
            fail_msg("%s was called as %s", calls[i].function, log);
        recorder->release(log);
    }
}

static void each_result_is_understood(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
        assert_results(recorder, calls[i].function, calls[i].call);
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
        assert_results(recorder, endings[i].function, endings[i].call);
}

static void what_the_service_says_of_a_failure_is_told(void **state)
{
    static const char says[] = "{\"Error\":\"\xC3\xA9" FACE "\"}";
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    recorder->answer("HcsStartComputeSystem", (int32_t)0x80070005,
                     L"{\"Error\":\"\xE9\xD83D\xDE00\"}");
    assert_int_equal(start(&error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_ACCESS_DENIED);
    assert_non_null(strstr(error.message, says));
    assert_string_equal(result, says);
    wcl_free(result);
    /* Nor is it leaked when nobody wants it. */
    recorder->answer("HcsStartComputeSystem", (int32_t)0xC0370103, L"{}");
    assert_int_equal(wcl_hcs_start_system(box, "", NULL, &error), WCL_FAILED);
    assert_true(wcl_error_is_pending(&error));
    assert_int_equal(recorder->open_blocks(), 0);
}

static void answers_come_as_utf_8(void **state)
{
    char *text = NULL;

    (void)state;
    recorder->answer("HcsEnumerateComputeSystems", 0, L"[\"\xD83D\xDE00\"]");
    assert_int_equal(wcl_hcs_enumerate_systems("", &text, NULL, NULL), WCL_OK);
    assert_string_equal(text, "[\"" FACE "\"]");
    wcl_free(text);
    recorder->answer("HNSCall", 0, L"{\"Success\":true}");
    assert_int_equal(wcl_vm_hns_call("GET", "/networks/", "", &text, NULL), WCL_OK);
    assert_string_equal(text, "{\"Success\":true}");
    wcl_free(text);
    recorder->answer("HcsGetProcessProperties", 0, NULL);
    assert_int_equal(wcl_hcs_process_properties(process, &text, NULL, NULL), WCL_OK);
    assert_null(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_function_gets_its_arguments, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_result_is_understood, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_the_service_says_of_a_failure_is_told, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(answers_come_as_utf_8, set_up, tear_down),
    };

    recorder = load_recorder();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
