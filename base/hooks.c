/* Telling a caller how far an operation is. */
#include "base/hooks.h"

#include "base/error.h"

wcl_status wcl_hooks_report(const wcl_hooks *hooks, const wcl_progress *progress, wcl_error *error)
{
    if (hooks && hooks->progress && hooks->progress(hooks->context, progress))
        return wcl_fail(error, WCL_CODE_CANCELLED, "cancelled");
    return WCL_OK;
}

void wcl_hooks_warn(const wcl_hooks *hooks, const wcl_error *error)
{
    char text[sizeof(error->operation) + sizeof(error->subject) + sizeof(error->message) + 32];

    if (hooks && hooks->log)
        hooks->log(hooks->context, WCL_LOG_WARNING, wcl_error_format(error, text, sizeof(text)));
}
