/*
 * Notifications that race with closing: no deadlock, no call after the close, nothing left. Freed
 * memory is overwritten here, so that a notification that came too late would crash.
 */
#include "windows/containers/computed.h"

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <windows.h>

#include "container/notification.h"
#include "tests/tools/outcome.h"

#define ROUNDS 1000

void __real_free(void *memory);
void __wrap_free(void *memory);
void __wrap_free(void *memory)
{
    if (memory)
        memset(memory, 0xDD, _msize(memory));
    __real_free(memory);
}

/* What the threads of the test tell each other. */
static SRWLOCK lock = SRWLOCK_INIT;
static CONDITION_VARIABLE changed = CONDITION_VARIABLE_INIT;

/* A thread of the service's, which does not stop talking as long as there is one to talk to. */
typedef struct service {
    pthread_t thread;
    _Atomic(void *) handle; /* whom it talks to */
    atomic_bool ends;       /* whether it says what ends a container, too */
    atomic_uint rounds;     /* how often it has talked to that one */
    atomic_bool over;
} service;

/* The first three leave a container as it is; the others end it, each for all who come after. */
static const uint32_t types[] = { WCL_NOTIFY_START_COMPLETED,  WCL_NOTIFY_PAUSE_COMPLETED,
                                  WCL_NOTIFY_RESUME_COMPLETED, WCL_NOTIFY_SYSTEM_EXITED,
                                  WCL_NOTIFY_PROCESS_EXITED,   WCL_NOTIFY_SERVICE_DISCONNECT };
#define HARMLESS 3
#define TYPES (sizeof(types) / sizeof(types[0]))

/* Gives it one to talk to; with NULL it leaves the processor to the others. */
static void call_service(service *self, void *handle, bool over)
{
    AcquireSRWLockExclusive(&lock);
    self->handle = handle;
    self->over = over;
    WakeAllConditionVariable(&changed);
    ReleaseSRWLockExclusive(&lock);
}

static void *wait_for_call(service *self)
{
    AcquireSRWLockExclusive(&lock);
    while (!self->handle && !self->over)
        SleepConditionVariableSRW(&changed, &lock, INFINITE, 0);
    ReleaseSRWLockExclusive(&lock);
    return self->handle;
}

static void *talk(void *context)
{
    service *self = context;

    for (size_t i = 0; !self->over; i++) {
        void *handle = self->handle ? self->handle : wait_for_call(self);
        if (handle)
            recorder->tell(handle, types[i % (self->ends ? TYPES : HARMLESS)],
                           i % 5 ? 0 : (int32_t)0x80070005, i % 2 ? L"{\"Status\":1}" : NULL);
        self->rounds++;
        sched_yield();
    }
    return NULL;
}

/* A thread that calls the library, once in each round. */
typedef struct user {
    pthread_t thread;
    wcl_status (*call)(struct user *self, wcl_error *error);
    wcl_container *container;
    wcl_process *process;
    uint32_t code;
    bool busy, over;
} user;

static wcl_status start_it(user *self, wcl_error *error)
{
    return wcl_container_start(self->container, error);
}

static wcl_status wait_for_container(user *self, wcl_error *error)
{
    return wcl_container_wait(self->container, error);
}

static wcl_status wait_for_process(user *self, wcl_error *error)
{
    return wcl_process_wait(self->process, error);
}

static void *use(void *context)
{
    user *self = context;

    AcquireSRWLockExclusive(&lock);
    for (;;) {
        while (!self->busy && !self->over)
            SleepConditionVariableSRW(&changed, &lock, INFINITE, 0);
        if (self->over)
            break;
        ReleaseSRWLockExclusive(&lock);
        wcl_error error = WCL_ERROR_INIT;
        self->code = self->call(self, &error) == WCL_OK ? 0 : error.code;
        AcquireSRWLockExclusive(&lock);
        self->busy = false;
        WakeAllConditionVariable(&changed);
    }
    ReleaseSRWLockExclusive(&lock);
    return NULL;
}

static void begin(user *self, wcl_container *container, wcl_process *process)
{
    AcquireSRWLockExclusive(&lock);
    self->container = container;
    self->process = process;
    self->busy = true;
    WakeAllConditionVariable(&changed);
    ReleaseSRWLockExclusive(&lock);
}

static bool is_expected(uint32_t code)
{
    return code == 0 || code == WCL_CODE_HANDLE_CLOSE || code == WCL_CODE_ALREADY_CLOSED ||
           code == WCL_CODE_ACCESS_DENIED || code == WCL_CODE_UNEXPECTED_CONTAINER_EXIT ||
           code == WCL_CODE_UNEXPECTED_PROCESS_ABORT;
}

static void await_end(user *self)
{
    AcquireSRWLockExclusive(&lock);
    while (self->busy)
        SleepConditionVariableSRW(&changed, &lock, INFINITE, 0);
    ReleaseSRWLockExclusive(&lock);
    if (!is_expected(self->code))
        fail_msg("a call ended with code 0x%x", (unsigned)self->code);
}

static void dismiss(user *self)
{
    AcquireSRWLockExclusive(&lock);
    self->over = true;
    WakeAllConditionVariable(&changed);
    ReleaseSRWLockExclusive(&lock);
    pthread_join(self->thread, NULL);
}

/* Lets both services talk for a while, a different one each round. */
static void let_talk(service services[2], int round)
{
    unsigned wanted = (unsigned)round % 7;

    for (int i = 0; i < 2; i++) {
        unsigned before = services[i].rounds;
        while (services[i].rounds - before < wanted)
            sched_yield();
    }
}

static void race_once(service services[2], user users[3], int round)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_container *container = open_box();
    void *system = recorder->last_handle();
    wcl_process *process = NULL;

    assert_ok(wcl_process_open(container, PID, &process, &error), &error);
    recorder->answer("HcsStartComputeSystem", PENDING, NULL);
    for (int i = 0; i < 3; i++)
        begin(&users[i], container, process);
    services[0].ends = services[1].ends = round % 2;
    call_service(&services[0], system, false);
    call_service(&services[1], recorder->last_handle(), false);
    let_talk(services, round);
    assert_ok(wcl_container_close(container, &error), &error);
    assert_ok(wcl_process_close(process, &error), &error);
    for (int i = 0; i < 3; i++)
        await_end(&users[i]);
    wcl_process_free(process);
    wcl_container_free(container);
    free(calls_of(NULL));
    call_service(&services[0], NULL, false);
    call_service(&services[1], NULL, false);
    /* An answer that a start did not come to take is not for the next one. */
    if (round % 50 == 0) {
        assert_nothing_left("after the rounds so far");
        recorder->reset();
    }
}

static void notifications_race_with_closing(void **state)
{
    service services[2] = { 0 };
    user users[3] = { { .call = start_it },
                      { .call = wait_for_container },
                      { .call = wait_for_process } };

    (void)state;
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&services[i].thread, NULL, talk, &services[i]), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&users[i].thread, NULL, use, &users[i]), 0);
    for (int round = 1; round <= ROUNDS; round++)
        race_once(services, users, round);
    for (int i = 0; i < 3; i++)
        dismiss(&users[i]);
    for (int i = 0; i < 2; i++) {
        call_service(&services[i], NULL, true);
        pthread_join(services[i].thread, NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(notifications_race_with_closing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
