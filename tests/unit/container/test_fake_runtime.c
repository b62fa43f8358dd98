/*
 * Containers and processes over a stand-in for the runtime: what the supervisor and the library do
 * between themselves, from many threads. Runs without privileges; also built with ThreadSanitizer.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "container/container_internal.h"
#include "container/oci/system.h"
#include "tests/tools/outcome.h"

static char work[] = "/tmp/wcl-fake-XXXXXX";
static char run_dir[64], root[64], runtime[4096];

static int set_up(void **state)
{
    char here[2048];

    (void)state;
    strcpy(work, "/tmp/wcl-fake-XXXXXX");
    if (!mkdtemp(work) || !getcwd(here, sizeof(here)))
        return -1;
    snprintf(run_dir, sizeof(run_dir), "%s/run", work);
    snprintf(root, sizeof(root), "%s/root", work);
    snprintf(runtime, sizeof(runtime), "%s/tests/unit/container/fake_runtime.sh", here);
    unsetenv("FAKE_RUNTIME_FAIL");
    unsetenv("FAKE_RUNTIME_BUSY");
    return mkdir(root, 0755);
}

/* Fails when containers have left something in the run folder. */
static int tear_down(void **state)
{
    char command[256];

    (void)state;
    snprintf(command, sizeof(command), "rmdir %s/containers && rm -rf %s", run_dir, work);
    return system(command);
}

static wcl_container_options options(void)
{
    wcl_container_options made = WCL_CONTAINER_OPTIONS_INIT;

    made.run_dir = run_dir;
    made.runtime = runtime;
    return made;
}

static wcl_container *start(const char *id)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_container_config config = WCL_CONTAINER_CONFIG_INIT;
    wcl_container_options where = options();
    wcl_container *container = NULL;

    config.layer_folder_path = root;
    assert_ok(wcl_container_create(&where, id, &config, &container, &error), &error);
    assert_ok(wcl_container_start(container, &error), &error);
    return container;
}

static void end(wcl_container *container)
{
    wcl_error error = WCL_ERROR_INIT;

    assert_int_equal(wcl_container_terminate(container, &error), WCL_PENDING);
    assert_ok(wcl_container_wait_timeout(container, 30000, &error), &error);
    wcl_container_free(container);
}

static wcl_process *run(wcl_container *container, const char *line)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_process_config config = WCL_PROCESS_CONFIG_INIT;
    wcl_process *process = NULL;

    config.command_line = line;
    config.create_stdin_pipe = true;
    config.create_stdout_pipe = true;
    assert_ok(wcl_process_create(container, &config, &process, &error), &error);
    return process;
}

static int32_t exit_code(wcl_process *process)
{
    wcl_error error = WCL_ERROR_INIT;
    int32_t code = -1;
    assert_ok(wcl_process_wait_timeout(process, 30000, &error), &error);
    assert_ok(wcl_process_exit_code(process, &code, &error), &error);
    return code;
}

static void a_container_lives_from_creation_to_close(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_container *container = start("life");
    wcl_process *process = run(container, "sh -c \"exit 3\"");

    (void)state;
    assert_int_equal(exit_code(process), 3);
    wcl_process_free(process);
    assert_ok(wcl_container_pause(container, &error), &error);
    assert_fails(WCL_CODE_HCS_INVALID_STATE, wcl_container_pause(container, &error), &error);
    assert_ok(wcl_container_resume(container, &error), &error);
    end(container);
}

static void a_pause_that_the_runtime_gives_up_is_tried_again(void **state)
{
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    setenv("FAKE_RUNTIME_BUSY", "3", 1);
    wcl_container *container = start("busy");
    assert_ok(wcl_container_pause(container, &error), &error);
    assert_ok(wcl_container_resume(container, &error), &error);
    end(container);

    setenv("FAKE_RUNTIME_BUSY", "1000", 1);
    container = start("busier");
    assert_int_equal(wcl_container_pause(container, &error), WCL_FAILED);
    assert_string_equal(error.message, "unable to freeze");
    unsetenv("FAKE_RUNTIME_BUSY");
    end(container);
}

static void what_goes_in_comes_out(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_container *container = start("pipes");
    wcl_process *process = run(container, "cat");
    wcl_pipe in, out, err;
    char text[16] = "";
    size_t got;

    (void)state;
    assert_ok(wcl_process_stdio(process, &in, &out, &err, &error), &error);
    assert_ok(wcl_pipe_write(in, "through", 7, &error), &error);
    assert_ok(wcl_process_close_stdin(process, &error), &error);
    assert_ok(wcl_pipe_read(out, text, sizeof(text) - 1, &got, &error), &error);
    assert_string_equal(text, "through");
    assert_ok(wcl_pipe_read(out, text, sizeof(text) - 1, &got, &error), &error);
    assert_int_equal(got, 0);
    assert_int_equal(exit_code(process), 0);
    wcl_pipe_close(in);
    wcl_pipe_close(out);
    wcl_process_free(process);
    end(container);
}

