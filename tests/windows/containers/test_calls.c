/* Each function of vmcompute.dll for containers and processes gets its arguments as it wants them,
 * and each of its results is understood. */
#include "windows/containers/computed.h"
#include "tests/tools/outcome.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- What calls them ------------------------------------------------------------------------- */

static wcl_status enumerate(wcl_error *error)
{
    static const char *const ids[] = { BOX };
    const wcl_compute_system_query query = { .struct_size = sizeof(query),
                                             .ids = ids,
                                             .id_count = 1 };
    wcl_container_properties **list = NULL;
    size_t list_count;
    wcl_status status = wcl_containers_query(&options, &query, &list, &list_count, error);

    if (status == WCL_OK) {
        assert_int_equal(list_count, 1);
        assert_string_equal(list[0]->id, "a\xF0\x9F\x98\x80");
    }
    wcl_free(list);
    return status;
}

static wcl_status create_container(wcl_error *error)
{
    wcl_container *container = NULL;
    wcl_status status =
        wcl_container_create_json(&options, BOX, "{\"Name\":\"\xC3\xA9\"}", &container, error);

    wcl_container_free(container);
    return status;
}

static wcl_status open_container(wcl_error *error)
{
    wcl_container *container = NULL;
    wcl_status status = wcl_container_open(&options, BOX, &container, error);

    wcl_container_free(container);
    return status;
}

static wcl_status close_container(wcl_error *error)
{
    wcl_container *container = open_box();
    wcl_status status = wcl_container_close(container, error);

    wcl_container_free(container);
    return status;
}

/* Opens a container, calls, and frees it. */
static wcl_status on_container(wcl_status (*call)(wcl_container *container, wcl_error *error),
                               wcl_error *error)
{
    wcl_container *container = open_box();
    wcl_status status = call(container, error);

    wcl_container_free(container);
    return status;
}

static wcl_status start_container(wcl_error *error)
{
    return on_container(wcl_container_start, error);
}

static wcl_status shutdown_container(wcl_error *error)
{
    return on_container(wcl_container_shutdown, error);
}

static wcl_status terminate_container(wcl_error *error)
{
    return on_container(wcl_container_terminate, error);
}

static wcl_status pause_container(wcl_error *error)
{
    return on_container(wcl_container_pause, error);
}

static wcl_status resume_container(wcl_error *error)
{
    return on_container(wcl_container_resume, error);
}

static wcl_status get_statistics(wcl_container *container, wcl_error *error)
{
    wcl_container_properties *properties = NULL;
    wcl_status status = wcl_container_statistics(container, &properties, error);

    if (status == WCL_OK)
        assert_int_equal(properties->statistics.uptime_100ns, 7);
    wcl_free(properties);
    return status;
}

static wcl_status statistics(wcl_error *error)
{
    return on_container(get_statistics, error);
}

static wcl_status get_process_list(wcl_container *container, wcl_error *error)
{
    wcl_container_properties *properties = NULL;
    wcl_status status = wcl_container_process_list(container, &properties, error);

    if (status == WCL_OK) {
        assert_int_equal(properties->process_count, 1);
        assert_int_equal(properties->processes[0].process_id, 12);
    }
    wcl_free(properties);
    return status;
}

static wcl_status process_list(wcl_error *error)
{
    return on_container(get_process_list, error);
}

static wcl_status get_updates(wcl_container *container, wcl_error *error)
{
    bool pending = false;
    wcl_status status = wcl_container_has_pending_updates(container, &pending, error);

    assert_true(status != WCL_OK || pending);
    return status;
}

static wcl_status updates(wcl_error *error)
{
    return on_container(get_updates, error);
}

static wcl_status get_properties(wcl_container *container, wcl_error *error)
{
    char *json = NULL;
    wcl_status status = wcl_container_properties_json(container, NULL, &json, error);

    assert_true(status != WCL_OK || strcmp(json, "{\"Id\":\"a\"}") == 0);
    wcl_free(json);
    return status;
}

static wcl_status properties(wcl_error *error)
{
    return on_container(get_properties, error);
}

static wcl_status set_settings(wcl_container *container, wcl_error *error)
{
    return wcl_container_modify(container, "{\"RequestType\":\"Add\"}", error);
}

