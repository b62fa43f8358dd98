/* Operations of compute systems that end later: what their notifications, or others, make of them.
 */
#include "windows/containers/computed.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <windows.h>

#include "container/notification.h"
#include "container/notifier.h"
#include "tests/tools/outcome.h"

#define CREATE "HcsCreateComputeSystem"
#define START "HcsStartComputeSystem"
#define PAUSE "HcsPauseComputeSystem"

#define E_DENIED ((int32_t)0x80070005)

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* The next call of `function` is pending, and followed by a notification in `milliseconds`. */
static void script(const char *function, uint32_t type, int32_t status, uint32_t milliseconds)
{
    recorder->answer(function, PENDING, NULL);
    recorder->follow(function, type, status, NULL, milliseconds);
}

/* ---- Creating ----------------------------------------------------------------------------------
 */

static void a_creation_ends_with_its_notification(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_container *container = NULL;

    (void)state;
    script(CREATE, WCL_NOTIFY_CREATE_COMPLETED, 0, 30);
    assert_ok(wcl_container_create_json(&options, BOX, "{}", &container, &error), &error);
    char *log = calls_of(NULL);
    assert_string_equal(log, "{\"call\":\"HcsCreateComputeSystem\",\"id\":\"" BOX_SEEN
                             "\",\"configuration\":\"{}\",\"identity\":0}\n"
                             "{\"call\":\"HcsRegisterComputeSystemCallback\",\"handle\":1}\n");
    free(log);
    wcl_container_free(container);
    log = calls_of(NULL);
    assert_string_equal(log, "{\"call\":\"HcsUnregisterComputeSystemCallback\",\"handle\":1}\n"
                             "{\"call\":\"HcsCloseComputeSystem\",\"handle\":1}\n");
    free(log);
}

static void a_completion_before_the_callback_is_registered_is_not_missed(void **state)
{
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    for (int round = 0; round < 100; round++) {
        wcl_container *container = NULL;
        script(CREATE, WCL_NOTIFY_CREATE_COMPLETED, 0, 0);
        assert_ok(wcl_container_create_json(&options, BOX, "{}", &container, &error), &error);
        wcl_container_free(container);
    }
}

static void a_creation_that_fails_later_has_the_notifications_error(void **state)
{
    wcl_container *container = NULL;
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    recorder->answer(CREATE, PENDING, NULL);
    recorder->follow(CREATE, WCL_NOTIFY_CREATE_COMPLETED, E_DENIED,
                     L"{\"ErrorMessage\":\"no \xD83D\xDE00\"}", 10);
    assert_int_equal(wcl_container_create_json(&options, BOX, "{}", &container, &error),
                     WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_ACCESS_DENIED);
    assert_non_null(strstr(error.message, "{\"ErrorMessage\":\"no \xF0\x9F\x98\x80\"}"));
    assert_string_equal(error.operation, "create container");
    assert_null(container);
}

static void a_creation_that_takes_too_long_is_terminated(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_container_options brief = options;
    wcl_container *container = NULL;

    (void)state;
    brief.wait_ms = 50;
    recorder->answer(CREATE, PENDING, NULL);
    assert_fails(WCL_CODE_TIMEOUT, wcl_container_create_json(&brief, BOX, "{}", &container, &error),
                 &error);
    char *log = calls_of("HcsTerminateComputeSystem");
    assert_string_equal(log, "{\"call\":\"HcsTerminateComputeSystem\",\"handle\":1,"
                             "\"options\":\"\"}\n");
    free(log);
}

static void a_container_that_nobody_can_hear_of_is_terminated(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_container *container = NULL;

    (void)state;
    recorder->answer("HcsRegisterComputeSystemCallback", E_DENIED, NULL);
    assert_fails(WCL_CODE_ACCESS_DENIED,
                 wcl_container_create_json(&options, BOX, "{}", &container, &error), &error);
    char *log = calls_of(NULL);
    assert_int_equal(count_calls(log, "HcsTerminateComputeSystem"), 1);
    assert_int_equal(count_calls(log, "HcsCloseComputeSystem"), 1);
    free(log);
    recorder->answer("HcsRegisterComputeSystemCallback", E_DENIED, NULL);
    assert_fails(WCL_CODE_ACCESS_DENIED, wcl_container_open(&options, BOX, &container, &error),
                 &error);
    log = calls_of(NULL);
    assert_int_equal(count_calls(log, "HcsTerminateComputeSystem"), 0);
    assert_int_equal(count_calls(log, "HcsCloseComputeSystem"), 1);
    free(log);
}

