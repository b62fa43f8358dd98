/* Telling a caller how far an operation is, and hearing that it shall end. */
#ifndef WCL_BASE_HOOKS_H
#define WCL_BASE_HOOKS_H

#include <wcl/base.h>

/* Fails with WCL_CODE_CANCELLED where the caller wants no more. `hooks` may be NULL. */
wcl_status wcl_hooks_report(const wcl_hooks *hooks, const wcl_progress *progress, wcl_error *error);

/* Logs an error that ends nothing, as a warning. `hooks` may be NULL. */
void wcl_hooks_warn(const wcl_hooks *hooks, const wcl_error *error);

#endif
