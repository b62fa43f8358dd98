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

#include "container/notification.h"

#define ROUNDS 1000

void __real_free(void *memory);
void __wrap_free(void *memory);
void __wrap_free(void *memory)
{
    if (memory)
        memset(memory, 0xDD, _msize(memory));
    __real_free(memory);
}

/* A thread of the service's, which never stops talking. */
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

static void *talk(void *context)
{
    service *self = context;

    for (size_t i = 0; !self->over; i++) {
        void *handle = self->handle;
        if (handle)
            recorder->tell(handle, types[i % (self->ends ? TYPES : HARMLESS)],
                           i % 5 ? 0 : (int32_t)0x80070005, i % 2 ? L"{\"Status\":1}" : NULL);
        self->rounds++;
        sched_yield();
    }
    return NULL;
}

typedef struct user {
    pthread_t thread;
    wcl_container *container;
    wcl_process *process;
    uint32_t code;
} user;

/* Is told how its wait ended. */
static void *wait_for_end(void *context)
{
    user *self = context;
    wcl_error error = WCL_ERROR_INIT;
    wcl_status status = self->process ? wcl_process_wait(self->process, &error)
                                      : wcl_container_wait(self->container, &error);

    self->code = status == WCL_OK ? 0 : error.code;
    return NULL;
}

static void *start_it(void *context)
{
    user *self = context;
    wcl_error error = WCL_ERROR_INIT;

    self->code = wcl_container_start(self->container, &error) == WCL_OK ? 0 : error.code;
    return NULL;
}

static bool is_expected(uint32_t code)
{
    return code == 0 || code == WCL_CODE_HANDLE_CLOSE || code == WCL_CODE_ALREADY_CLOSED ||
           code == WCL_CODE_ACCESS_DENIED || code == WCL_CODE_UNEXPECTED_CONTAINER_EXIT ||
           code == WCL_CODE_UNEXPECTED_PROCESS_ABORT;
}

static void join(user *self)
{
    pthread_join(self->thread, NULL);
    if (!is_expected(self->code))
        fail_msg("a wait ended with code 0x%x", (unsigned)self->code);
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

static void race_once(service services[2], int round)
{
    wcl_container *container = open_box();
    void *system = recorder->last_handle();
    user users[3] = { { .container = container }, { .container = container }, { 0 } };

    OK(wcl_process_open(container, PID, &users[2].process, error));
    recorder->answer("HcsStartComputeSystem", PENDING, NULL);
    assert_int_equal(pthread_create(&users[0].thread, NULL, start_it, &users[0]), 0);
    assert_int_equal(pthread_create(&users[1].thread, NULL, wait_for_end, &users[1]), 0);
    assert_int_equal(pthread_create(&users[2].thread, NULL, wait_for_end, &users[2]), 0);
    services[0].ends = services[1].ends = round % 2;
    services[0].handle = system;
    services[1].handle = recorder->last_handle();
    let_talk(services, round);
    OK(wcl_container_close(container, error));
    OK(wcl_process_close(users[2].process, error));
    for (int i = 0; i < 3; i++)
        join(&users[i]);
    wcl_process_free(users[2].process);
    wcl_container_free(container);
    free(calls_of(NULL));
    /* An answer that a start did not come to take is not for the next one. */
    if (round % 50 == 0) {
        services[0].handle = services[1].handle = NULL;
        assert_nothing_left("after the rounds so far");
        recorder->reset();
    }
}

static void notifications_race_with_closing(void **state)
{
    service services[2] = { 0 };

    (void)state;
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&services[i].thread, NULL, talk, &services[i]), 0);
    for (int round = 1; round <= ROUNDS; round++)
        race_once(services, round);
    for (int i = 0; i < 2; i++) {
        services[i].over = true;
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
