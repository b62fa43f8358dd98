/* What tests with the recording vmcompute.dll share: loading it, and asserting on calls. */
#ifndef WCL_TESTS_WINDOWS_RECORDED_H
#define WCL_TESTS_WINDOWS_RECORDED_H

#include <wcl/base.h>

#include "windows/recorder/recorder.h"

/* Loads the variant that this test was built for, before the library does; never NULL. */
const recorder_control *load_recorder(void);

/* Fails the test unless the log is exactly `expected`; calls of NameToGuid are left out of it. */
void assert_calls(const recorder_control *recorder, const char *expected);

/* How a call of a DLL's function can end, and what must come of it. */
typedef struct recorded_result {
    int32_t hresult;
    wcl_status status;
    uint32_t code;
} recorded_result;

extern const recorded_result recorded_results[];
extern const size_t recorded_result_count;

/*
 * Calls `call` once for each of these results, which the DLL gives to its call of `function`, and
 * checks the status, the code and that a failure's message names the function.
 */
void assert_results(const recorder_control *recorder, const char *function,
                    wcl_status (*call)(wcl_error *error));

#endif