static wcl_status modify(wcl_error *error)
{
    return on_container(set_settings, error);
}

static wcl_status new_process(wcl_container *container, wcl_error *error)
{
    wcl_process_config config = WCL_PROCESS_CONFIG_INIT;
    wcl_process *process = NULL;

    config.command_line = "cmd /c \"echo \xF0\x9F\x98\x80\"";
    config.console_height = 25; /* not sent without a console */
    wcl_status status = wcl_process_create(container, &config, &process, error);
    assert_true(status != WCL_OK || wcl_process_pid(process) == PID);
    wcl_process_free(process);
    return status;
}

static wcl_status create_process(wcl_error *error)
{
    return on_container(new_process, error);
}

/* Opens a process of a container, calls, and frees both. */
static wcl_status on_process(wcl_status (*call)(wcl_process *process, wcl_error *error),
                             wcl_error *error)
{
    wcl_container *container = open_box();
    wcl_process *process = NULL;
    wcl_status status = wcl_process_open(container, 0xFFFFFFFE, &process, error);

    if (status == WCL_OK) {
        assert_int_equal(wcl_process_pid(process), 0xFFFFFFFE);
        status = call(process, error);
    }
    wcl_process_free(process);
    wcl_container_free(container);
    return status;
}

static wcl_status open_process(wcl_error *error)
{
    return on_process(wcl_process_close, error);
}

static wcl_status kill_process(wcl_error *error)
{
    return on_process(wcl_process_kill, error);
}

static wcl_status get_pipes(wcl_process *process, wcl_error *error)
{
    wcl_pipe in, out, err;
    wcl_status status = wcl_process_stdio(process, &in, &out, &err, error);

    assert_true(in == WCL_PIPE_NONE && out == WCL_PIPE_NONE && err == WCL_PIPE_NONE);
    return status;
}

static wcl_status stdio(wcl_error *error)
{
    return on_process(get_pipes, error);
}

static wcl_status get_exit_code(wcl_process *process, wcl_error *error)
{
    int32_t code = 0;
    wcl_status status = wcl_process_exit_code(process, &code, error);

    assert_int_equal(code, status == WCL_OK ? -1073741510 : WCL_WAIT_ERR_EXEC_FAILED);
    return status;
}

static wcl_status exit_code(wcl_error *error)
{
    return on_process(get_exit_code, error);
}

static wcl_status set_size(wcl_process *process, wcl_error *error)
{
    return wcl_process_resize_console(process, 132, 43, error);
}

static wcl_status resize(wcl_error *error)
{
    return on_process(set_size, error);
}

static wcl_status close_stdin(wcl_error *error)
{
    return on_process(wcl_process_close_stdin, error);
}

static wcl_status service_properties(wcl_error *error)
{
    char *json = NULL;
    wcl_status status = wcl_compute_service_properties_json(
        &options, "{\"PropertyTypes\":[\"Basic\"]}", &json, error);

    assert_true(status != WCL_OK || strcmp(json, "{\"Properties\":[]}") == 0);
    wcl_free(json);
    return status;
}

static wcl_status service_modify(wcl_error *error)
{
    return wcl_compute_service_modify(&options, "{\"PropertyType\":\"x\"}", error);
}

/* ---- What they are to see ---------------------------------------------------------------------
 */

typedef struct operation {
    const char *function;
    wcl_status (*run)(wcl_error *error);
    const char *seen;      /* the function's calls, without what all begin with */
    const wchar_t *answer; /* what a success gives */
    uint32_t completion;   /* the notification that ends it when it is pending */
    bool no_document;      /* the DLL has no result besides the code */
} operation;

#define ONE L"{\"Id\":\"a\"}"
#define PROCESS_SEEN(settings) ",\"handle\":2,\"settings\":\"" settings "\"}\n"

