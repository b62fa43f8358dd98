/* What the tests of compute systems, processes and networks on the recording vmcompute.dll share.
 */
#ifndef WCL_TESTS_WINDOWS_COMPUTED_H
#define WCL_TESTS_WINDOWS_COMPUTED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <wcl/container.h>

#include "windows/recorded.h"

#define PENDING ((int32_t)0xC0370103)

/* An id beyond the BMP, and how the DLL sees it. */
#define BOX "box-\xF0\x9F\x98\x80"
#define BOX_SEEN "box-\\ud83d\\ude00"

/* The pid of the processes that the recorder creates. */
#define PID 4321

extern const recorder_control *recorder;

/* Waits of operations that are pending end after three seconds. */
extern const wcl_container_options options;

/* cmocka's set-up and tear-down: an empty recorder; nothing left open or misused. */
int set_up(void **state);
int tear_down(void **state);
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* Fails the test when the recorder has something that was not given back, or saw a handle used that
 * was not open; `what` says when. */
void assert_nothing_left(const char *what);

/* The lines of the log, which is taken, that are calls of `function`; all of them for NULL. Freed
 * with free(). */
char *calls_of(const char *function);
/* How often it was called, by such a log. */
unsigned count_calls(const char *log, const char *function);

/* A container that is there already; never NULL. */
wcl_container *open_box(void);

#endif
