/* A caller's hooks, of which an older program may not have all. */
#include "base/hooks.h"

#include "base/error.h"
#include "base/options.h"

#define HAS(hooks, member)                                                                         \
    ((hooks) && (hooks)->struct_size >= offsetof(wcl_hooks, member) + sizeof((hooks)->member) &&   \
     (hooks)->member)

wcl_status wcl_hooks_check(const wcl_hooks *hooks, const char *function, wcl_error *error)
{
    return WCL_CHECK_SIZE(wcl_hooks, hooks, function, error);
}

bool wcl_hooks_can_log(const wcl_hooks *hooks)
{
    return HAS(hooks, log);
}

void wcl_hooks_log(const wcl_hooks *hooks, wcl_log_level level, const char *message)
{
    if (HAS(hooks, log))
        hooks->log(hooks->context, level, message);
}

bool wcl_hooks_can_report(const wcl_hooks *hooks)
{
    return HAS(hooks, progress);
}

bool wcl_hooks_is_cancelled(const wcl_hooks *hooks, const wcl_progress *progress)
{
    return HAS(hooks, progress) && hooks->progress(hooks->context, progress);
}

wcl_status wcl_hooks_report(const wcl_hooks *hooks, const wcl_progress *progress, wcl_error *error)
{
    return wcl_hooks_is_cancelled(hooks, progress)
               ? wcl_fail(error, WCL_CODE_CANCELLED, "cancelled")
               : WCL_OK;
}

void wcl_hooks_warn(const wcl_hooks *hooks, const wcl_error *error)
{
    char text[sizeof(error->operation) + sizeof(error->subject) + sizeof(error->message) + 32];

    wcl_hooks_log(hooks, WCL_LOG_WARNING, wcl_error_format(error, text, sizeof(text)));
}
