/* Docker's credential helpers: programs that are given a server on standard input and print the
 * user and the secret as JSON. */
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "image/registry/credentials.h"
#include "platform/linux/run.h"

#define OUTPUT_SIZE_MAX (64 * 1024)
#define SECONDS_MAX 60
/* What helpers print when they know nothing of a server. */
#define NOT_FOUND "credentials not found"

static wcl_status credential_helper_check_name(const char *helper, wcl_error *error)
{
    if (!*helper || strlen(helper) > 200 || strchr(helper, '/'))
        return wcl_fail(error, WCL_CODE_INVALID_NAME,
                        "'%.200s' is not the name of a credential helper", helper);
    return WCL_OK;
}

static wcl_status check_cancelled(void *context, wcl_error *error)
{
    return wcl_http_check_cancelled(context, error);
}

static void cut_line(char *text)
{
    text[strcspn(text, "\r\n")] = '\0';
}

wcl_status wcl_credential_helper_get(const char *helper, const char *server, const wcl_http *http,
                                     wcl_buffer *answer, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer program = WCL_BUFFER_INIT;
    int exit_code;

    if (credential_helper_check_name(helper, error) != WCL_OK ||
        wcl_buffer_printf(&program, error, "docker-credential-%s", helper) != WCL_OK)
        return WCL_FAILED;
    const char *const arguments[] = { wcl_buffer_text(&program), "get", NULL };
    const wcl_command command = { .arguments = arguments,
                                  .input = server,
                                  .kept = STDOUT_FILENO,
                                  .limit = OUTPUT_SIZE_MAX,
                                  .seconds = SECONDS_MAX,
                                  .check = http ? check_cancelled : NULL,
                                  .context = (void *)(uintptr_t)http };
    wcl_status status = wcl_command_run(&command, answer, &exit_code, error);
    /* Where its end is not known the answer says by itself what it is. */
    if (status != WCL_OK || exit_code == 0 || exit_code == WCL_SPAWN_UNKNOWN)
        return status;
    if (strncmp(wcl_buffer_text(answer), NOT_FOUND, sizeof(NOT_FOUND) - 1) == 0)
        return WCL_END;
    if (answer->size)
        cut_line((char *)answer->data);
    return wcl_fail(error, WCL_CODE_ACCESS_DENIED,
                    "the credential helper '%s' fails for '%s': %.300s", arguments[0], server,
                    wcl_buffer_text(answer));
}
