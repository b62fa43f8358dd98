/* What a test expects of a call that says in a wcl_error why it failed. */
#ifndef WCL_TESTS_OUTCOME_H
#define WCL_TESTS_OUTCOME_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <wcl/base.h>

static inline void outcome_fail(const char *call, const wcl_error *error, const char *file,
                                int line)
{
    char text[1600];

    print_error("%s: %s\n", call, wcl_error_format(error, text, sizeof(text)));
    _fail(file, line);
}

static inline void outcome_is_ok(wcl_status status, const wcl_error *error, const char *call,
                                 const char *file, int line)
{
    if (status != WCL_OK)
        outcome_fail(call, error, file, line);
}

static inline void outcome_is_failure(uint32_t code, wcl_status status, wcl_error *error,
                                      const char *call, const char *file, int line)
{
    if (status != WCL_FAILED || error->code != code || !error->message[0])
        outcome_fail(call, error, file, line);
    *error = (wcl_error)WCL_ERROR_INIT;
}

/* The call, which was given that error, succeeds. */
#define assert_ok(call, error) outcome_is_ok((call), (error), #call, __FILE__, __LINE__)
/* The call, which was given that error, fails with that code and says why; the error is as new
 * afterwards. */
#define assert_fails(code, call, error)                                                            \
    outcome_is_failure((uint32_t)(code), (call), (error), #call " was to fail with " #code,        \
                       __FILE__, __LINE__)

#endif