/* poll() with no end but that of what is polled. */
static size_t poll_first(const wcl_waitable *waitables, size_t count)
{
    struct pollfd polled[3];
    size_t ready = 0;

    for (size_t i = 0; i < count; i++)
        polled[i] = (struct pollfd) { .fd = (int)waitables[i], .events = POLLIN };
    assert_int_equal(poll(polled, count, -1), 1);
    while (!polled[ready].revents)
        ready++;
    return ready;
}

static void one_thread_polls_a_container_and_its_processes(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_container *container = start("polled");
    wcl_process *first = run(container, "sleep 1000"), *second = run(container, "sleep 1000");
    wcl_waitable waitables[3], again;

    (void)state;
    assert_ok(wcl_container_waitable(container, &waitables[0], &error), &error);
    assert_ok(wcl_process_waitable(first, &waitables[1], &error), &error);
    assert_ok(wcl_process_waitable(second, &waitables[2], &error), &error);
    assert_fails(WCL_CODE_TIMEOUT, wcl_process_wait_timeout(second, 0, &error), &error);
    assert_ok(wcl_process_kill(second, &error), &error);
    assert_int_equal(poll_first(waitables, 3), 2);
    assert_ok(wcl_process_wait_timeout(second, 0, &error), &error);
    assert_int_equal(poll_first(&waitables[2], 1), 0);
    assert_ok(wcl_process_waitable(second, &again, &error), &error);
    assert_int_equal(again, waitables[2]);
    assert_ok(wcl_process_kill(first, &error), &error);
    assert_int_equal(poll_first(waitables, 2), 1);
    assert_int_equal(wcl_container_terminate(container, &error), WCL_PENDING);
    assert_int_equal(poll_first(waitables, 1), 0);
    assert_ok(wcl_container_wait_timeout(container, 0, &error), &error);
    assert_ok(wcl_process_close(first, &error), &error);
    assert_fails(WCL_CODE_ALREADY_CLOSED, wcl_process_waitable(first, &again, &error), &error);
    assert_int_equal(again, -1);
    wcl_process_free(first);
    wcl_process_free(second);
    wcl_container_free(container);
}

static void a_shutdown_never_signals_a_shared_pid_namespace(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_container *container = start("shared");
    wcl_process *bystander = run(container, "sleep 1000");

    (void)state;
    /* The stand-in's processes are the host's: only init may be told to end. */
    assert_int_equal(wcl_container_shutdown(container, &error), WCL_PENDING);
    assert_ok(wcl_container_wait_timeout(container, 30000, &error), &error);
    assert_fails(WCL_CODE_TIMEOUT, wcl_process_wait_timeout(bystander, 50, &error), &error);
    assert_ok(wcl_process_kill(bystander, &error), &error);
    assert_int_equal(exit_code(bystander), 137);
    wcl_process_free(bystander);
    wcl_container_free(container);
}

static void a_runtime_that_fails_is_quoted(void **state)
{
    static const char *const verbs[] = { "run", "exec", "pause" };
    wcl_container_config config = WCL_CONTAINER_CONFIG_INIT;
    wcl_process_config process_config = WCL_PROCESS_CONFIG_INIT;
    wcl_container_options where = options();

    (void)state;
    config.layer_folder_path = root;
    process_config.command_line = "true";
    for (size_t i = 0; i < 3; i++) {
        wcl_error error = WCL_ERROR_INIT;
        wcl_container *container = NULL;
        wcl_process *process = NULL;
        setenv("FAKE_RUNTIME_FAIL", verbs[i], 1);
        wcl_status status = wcl_container_create(&where, "failing", &config, &container, &error);
        if (status == WCL_OK)
            status = wcl_container_start(container, &error);
        if (status == WCL_OK)
            status = wcl_process_create(container, &process_config, &process, &error);
        wcl_process_free(process);
        if (status == WCL_OK)
            status = wcl_container_pause(container, &error);
        unsetenv("FAKE_RUNTIME_FAIL");
        assert_int_equal(status, WCL_FAILED);
        assert_int_equal(error.code, WCL_CODE_GEN_FAILURE);
        char wanted[64];
        snprintf(wanted, sizeof(wanted), "fake %s failed on purpose", verbs[i]);
        assert_string_equal(error.message, wanted);
        if (container)
            end(container);
    }
}

static void a_program_that_is_missing_is_not_found(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_process_config config = WCL_PROCESS_CONFIG_INIT;
    wcl_container *container = start("missing");
    wcl_process *process = NULL;

    (void)state;
    config.command_line = "no-such-program";
    assert_fails(WCL_CODE_NO_SUCH_PROGRAM, wcl_process_create(container, &config, &process, &error),
                 &error);
    end(container);
}

