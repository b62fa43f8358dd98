/* Telling a caller what happens and how far an operation is, and hearing that it is to end. */
#ifndef WCL_BASE_HOOKS_H
#define WCL_BASE_HOOKS_H

#include <wcl/base.h>

/* `hooks` may be NULL in all of these, and any size that wcl_hooks had once. */

/* Refuses hooks without a size, for what `function` was given. */
wcl_status wcl_hooks_check(const wcl_hooks *hooks, const char *function, wcl_error *error);

bool wcl_hooks_can_log(const wcl_hooks *hooks);
void wcl_hooks_log(const wcl_hooks *hooks, wcl_log_level level, const char *message);

bool wcl_hooks_can_report(const wcl_hooks *hooks);
/* Whether the caller wants no more. */
bool wcl_hooks_is_cancelled(const wcl_hooks *hooks, const wcl_progress *progress);
/* The same as a failure with WCL_CODE_CANCELLED. */
wcl_status wcl_hooks_report(const wcl_hooks *hooks, const wcl_progress *progress, wcl_error *error);

/* Logs an error that ends nothing, as a warning. */
void wcl_hooks_warn(const wcl_hooks *hooks, const wcl_error *error);

#endif
