/* Loading the recording vmcompute.dll, and asserting on what it recorded. */
#include "base/error.h"
#include "windows/recorded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <windows.h>

const recorded_result recorded_results[] = {
    { 0, WCL_OK, 0 },
    { 1, WCL_OK, 0 }, /* S_FALSE is no failure */
    { (int32_t)0x80070005, WCL_FAILED, WCL_CODE_ACCESS_DENIED },
    { (int32_t)0x80070490, WCL_FAILED, WCL_CODE_ELEMENT_NOT_FOUND },
    { (int32_t)0xA0070005, WCL_FAILED, WCL_CODE_ACCESS_DENIED }, /* the top bits do not count */
    { (int32_t)0xD0070005, WCL_FAILED, 0xD0070005 },
    { (int32_t)0x80004005, WCL_FAILED, 0x80004005 },
    { (int32_t)0xC0370103, WCL_FAILED, WCL_CODE_HCS_OPERATION_PENDING },
    { (int32_t)0xC0370105, WCL_FAILED, WCL_CODE_HCS_INVALID_STATE },
    { (int32_t)0xC037010E, WCL_FAILED, WCL_CODE_HCS_NOT_EXIST },
    { (int32_t)0xC0370110, WCL_FAILED, WCL_CODE_HCS_ALREADY_STOPPED },
};
const size_t recorded_result_count = sizeof(recorded_results) / sizeof(recorded_results[0]);

const recorder_control *load_recorder(void)
{
    HMODULE module = LoadLibraryA(RECORDER_DLL);

    if (!module)
        fail_msg("%s cannot be loaded: %lu", RECORDER_DLL, GetLastError());
    recorder_control_fn control =
        (recorder_control_fn)(void (*)(void))GetProcAddress(module, "RecorderControl");
    if (!control)
        fail_msg("%s is no recorder", RECORDER_DLL);
    return control();
}

/* Takes out the lines of NameToGuid, which every chain of parents brings along. */
static void drop_guid_calls(char *log)
{
    char *to = log;

    for (char *line = log; *line;) {
        char *end = strchr(line, '\n');
        size_t length = end ? (size_t)(end - line) + 1 : strlen(line);
        if (strncmp(line, "{\"call\":\"NameToGuid\"", 20) != 0) {
            memmove(to, line, length);
            to += length;
        }
        line += length;
    }
    *to = '\0';
}

void assert_calls(const recorder_control *recorder, const char *expected)
{
    char *log = recorder->take_log();

    drop_guid_calls(log);
    assert_string_equal(log, expected);
    recorder->release(log);
}

static void assert_result(const recorded_result *expected, wcl_status status,
                          const wcl_error *error, const char *function)
{
    if (status != expected->status)
        fail_msg("%s: HRESULT 0x%08x gave status %d", function, (unsigned)expected->hresult,
                 (int)status);
    if (status == WCL_OK)
        return;
    if (error->code != expected->code)
        fail_msg("%s: HRESULT 0x%08x became code 0x%x", function, (unsigned)expected->hresult,
                 (unsigned)error->code);
    if (!strstr(error->message, function))
        fail_msg("the message does not name %s: %s", function, error->message);
    assert_int_equal(wcl_error_is_pending(error), expected->hresult == (int32_t)0xC0370103);
}

void assert_results(const recorder_control *recorder, const char *function,
                    wcl_status (*call)(wcl_error *error))
{
    for (size_t i = 0; i < recorded_result_count; i++) {
        wcl_error error = WCL_ERROR_INIT;
        recorder->answer(function, recorded_results[i].hresult, NULL);
        wcl_status status = call(&error);
        assert_result(&recorded_results[i], status, &error, function);
    }
    recorder->release(recorder->take_log());
}