static const operation operations[] = {
    { "HcsEnumerateComputeSystems", enumerate,
      ",\"query\":\"{\\\"Ids\\\":[\\\"" BOX_SEEN "\\\"]}\"}\n", L"[{\"Id\":\"a\xD83D\xDE00\"}]", 0,
      false },
    { "HcsCreateComputeSystem", create_container,
      ",\"id\":\"" BOX_SEEN "\",\"configuration\":\"{\\\"Name\\\":\\\"\\u00e9\\\"}\","
      "\"identity\":0}\n",
      L"{}", 2, false },
    { "HcsOpenComputeSystem", open_container, ",\"id\":\"" BOX_SEEN "\"}\n", L"{}", 0, false },
    { "HcsRegisterComputeSystemCallback", open_container, ",\"handle\":1}\n", NULL, 0, true },
    { "HcsUnregisterComputeSystemCallback", close_container, ",\"handle\":1}\n", NULL, 0, true },
    { "HcsCloseComputeSystem", close_container, ",\"handle\":1}\n", NULL, 0, true },
    { "HcsStartComputeSystem", start_container, ",\"handle\":1,\"options\":\"\"}\n", L"{}", 3,
      false },
    { "HcsShutdownComputeSystem", shutdown_container, ",\"handle\":1,\"options\":\"\"}\n", L"{}", 0,
      false },
    { "HcsTerminateComputeSystem", terminate_container, ",\"handle\":1,\"options\":\"\"}\n", L"{}",
      0, false },
    { "HcsPauseComputeSystem", pause_container, ",\"handle\":1,\"options\":\"\"}\n", L"{}", 4,
      false },
    { "HcsResumeComputeSystem", resume_container, ",\"handle\":1,\"options\":\"\"}\n", L"{}", 5,
      false },
    { "HcsGetComputeSystemProperties", statistics,
      ",\"handle\":1,\"query\":\"{\\\"PropertyTypes\\\":[\\\"Statistics\\\"]}\"}\n",
      L"{\"Id\":\"a\",\"Statistics\":{\"Uptime100ns\":7}}", 0, false },
    { "HcsGetComputeSystemProperties", process_list,
      ",\"handle\":1,\"query\":\"{\\\"PropertyTypes\\\":[\\\"ProcessList\\\"]}\"}\n",
      L"{\"Id\":\"a\",\"ProcessList\":[{\"ProcessId\":12}]}", 0, false },
    { "HcsGetComputeSystemProperties", updates,
      ",\"handle\":1,\"query\":\"{\\\"PropertyTypes\\\":[\\\"PendingUpdates\\\"]}\"}\n",
      L"{\"Id\":\"a\",\"AreUpdatesPending\":true}", 0, false },
    { "HcsGetComputeSystemProperties", properties, ",\"handle\":1,\"query\":\"{}\"}\n", ONE, 0,
      false },
    { "HcsModifyComputeSystem", modify,
      ",\"handle\":1,\"configuration\":\"{\\\"RequestType\\\":\\\"Add\\\"}\"}\n", L"{}", 0, false },
    { "HcsCreateProcess", create_process,
      ",\"handle\":1,\"parameters\":\"{\\\"ApplicationName\\\":\\\"\\\",\\\"CommandLine\\\":"
      "\\\"cmd /c \\\\\\\"echo \\ud83d\\ude00\\\\\\\"\\\",\\\"User\\\":\\\"\\\","
      "\\\"WorkingDirectory\\\":\\\"\\\",\\\"EmulateConsole\\\":false,"
      "\\\"CreateStdInPipe\\\":false,\\\"CreateStdOutPipe\\\":false,"
      "\\\"CreateStdErrPipe\\\":false,\\\"Environment\\\":{},\\\"ConsoleSize\\\":[0,0]}\"}\n",
      L"{}", 0, false },
    { "HcsOpenProcess", open_process, ",\"handle\":1,\"pid\":4294967294}\n", L"{}", 0, false },
    { "HcsRegisterProcessCallback", open_process, ",\"handle\":2}\n", NULL, 0, true },
    { "HcsUnregisterProcessCallback", open_process, ",\"handle\":2}\n", NULL, 0, true },
    { "HcsCloseProcess", open_process, ",\"handle\":2}\n", NULL, 0, true },
    { "HcsTerminateProcess", kill_process, ",\"handle\":2}\n", L"{}", 0, false },
    { "HcsGetProcessInfo", stdio, ",\"handle\":2}\n", L"{}", 0, false },
    { "HcsGetProcessProperties", exit_code, ",\"handle\":2}\n",
      L"{\"ProcessId\":3,\"Exited\":true,\"ExitCode\":3221225786,\"LastWaitResult\":0}", 0, false },
    { "HcsModifyProcess", resize,
      PROCESS_SEEN("{\\\"Operation\\\":\\\"ConsoleSize\\\",\\\"ConsoleSize\\\":"
                   "{\\\"Height\\\":43,\\\"Width\\\":132}}"),
      L"{}", 0, false },
    { "HcsModifyProcess", close_stdin,
      PROCESS_SEEN("{\\\"Operation\\\":\\\"CloseHandle\\\",\\\"CloseHandle\\\":"
                   "{\\\"Handle\\\":\\\"StdIn\\\"}}"),
      L"{}", 0, false },
    { "HcsGetServiceProperties", service_properties,
      ",\"query\":\"{\\\"PropertyTypes\\\":[\\\"Basic\\\"]}\"}\n", L"{\"Properties\":[]}", 0,
      false },
    { "HcsModifyServiceSettings", service_modify,
      ",\"settings\":\"{\\\"PropertyType\\\":\\\"x\\\"}\"}\n", L"{}", 0, false },
};

