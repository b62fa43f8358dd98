/* Telling a caller how far an operation is. */
#include "base/hooks.h"

#include "base/error.h"

wcl_status wcl_hooks_report(const wcl_hooks *hooks, const wcl_progress *progress, wcl_error *error)
{
    if (hooks && hooks->progress && hooks->progress(hooks->context, progress))
        return wcl_fail(error, WCL_CODE_CANCELLED, "cancelled");
    return WCL_OK;
}
