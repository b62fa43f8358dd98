/* Waiting for notifications: what ends a wait, and with which of hcsshim's errors. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>
#include <unistd.h>

#include "container/handle.h"
#include "container/notifier.h"

#ifdef _WIN32
#include <windows.h>
#else
#include <poll.h>
#endif

static wcl_notifier notifier;

static bool is_ready(wcl_waitable waitable)
{
#ifdef _WIN32
    return WaitForSingleObject((HANDLE)waitable, 0) == WAIT_OBJECT_0;
#else
    struct pollfd polled = { .fd = (int)waitable, .events = POLLIN };
    return poll(&polled, 1, 0) == 1;
#endif
}

static int set_up(void **state)
{
    (void)state;
    return wcl_notifier_init(&notifier, NULL) == WCL_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    wcl_notifier_destroy(&notifier);
    return 0;
}

static uint32_t wait_code(uint32_t type, unsigned seen)
{
    wcl_error error = WCL_ERROR_INIT;
    return wcl_notifier_wait(&notifier, type, seen, 20, &error) == WCL_OK ? 0 : error.code;
}

static void an_exit_is_seen_by_every_wait_from_then_on(void **state)
{
    (void)state;
    assert_int_equal(wait_code(WCL_NOTIFY_SYSTEM_EXITED, 0), WCL_CODE_TIMEOUT);
    wcl_notifier_receive(&notifier, WCL_NOTIFY_SYSTEM_EXITED, 0, NULL);
    assert_int_equal(wait_code(WCL_NOTIFY_SYSTEM_EXITED, 0), 0);
    assert_int_equal(wait_code(WCL_NOTIFY_SYSTEM_EXITED, 0), 0);
}

static wcl_waitable waitable_of(uint32_t type)
{
    wcl_waitable waitable = WCL_WAITABLE_NONE;

    assert_int_equal(wcl_notifier_waitable(&notifier, type, &waitable, NULL), WCL_OK);
    return waitable;
}

static void what_is_polled_is_ready_when_a_wait_is_over(void **state)
{
    wcl_waitable waitable = waitable_of(WCL_NOTIFY_SYSTEM_EXITED);

    (void)state;
    wcl_notifier_receive(&notifier, WCL_NOTIFY_START_COMPLETED, 0, NULL);
    assert_false(is_ready(waitable));
    wcl_notifier_receive(&notifier, WCL_NOTIFY_SYSTEM_EXITED, 0, NULL);
    assert_true(is_ready(waitable));
    assert_true(is_ready(waitable_of(WCL_NOTIFY_SYSTEM_EXITED)));
}

static void what_is_polled_after_the_end_is_ready(void **state)
{
    (void)state;
    wcl_notifier_receive(&notifier, WCL_NOTIFY_PROCESS_EXITED, 0, NULL);
    assert_true(is_ready(waitable_of(WCL_NOTIFY_PROCESS_EXITED)));
}

static void a_close_makes_what_is_polled_ready(void **state)
{
    wcl_waitable waitable = waitable_of(WCL_NOTIFY_PROCESS_EXITED);

    (void)state;
    assert_false(is_ready(waitable));
    wcl_notifier_close(&notifier);
    assert_true(is_ready(waitable));
}

static void only_a_notification_after_the_operation_counts(void **state)
{
    (void)state;
    wcl_notifier_receive(&notifier, WCL_NOTIFY_PAUSE_COMPLETED, 0, NULL);
    unsigned seen = wcl_notifier_count(&notifier, WCL_NOTIFY_PAUSE_COMPLETED);
    assert_int_equal(wait_code(WCL_NOTIFY_PAUSE_COMPLETED, seen), WCL_CODE_TIMEOUT);
    wcl_notifier_receive(&notifier, WCL_NOTIFY_PAUSE_COMPLETED, 0, NULL);
    assert_int_equal(wait_code(WCL_NOTIFY_PAUSE_COMPLETED, seen), 0);
}

static void an_exit_during_another_wait_is_unexpected(void **state)
{
    (void)state;
    wcl_notifier_receive(&notifier, WCL_NOTIFY_SYSTEM_EXITED, 0, NULL);
    assert_int_equal(wait_code(WCL_NOTIFY_START_COMPLETED, 0), WCL_CODE_UNEXPECTED_CONTAINER_EXIT);
}

static void a_lost_service_ends_waits_but_not_what_had_come_before(void **state)
{
    (void)state;
    wcl_notifier_receive(&notifier, WCL_NOTIFY_PROCESS_EXITED, 0, NULL);
    wcl_notifier_receive(&notifier, WCL_NOTIFY_SERVICE_DISCONNECT, 0, NULL);
    assert_int_equal(wait_code(WCL_NOTIFY_PROCESS_EXITED, 0), 0);
    assert_int_equal(wait_code(WCL_NOTIFY_SYSTEM_EXITED, 0), WCL_CODE_UNEXPECTED_PROCESS_ABORT);
}

static void a_closed_handle_ends_waits(void **state)
{
    (void)state;
    wcl_notifier_close(&notifier);
    assert_int_equal(wait_code(WCL_NOTIFY_SYSTEM_EXITED, 0), WCL_CODE_HANDLE_CLOSE);
}

static void a_failed_operation_has_the_providers_code_and_words(void **state)
{
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    wcl_notifier_receive(&notifier, WCL_NOTIFY_START_COMPLETED, WCL_CODE_GEN_FAILURE, "it broke");
    assert_int_equal(wcl_notifier_wait(&notifier, WCL_NOTIFY_START_COMPLETED, 0, 0, &error),
                     WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_GEN_FAILURE);
    assert_string_equal(error.message, "it broke");
}

static void an_unknown_type_is_refused(void **state)
{
    (void)state;
    assert_int_equal(wait_code(0x77, 0), WCL_CODE_INVALID_NOTIFICATION_TYPE);
    assert_int_equal(wait_code(0, 0), WCL_CODE_INVALID_NOTIFICATION_TYPE);
}

static void *notify_later(void *context)
{
    usleep(30000);
    wcl_notifier_receive(context, WCL_NOTIFY_SYSTEM_EXITED, 0, NULL);
    return NULL;
}

static void *wait_for_exit(void *context)
{
    return wcl_notifier_wait(context, WCL_NOTIFY_SYSTEM_EXITED, 0, WCL_TIMEOUT_INFINITE, NULL) ==
                   WCL_OK
               ? context
               : NULL;
}

static void one_notification_wakes_all_threads(void **state)
{
    pthread_t waiters[10], teller;

    (void)state;
    for (int i = 0; i < 10; i++)
        assert_int_equal(pthread_create(&waiters[i], NULL, wait_for_exit, &notifier), 0);
    assert_int_equal(pthread_create(&teller, NULL, notify_later, &notifier), 0);
    for (int i = 0; i < 10; i++) {
        void *result = NULL;
        pthread_join(waiters[i], &result);
        assert_ptr_equal(result, &notifier);
    }
    pthread_join(teller, NULL);
}

static void a_closed_handle_lets_no_call_in(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_handle handle;

    (void)state;
    assert_int_equal(wcl_handle_init(&handle, NULL), WCL_OK);
    assert_int_equal(wcl_handle_enter(&handle, &error), WCL_OK);
    wcl_handle_leave(&handle);
    assert_true(wcl_handle_close(&handle));
    assert_false(wcl_handle_close(&handle));
    wcl_handle_wait_idle(&handle);
    assert_int_equal(wcl_handle_enter(&handle, &error), WCL_FAILED);
    assert_true(wcl_error_is_already_closed(&error));
    wcl_handle_destroy(&handle);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_exit_is_seen_by_every_wait_from_then_on),
        TEST(what_is_polled_is_ready_when_a_wait_is_over),
        TEST(what_is_polled_after_the_end_is_ready),
        TEST(a_close_makes_what_is_polled_ready),
        TEST(only_a_notification_after_the_operation_counts),
        TEST(an_exit_during_another_wait_is_unexpected),
        TEST(a_lost_service_ends_waits_but_not_what_had_come_before),
        TEST(a_closed_handle_ends_waits),
        TEST(a_failed_operation_has_the_providers_code_and_words),
        TEST(an_unknown_type_is_refused),
        TEST(one_notification_wakes_all_threads),
        cmocka_unit_test(a_closed_handle_lets_no_call_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