#define OPERATION_COUNT (sizeof(operations) / sizeof(operations[0]))

static void each_function_gets_its_arguments(void **state)
{
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    for (size_t i = 0; i < OPERATION_COUNT; i++) {
        const operation *at = &operations[i];
        char expected[1024];
        recorder->reset();
        if (at->answer)
            recorder->answer(at->function, 0, at->answer);
        assert_ok(at->run(&error), &error);
        char *calls = calls_of(at->function);
        snprintf(expected, sizeof(expected), "{\"call\":\"%s\"%s", at->function, at->seen);
        assert_string_equal(calls, expected);
        free(calls);
        assert_nothing_left(at->function);
    }
}

/* Whether WCL_PENDING is told of what the DLL has begun: of what asks for an end. */
static bool is_the_callers_to_wait_for(const operation *at)
{
    return at->run == shutdown_container || at->run == terminate_container ||
           at->run == kill_process || at->run == modify || at->run == service_modify;
}

/* Runs an operation with one result of its function, and checks what comes of it. */
static void check_result(const operation *at, const recorded_result *result)
{
    bool completes = result->hresult == PENDING && at->completion;
    bool succeeds = result->status == WCL_OK || completes;
    wcl_error error = WCL_ERROR_INIT;

    recorder->reset();
    recorder->answer(at->function, result->hresult,
                     result->status == WCL_OK ? at->answer : L"{\"ErrorMessage\":\"why\"}");
    if (completes)
        recorder->follow(at->function, at->completion, 0, NULL, 1);
    wcl_status status = at->run(&error);
    wcl_status expected = WCL_FAILED;
    if (succeeds)
        expected = WCL_OK;
    else if (result->hresult == PENDING && is_the_callers_to_wait_for(at))
        expected = WCL_PENDING;
    if (status != expected)
        fail_msg("%s: HRESULT 0x%08x gave status %d, %s", at->function, (unsigned)result->hresult,
                 (int)status, error.message);
    recorder->settle();
    assert_nothing_left(at->function);
    if (status != WCL_FAILED)
        return;
    if (error.code != result->code)
        fail_msg("%s: HRESULT 0x%08x became 0x%x", at->function, (unsigned)result->hresult,
                 (unsigned)error.code);
    if (!strstr(error.message, at->function))
        fail_msg("the message does not name %s: %s", at->function, error.message);
    if (!at->no_document && !strstr(error.message, "{\"ErrorMessage\":\"why\"}"))
        fail_msg("the message has not %s's document: %s", at->function, error.message);
}

static void each_result_of_each_function_is_mapped(void **state)
{
    (void)state;
    for (size_t i = 0; i < OPERATION_COUNT; i++)
        for (size_t k = 0; k < recorded_result_count; k++)
            check_result(&operations[i], &recorded_results[k]);
}

