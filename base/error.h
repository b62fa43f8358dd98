/* Filling in errors, for the library's own use. */
#ifndef WCL_BASE_ERROR_H
#define WCL_BASE_ERROR_H

#include <wcl/base.h>

/*
 * Sets code and message and forgets operation and subject; returns WCL_FAILED, so that
 * `return wcl_fail(error, ...)` reads well. `error` may be NULL in all of these.
 */
wcl_status wcl_fail(wcl_error *error, uint32_t code, const char *format, ...) WCL_PRINTF(3, 4);

/* The same with the code of errno value `number`, and its text added to the message. */
wcl_status wcl_fail_errno(wcl_error *error, int number, const char *format, ...) WCL_PRINTF(3, 4);

/* WCL_CODE_OUT_OF_MEMORY. */
wcl_status wcl_fail_memory(wcl_error *error);

/*
 * Says what was being done and to what. The outermost operation and subject stand in their fields;
 * a subject that was there already moves in front of the message. Either may be NULL.
 */
wcl_status wcl_error_context(wcl_error *error, const char *operation, const char *subject);

/* Hands on an error that was kept aside; returns WCL_FAILED. */
wcl_status wcl_error_pass(wcl_error *error, const wcl_error *kept);

/* IsPending: the operation is being completed in the background. Public functions make it
 * WCL_PENDING. */
bool wcl_error_is_pending(const wcl_error *error);

/* The Win32 code that an errno value stands for. */
uint32_t wcl_code_of_errno(int number);

#endif