/* ---- Starting, pausing, resuming ---------------------------------------------------------------
 */

static void an_exit_during_a_start_is_unexpected(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_container *container = open_box();

    (void)state;
    script(START, WCL_NOTIFY_SYSTEM_EXITED, 0, 20);
    assert_fails(WCL_CODE_UNEXPECTED_CONTAINER_EXIT, wcl_container_start(container, &error),
                 &error);
    assert_ok(wcl_container_wait_timeout(container, 0, &error), &error);
    wcl_container_free(container);
}

static void a_service_that_goes_away_is_lost_communication(void **state)
{
    wcl_container *container = open_box();
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    script(START, WCL_NOTIFY_SERVICE_DISCONNECT, 0, 20);
    assert_int_equal(wcl_container_start(container, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_UNEXPECTED_PROCESS_ABORT);
    assert_non_null(strstr(error.message, "lost communication"));
    assert_fails(WCL_CODE_UNEXPECTED_PROCESS_ABORT, wcl_container_wait(container, &error), &error);
    wcl_container_free(container);
}

static void a_wait_for_an_operation_ends_in_time(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_container_options brief = options;
    wcl_container *container = NULL;

    (void)state;
    assert_int_equal(WCL_DEFAULT_WAIT_MS, 240000);
    brief.wait_ms = 80;
    assert_ok(wcl_container_open(&brief, BOX, &container, &error), &error);
    recorder->answer(START, PENDING, NULL);
    double before = now();
    assert_fails(WCL_CODE_TIMEOUT, wcl_container_start(container, &error), &error);
    assert_true(now() - before > 0.075);
    assert_true(now() - before < 2);
    wcl_container_free(container);
}

static void options_of_an_older_caller_have_the_default_wait(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_container_options older = options;
    wcl_container *container = NULL;

    (void)state;
    older.wait_ms = 1;
    older.struct_size = offsetof(wcl_container_options, wait_ms);
    script(CREATE, WCL_NOTIFY_CREATE_COMPLETED, 0, 100);
    assert_ok(wcl_container_create_json(&older, BOX, "{}", &container, &error), &error);
    wcl_container_free(container);
}

static void each_operation_waits_for_a_notification_of_its_own(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_container_options brief = options;
    wcl_container *container = NULL;

    (void)state;
    brief.wait_ms = 200;
    assert_ok(wcl_container_open(&brief, BOX, &container, &error), &error);
    for (int round = 0; round < 3; round++) {
        script(PAUSE, WCL_NOTIFY_PAUSE_COMPLETED, 0, 5);
        assert_ok(wcl_container_pause(container, &error), &error);
        script("HcsResumeComputeSystem", WCL_NOTIFY_RESUME_COMPLETED, 0, 5);
        assert_ok(wcl_container_resume(container, &error), &error);
    }
    script(PAUSE, WCL_NOTIFY_RESUME_COMPLETED, 0, 5);
    assert_fails(WCL_CODE_TIMEOUT, wcl_container_pause(container, &error), &error);
    wcl_container_free(container);
}

static void a_start_that_fails_later_has_the_notifications_error(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_container *container = open_box();

    (void)state;
    script(START, WCL_NOTIFY_START_COMPLETED, (int32_t)0xC0370106, 5);
    assert_fails(WCL_CODE_HCS_UNEXPECTED_EXIT, wcl_container_start(container, &error), &error);
    wcl_container_free(container);
}

/* ---- Ending ------------------------------------------------------------------------------------
 */

static void a_shutdown_is_pending_until_the_exit(void **state)
{
    wcl_container *container = open_box();
    wcl_error error = WCL_ERROR_INIT;
    wcl_waitable waitable;

    (void)state;
    assert_ok(wcl_container_waitable(container, &waitable, &error), &error);
    script("HcsShutdownComputeSystem", WCL_NOTIFY_SYSTEM_EXITED, 0, 100);
    assert_int_equal(wcl_container_shutdown(container, &error), WCL_PENDING);
    assert_fails(WCL_CODE_TIMEOUT, wcl_container_wait_timeout(container, 5, &error), &error);
    assert_int_equal(WaitForSingleObject((HANDLE)waitable, INFINITE), WAIT_OBJECT_0);
    assert_ok(wcl_container_wait_timeout(container, 0, &error), &error);
    assert_ok(wcl_container_wait(container, &error), &error);
    wcl_container_free(container);
}

static void a_container_that_died_has_the_exits_error(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_container *container = open_box();

    (void)state;
    script("HcsTerminateComputeSystem", WCL_NOTIFY_SYSTEM_EXITED, (int32_t)0xC0370106, 5);
    assert_int_equal(wcl_container_terminate(container, &error), WCL_PENDING);
    assert_fails(WCL_CODE_HCS_UNEXPECTED_EXIT, wcl_container_wait(container, &error), &error);
    wcl_container_free(container);
}

/* ---- Closing -----------------------------------------------------------------------------------
 */

typedef struct waiter {
    wcl_container *container;
    wcl_process *process;
    uint32_t code;
} waiter;

static void *wait_for_exit(void *context)
{
    waiter *self = context;
    wcl_error error = WCL_ERROR_INIT;
    wcl_status status = self->process ? wcl_process_wait(self->process, &error)
                                      : wcl_container_wait(self->container, &error);

    self->code = status == WCL_OK ? 0 : error.code;
    return NULL;
}

static void closing_wakes_those_who_wait(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    waiter self = { .container = open_box() };
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, wait_for_exit, &self), 0);
    nanosleep(&(struct timespec) { 0, 30000000 }, NULL);
    assert_ok(wcl_container_close(self.container, &error), &error);
    pthread_join(thread, NULL);
    assert_true(self.code == WCL_CODE_HANDLE_CLOSE || self.code == WCL_CODE_ALREADY_CLOSED);
    assert_fails(WCL_CODE_ALREADY_CLOSED, wcl_container_start(self.container, &error), &error);
    assert_ok(wcl_container_close(self.container, &error), &error);
    char *log = calls_of(NULL);
    assert_int_equal(count_calls(log, START), 0);
    assert_int_equal(count_calls(log, "HcsCloseComputeSystem"), 1);
    free(log);
    wcl_container_free(self.container);
}