static void an_error_says_what_was_done_to_what(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    char text[600];

    (void)state;
    recorder->answer("HcsStartComputeSystem", (int32_t)0xC0370105, L"{\"Error\":-1}");
    assert_int_equal(start_container(&error), WCL_FAILED);
    assert_string_equal(error.operation, "start container");
    assert_string_equal(error.subject, BOX);
    wcl_error_format(&error, text, sizeof(text));
    assert_non_null(strstr(text, "start container " BOX ": HcsStartComputeSystem failed"));
    assert_non_null(strstr(text, "{\"Error\":-1}"));
    assert_non_null(strstr(text, "(code 0xC0370105)"));
}

static void a_success_without_its_document_is_an_unexpected_value(void **state)
{
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    assert_fails(WCL_CODE_UNEXPECTED_VALUE, enumerate(&error), &error);
    assert_fails(WCL_CODE_UNEXPECTED_VALUE, properties(&error), &error);
    assert_fails(WCL_CODE_UNEXPECTED_VALUE, exit_code(&error), &error);
    assert_fails(WCL_CODE_UNEXPECTED_VALUE, service_properties(&error), &error);
}

/* ---- What is sent when there is nothing to say -------------------------------------------------
 */

static void a_query_of_all_is_an_empty_object(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    char *json = NULL;

    (void)state;
    recorder->answer("HcsEnumerateComputeSystems", 0, L"[]");
    assert_ok(wcl_containers_query_json(&options, NULL, &json, &error), &error);
    assert_string_equal(json, "[]");
    wcl_free(json);
    recorder->answer("HcsGetServiceProperties", 0, L"{}");
    assert_ok(wcl_compute_service_properties_json(NULL, NULL, &json, &error), &error);
    wcl_free(json);
    assert_calls(recorder, "{\"call\":\"HcsEnumerateComputeSystems\",\"query\":\"{}\"}\n"
                           "{\"call\":\"HcsGetServiceProperties\",\"query\":\"{}\"}\n");
}

static void a_document_that_wcl_does_not_know_is_handed_on(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    static const char document[] = "{\"SystemType\":\"Container\",\"MappedVirtualDisks\":"
                                   "[{\"HostPath\":\"a.vhdx\",\"CreateInUtilityVM\":true}]}";
    wcl_container *container = NULL;

    (void)state;
    assert_ok(wcl_container_create_json(&options, "id@vm", document, &container, &error), &error);
    char *calls = calls_of("HcsCreateComputeSystem");
    assert_non_null(strstr(calls, "\\\"MappedVirtualDisks\\\":[{\\\"HostPath\\\":"
                                  "\\\"a.vhdx\\\",\\\"CreateInUtilityVM\\\":true}]"));
    assert_non_null(strstr(calls, "\"id\":\"id@vm\""));
    free(calls);
    wcl_container_free(container);
}

static void arguments_become_the_command_line(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    static const char *const arguments[] = { "C:\\a b\\x.exe", "c d", "\"" };
    wcl_process_config config = WCL_PROCESS_CONFIG_INIT;
    wcl_process *process = NULL;
    wcl_container *container = open_box();

    (void)state;
    config.arguments = arguments;
    config.argument_count = 3;
    assert_ok(wcl_process_create(container, &config, &process, &error), &error);
    wcl_process_free(process);
    char *calls = calls_of("HcsCreateProcess");
    assert_null(strstr(calls, "CommandArgs"));
    assert_non_null(strstr(calls,
                           "\\\"CommandLine\\\":\\\"\\\\\\\"C:\\\\\\\\a b\\\\\\\\x.exe\\\\\\\""
                           " \\\\\\\"c d\\\\\\\" \\\\\\\"\\\\\\\\\\\\\\\"\\\\\\\"\\\""));
    free(calls);
    config.command_line = "x";
    assert_fails(WCL_CODE_INVALID_PARAMETER,
                 wcl_process_create(container, &config, &process, &error), &error);
    wcl_container_free(container);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_function_gets_its_arguments),
        TEST(each_result_of_each_function_is_mapped),
        TEST(an_error_says_what_was_done_to_what),
        TEST(a_success_without_its_document_is_an_unexpected_value),
        TEST(a_query_of_all_is_an_empty_object),
        TEST(a_document_that_wcl_does_not_know_is_handed_on),
        TEST(arguments_become_the_command_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