static void a_container_ends_with_the_process_that_it_is_for(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    const char *const lines[] = { "cat", "true" };
    wcl_container_options where = options();

    (void)state;
    for (int i = 0; i < 2; i++) {
        wcl_process_config config = WCL_PROCESS_CONFIG_INIT;
        wcl_container *container = start("ends"), *other = NULL;
        wcl_process *process = NULL, *beside = run(container, "sleep 100000");
        char *json = NULL;
        assert_ok(wcl_container_open(&where, "ends", &other, &error), &error);
        config.command_line = lines[i];
        config.create_stdin_pipe = true;
        config.ends_container = true;
        assert_ok(wcl_process_create(container, &config, &process, &error), &error);
        assert_ok(wcl_process_close_stdin(process, &error), &error);
        assert_int_equal(exit_code(process), 0);
        assert_ok(wcl_container_wait_timeout(other, 30000, &error), &error);
        assert_ok(wcl_container_properties_json(other, NULL, &json, &error), &error);
        assert_non_null(strstr(json, "GracefulExit"));
        assert_ok(wcl_process_kill(beside, &error), &error); /* there are no namespaces here */
        exit_code(beside);
        wcl_free(json);
        wcl_process_free(beside);
        wcl_process_free(process);
        wcl_container_free(other);
        wcl_container_free(container);
    }
}

/* ---- Threads -------------------------------------------------------------------------------- */

static void *work_in(void *context)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_container *container = context;

    for (int i = 0; i < 4; i++) {
        wcl_process *process = run(container, "sh -c \"exit 4\"");
        wcl_process *again = NULL;
        assert_int_equal(exit_code(process), 4);
        assert_ok(wcl_process_open(container, wcl_process_pid(process), &again, &error), &error);
        assert_int_equal(exit_code(again), 4);
        wcl_process_free(again);
        wcl_process_free(process);
    }
    return NULL;
}

static void *wait_for_end(void *context)
{
    wcl_error error = WCL_ERROR_INIT;

    assert_ok(wcl_container_wait(context, &error), &error);
    return NULL;
}

static void ten_threads_share_a_handle(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_container *container = start("threads");
    pthread_t workers[10], waiters[3];

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&waiters[i], NULL, wait_for_end, container), 0);
    for (int i = 0; i < 10; i++)
        assert_int_equal(pthread_create(&workers[i], NULL, work_in, container), 0);
    for (int i = 0; i < 10; i++)
        pthread_join(workers[i], NULL);
    assert_int_equal(wcl_container_terminate(container, &error), WCL_PENDING);
    for (int i = 0; i < 3; i++)
        pthread_join(waiters[i], NULL);
    wcl_container_free(container);
}

typedef struct wait_result {
    wcl_container *container;
    wcl_error error;
} wait_result;

/* One of several who open a process while it ends, and then wait for that. */
typedef struct opener {
    wcl_container *container;
    uint32_t pid;
    pthread_barrier_t *barrier;
    bool heard;
} opener;

static void *open_and_wait(void *context)
{
    wcl_error error = WCL_ERROR_INIT;
    opener *self = context;
    wcl_process *process = NULL;

    pthread_barrier_wait(self->barrier);
    assert_ok(wcl_process_open(self->container, self->pid, &process, &error), &error);
    self->heard = wcl_process_wait_timeout(process, 30000, NULL) == WCL_OK;
    wcl_process_free(process);
    return NULL;
}

/* The process that made it hears of the end as well; that must not use up what others are told. */
static void an_end_is_heard_of_by_handles_that_are_opened_meanwhile(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    enum {
        OPENERS = 8,
        ROUNDS = 40
    };
    wcl_container *container = start("ends");

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        pthread_t threads[OPENERS];
        opener openers[OPENERS];
        pthread_barrier_t barrier;
        wcl_process *process = run(container, "cat");
        assert_int_equal(pthread_barrier_init(&barrier, NULL, OPENERS + 1), 0);
        for (int i = 0; i < OPENERS; i++) {
            openers[i] = (opener) { container, wcl_process_pid(process), &barrier, false };
            assert_int_equal(pthread_create(&threads[i], NULL, open_and_wait, &openers[i]), 0);
        }
        pthread_barrier_wait(&barrier);
        assert_ok(wcl_process_kill(process, &error), &error);
        assert_int_equal(exit_code(process), 137);
        for (int i = 0; i < OPENERS; i++) {
            pthread_join(threads[i], NULL);
            assert_true(openers[i].heard);
        }
        pthread_barrier_destroy(&barrier);
        wcl_process_free(process);
    }
    end(container);
}

