/* Errors: codes, texts, and the questions hcsshim asks of them. */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STRINGIFY_VALUE(x) #x
#define STRINGIFY(x) STRINGIFY_VALUE(x)

const char *wcl_version(void)
{
    return STRINGIFY(WCL_VERSION_MAJOR) "." STRINGIFY(WCL_VERSION_MINOR) "." STRINGIFY(
        WCL_VERSION_PATCH);
}

void wcl_free(void *memory)
{
    free(memory);
}

/* Ends a text that vsnprintf cut with "...", not within a UTF-8 character. */
static void mark_cut(char *text, size_t size)
{
    if (size < 4)
        return;
    size_t end = size - 4;
    while (end > 0 && ((unsigned char)text[end] & 0xC0) == 0x80)
        end--;
    strcpy(text + end, "...");
}

WCL_PRINTF(3, 4)
static void format_text(char *text, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, size, format, arguments);
    va_end(arguments);
    if (length >= 0 && (size_t)length >= size)
        mark_cut(text, size);
}

static void set_message(wcl_error *error, uint32_t code, const char *format, va_list arguments)
{
    error->code = code;
    error->operation[0] = '\0';
    error->subject[0] = '\0';
    int length = vsnprintf(error->message, sizeof(error->message), format, arguments);
    if (length >= 0 && (size_t)length >= sizeof(error->message))
        mark_cut(error->message, sizeof(error->message));
}

wcl_status wcl_fail(wcl_error *error, uint32_t code, const char *format, ...)
{
    if (!error)
        return WCL_FAILED;
    va_list arguments;
    va_start(arguments, format);
    set_message(error, code, format, arguments);
    va_end(arguments);
    return WCL_FAILED;
}

uint32_t wcl_code_of_errno(int number)
{
    static const struct {
        int number;
        uint32_t code;
    } codes[] = {
        { ENOENT, WCL_CODE_FILE_NOT_FOUND },
        { ENOTDIR, WCL_CODE_DIRECTORY },
        { EISDIR, WCL_CODE_DIRECTORY },
        { EACCES, WCL_CODE_ACCESS_DENIED },
        { EPERM, WCL_CODE_ACCESS_DENIED },
        { EROFS, WCL_CODE_ACCESS_DENIED },
        { ENOMEM, WCL_CODE_OUT_OF_MEMORY },
        { EEXIST, WCL_CODE_FILE_EXISTS },
        { ENOTEMPTY, WCL_CODE_DIRECTORY_NOT_EMPTY },
        { EBUSY, WCL_CODE_BUSY },
        { ENOSPC, WCL_CODE_DISK_FULL },
#ifdef EDQUOT
        { EDQUOT, WCL_CODE_DISK_FULL },
#endif
        { ENAMETOOLONG, WCL_CODE_NAME_TOO_LONG },
        { EFBIG, WCL_CODE_FILE_TOO_LARGE },
        { EINVAL, WCL_CODE_INVALID_PARAMETER },
        { ENOSYS, WCL_CODE_NOT_SUPPORTED },
        { EOPNOTSUPP, WCL_CODE_NOT_SUPPORTED },
        { EPIPE, WCL_CODE_BROKEN_PIPE },
        { EINTR, WCL_CODE_CANCELLED },
        { EIO, WCL_CODE_IO },
#ifdef ESRCH
        { ESRCH, WCL_CODE_ELEMENT_NOT_FOUND },
#endif
        { ETIMEDOUT, WCL_CODE_TIMEOUT },
    };

    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        if (codes[i].number == number)
            return codes[i].code;
    return WCL_CODE_GEN_FAILURE;
}

wcl_status wcl_fail_errno(wcl_error *error, int number, const char *format, ...)
{
    if (!error)
        return WCL_FAILED;
    va_list arguments;
    va_start(arguments, format);
    set_message(error, wcl_code_of_errno(number), format, arguments);
    va_end(arguments);
    size_t used = strlen(error->message);
    format_text(error->message + used, sizeof(error->message) - used, ": %s", strerror(number));
    return WCL_FAILED;
}

wcl_status wcl_fail_memory(wcl_error *error)
{
    return wcl_fail(error, WCL_CODE_OUT_OF_MEMORY, "out of memory");
}

wcl_status wcl_error_context(wcl_error *error, const char *operation, const char *subject)
{
    if (!error)
        return WCL_FAILED;
    if (operation)
        format_text(error->operation, sizeof(error->operation), "%s", operation);
    if (subject && *subject) {
        if (error->subject[0] && strcmp(error->subject, subject) != 0) {
            char message[sizeof(error->message)];
            format_text(message, sizeof(message), "%s: %s", error->subject, error->message);
            memcpy(error->message, message, sizeof(message));
        }
        format_text(error->subject, sizeof(error->subject), "%s", subject);
    }
    return WCL_FAILED;
}

wcl_status wcl_error_pass(wcl_error *error, const wcl_error *kept)
{
    if (error)
        *error = *kept;
    return WCL_FAILED;
}

char *wcl_error_format(const wcl_error *error, char *text, size_t size)
{
    const char *blank = error->operation[0] && error->subject[0] ? " " : "";
    const char *colon = error->operation[0] || error->subject[0] ? ": " : "";

    if (size == 0)
        return text;
    if (error->code < 0x10000)
        format_text(text, size, "%s%s%s%s%s (code %u)", error->operation, blank, error->subject,
                    colon, error->message, error->code);
    else
        format_text(text, size, "%s%s%s%s%s (code 0x%08X)", error->operation, blank, error->subject,
                    colon, error->message, error->code);
    return text;
}

bool wcl_error_is_not_exist(const wcl_error *error)
{
    switch (error->code) {
    case WCL_CODE_FILE_NOT_FOUND:
    case WCL_CODE_PATH_NOT_FOUND:
    case WCL_CODE_ELEMENT_NOT_FOUND:
    case WCL_CODE_PROC_NOT_FOUND:
    case WCL_CODE_HCS_NOT_EXIST:
        return true;
    default:
        return false;
    }
}

bool wcl_error_is_already_closed(const wcl_error *error)
{
    return error->code == WCL_CODE_ALREADY_CLOSED;
}

bool wcl_error_is_already_stopped(const wcl_error *error)
{
    return error->code == WCL_CODE_HCS_ALREADY_STOPPED ||
           error->code == WCL_CODE_ELEMENT_NOT_FOUND || error->code == WCL_CODE_PROC_NOT_FOUND;
}

bool wcl_error_is_pending(const wcl_error *error)
{
    return error->code == WCL_CODE_HCS_OPERATION_PENDING;
}

bool wcl_error_is_timeout(const wcl_error *error)
{
    return error->code == WCL_CODE_TIMEOUT;
}