static void a_close_that_fails_gives_the_handle_up_all_the_same(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_container *container = open_box();

    (void)state;
    recorder->answer("HcsUnregisterComputeSystemCallback", E_DENIED, NULL);
    recorder->answer("HcsCloseComputeSystem", (int32_t)0xC037010E, NULL);
    assert_fails(WCL_CODE_ACCESS_DENIED, wcl_container_close(container, &error), &error);
    assert_ok(wcl_container_close(container, &error), &error);
    assert_fails(WCL_CODE_ALREADY_CLOSED, wcl_container_wait(container, &error), &error);
    wcl_container_free(container);
}

static void an_exit_of_a_process_ends_its_wait_alone(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_container *container = open_box();
    wcl_process *process = NULL;

    (void)state;
    assert_ok(wcl_process_open(container, 7, &process, &error), &error);
    recorder->notify(recorder->last_handle(), WCL_NOTIFY_PROCESS_EXITED, 0, NULL);
    assert_ok(wcl_process_wait(process, &error), &error);
    assert_fails(WCL_CODE_TIMEOUT, wcl_container_wait_timeout(container, 5, &error), &error);
    /* A process outlives the handle of its container. */
    wcl_container_free(container);
    assert_ok(wcl_process_kill(process, &error), &error);
    wcl_process_free(process);
}

static void a_process_whose_service_goes_away_is_lost(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_container *container = open_box();
    wcl_process *process = NULL;

    (void)state;
    assert_ok(wcl_process_open(container, 7, &process, &error), &error);
    recorder->notify(recorder->last_handle(), WCL_NOTIFY_SERVICE_DISCONNECT, 0, NULL);
    assert_fails(WCL_CODE_UNEXPECTED_PROCESS_ABORT, wcl_process_wait(process, &error), &error);
    wcl_process_free(process);
    wcl_container_free(container);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_creation_ends_with_its_notification),
        TEST(a_completion_before_the_callback_is_registered_is_not_missed),
        TEST(a_creation_that_fails_later_has_the_notifications_error),
        TEST(a_creation_that_takes_too_long_is_terminated),
        TEST(a_container_that_nobody_can_hear_of_is_terminated),
        TEST(an_exit_during_a_start_is_unexpected),
        TEST(a_service_that_goes_away_is_lost_communication),
        TEST(a_wait_for_an_operation_ends_in_time),
        TEST(options_of_an_older_caller_have_the_default_wait),
        TEST(each_operation_waits_for_a_notification_of_its_own),
        TEST(a_start_that_fails_later_has_the_notifications_error),
        TEST(a_shutdown_is_pending_until_the_exit),
        TEST(a_container_that_died_has_the_exits_error),
        TEST(closing_wakes_those_who_wait),
        TEST(a_close_that_fails_gives_the_handle_up_all_the_same),
        TEST(an_exit_of_a_process_ends_its_wait_alone),
        TEST(a_process_whose_service_goes_away_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