static void run_true(wcl_container *container, int count)
{
    for (int i = 0; i < count; i++) {
        wcl_process *process = run(container, "true");
        assert_int_equal(exit_code(process), 0);
        wcl_process_free(process);
    }
}

/* More ends than a connection holds, and then more than the supervisor remembers. */
static void who_missed_an_end_asks_for_it(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    enum {
        MORE_THAN_FIT = 320,
        MORE_THAN_REMEMBERED = 140
    };
    wcl_container_options where = options();
    wcl_container *container = start("missed"), *slow = NULL;
    wcl_process *process = run(container, "cat"), *same = NULL, *alive = NULL;
    wcl_process *other = run(container, "cat");

    (void)state;
    assert_ok(wcl_container_open(&where, "missed", &slow, &error), &error);
    assert_ok(wcl_process_open(slow, wcl_process_pid(process), &same, &error), &error);
    assert_ok(wcl_process_open(slow, wcl_process_pid(other), &alive, &error), &error);
    pthread_mutex_lock(&slow->system->mutex); /* it hears nothing for a while */
    run_true(container, MORE_THAN_FIT);
    assert_ok(wcl_process_kill(process, &error), &error);
    assert_int_equal(exit_code(process), 137);
    run_true(container, MORE_THAN_REMEMBERED);
    pthread_mutex_unlock(&slow->system->mutex);
    assert_ok(wcl_process_wait_timeout(same, 30000, &error), &error);
    assert_fails(WCL_CODE_UNEXPECTED_VALUE, wcl_process_exit_code(same, &(int32_t) { 0 }, &error),
                 &error);
    assert_ok(wcl_process_kill(alive, &error), &error);
    assert_int_equal(exit_code(alive), 137);
    wcl_process_free(alive);
    wcl_process_free(same);
    wcl_process_free(other);
    wcl_process_free(process);
    wcl_container_free(slow);
    end(container);
}

static void *wait_with_result(void *context)
{
    wait_result *result = context;

    wcl_container_wait(result->container, &result->error);
    return NULL;
}

/* Whether a call on the handle is under way. */
static bool is_used(wcl_container *container)
{
    pthread_mutex_lock(&container->handle.mutex);
    bool used = container->handle.users > 0;
    pthread_mutex_unlock(&container->handle.mutex);
    return used;
}

static void a_close_in_one_thread_ends_the_wait_of_another(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wait_result result = { start("closed"), WCL_ERROR_INIT };
    wcl_container_options where = options();
    wcl_container *again = NULL;
    pthread_t waiter;

    (void)state;
    assert_ok(wcl_container_open(&where, "closed", &again, &error), &error);
    assert_int_equal(pthread_create(&waiter, NULL, wait_with_result, &result), 0);
    while (!is_used(result.container))
        usleep(1000);
    assert_ok(wcl_container_close(result.container, &error), &error);
    pthread_join(waiter, NULL);
    assert_int_equal(result.error.code, WCL_CODE_HANDLE_CLOSE);
    assert_fails(WCL_CODE_ALREADY_CLOSED, wcl_container_wait(result.container, &error), &error);
    wcl_container_free(result.container);
    end(again);
}

static void a_process_outlives_its_containers_handle(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_container *container = start("outlive"), *again = NULL;
    wcl_process *process = run(container, "sh -c \"read x; exit 8\"");
    wcl_container_options where = options();
    wcl_pipe in, out, err;

    (void)state;
    assert_ok(wcl_container_open(&where, "outlive", &again, &error), &error);
    wcl_container_free(container);
    assert_ok(wcl_process_stdio(process, &in, &out, &err, &error), &error);
    assert_ok(wcl_pipe_write(in, "\n", 1, &error), &error);
    assert_int_equal(exit_code(process), 8);
    wcl_pipe_close(in);
    wcl_pipe_close(out);
    wcl_process_free(process);
    end(again);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_container_lives_from_creation_to_close),
        TEST(a_pause_that_the_runtime_gives_up_is_tried_again),
        TEST(what_goes_in_comes_out),
        TEST(one_thread_polls_a_container_and_its_processes),
        TEST(a_shutdown_never_signals_a_shared_pid_namespace),
        TEST(a_runtime_that_fails_is_quoted),
        TEST(a_program_that_is_missing_is_not_found),
        TEST(a_container_ends_with_the_process_that_it_is_for),
        TEST(ten_threads_share_a_handle),
        TEST(an_end_is_heard_of_by_handles_that_are_opened_meanwhile),
        TEST(who_missed_an_end_asks_for_it),
        TEST(a_close_in_one_thread_ends_the_wait_of_another),
        TEST(a_process_outlives_its_containers_handle),
    };

    if (access("/usr/bin/catatonit", X_OK) < 0) {
        puts("skipped: catatonit is not installed");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
