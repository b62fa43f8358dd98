/* Win32 error codes and HRESULTs, with the texts that Windows has for them. */
#include "platform/windows/win32_error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <windows.h>

#include "base/buffer.h"
#include "base/error.h"
#include "platform/windows/wide.h"

/* The Host Compute Service's codes, for which the system has no texts. */
static const struct {
    uint32_t code;
    const char *text;
} service_texts[] = {
    { WCL_CODE_HCS_OPERATION_PENDING, "the operation is being completed" },
    { WCL_CODE_HCS_INVALID_STATE, "the compute system is in the wrong state for this" },
    { WCL_CODE_HCS_UNEXPECTED_EXIT, "the compute system exited unexpectedly" },
    { WCL_CODE_HCS_NOT_EXIST, "there is no such compute system" },
    { WCL_CODE_HCS_ALREADY_STOPPED, "the compute system has stopped already" },
};

/* Takes off the full stop and the line end that system texts have. */
static void trim(wchar_t *text)
{
    size_t length = wcslen(text);

    while (length && wcschr(L" .\r\n", text[length - 1]))
        text[--length] = 0;
}

/* The text of a code, "" where there is none. */
static void win32_error_describe(uint32_t code, char *text, size_t size)
{
    wchar_t wide[256];

    for (size_t i = 0; i < sizeof(service_texts) / sizeof(service_texts[0]); i++) {
        if (service_texts[i].code == code) {
            snprintf(text, size, "%s", service_texts[i].text);
            return;
        }
    }
    text[0] = '\0';
    if (!FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, NULL, code, 0,
                        wide, sizeof(wide) / sizeof(wide[0]), NULL))
        return;
    trim(wide);
    WCL_CLEANUP_FREE char *narrow = wcl_text_of_wide(wide, NULL);
    if (narrow)
        snprintf(text, size, "%s", narrow);
}

uint32_t wcl_code_of_hresult(int32_t hresult)
{
    uint32_t code = (uint32_t)hresult;

    return (code & 0x1FFF0000) == 0x00070000 ? code & 0xFFFF : code;
}

wcl_status wcl_check_hresult(int32_t hresult, const char *function, wcl_error *error)
{
    uint32_t code = wcl_code_of_hresult(hresult);
    char text[256];

    if (hresult >= 0)
        return WCL_OK;
    win32_error_describe(code, text, sizeof(text));
    return wcl_fail(error, code, "%s failed%s%s", function, *text ? ": " : "", text);
}

wcl_status wcl_fail_win32(wcl_error *error, uint32_t code, const char *format, ...)
{
    char message[600], text[256];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    win32_error_describe(code, text, sizeof(text));
    return wcl_fail(error, code, "%s%s%s", message, *text ? ": " : "", text);
}
