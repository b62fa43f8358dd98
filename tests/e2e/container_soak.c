/*
 * Containers by the dozen, from many threads and with creators killed at random points; what is
 * left afterwards is container.sh's to find. WCL_TEST_LONG=1 asks for the full numbers.
 */
#include "tests/e2e/container_common.h"
#include "tests/tools/outcome.h"

#include <dirent.h>

static const char *program;

static int choose(int usual, int full)
{
    return getenv("WCL_TEST_LONG") ? full : usual;
}

static void run_true(wcl_container *container)
{
    wcl_process *process = test_run(container, "true", 0);
    assert_int_equal(test_exit_code(process), 0);
    wcl_process_free(process);
}

static size_t entries_of(const char *path)
{
    DIR *folder = opendir(path);
    size_t count = 0;

    assert_non_null(folder);
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

static void rounds_leave_nothing(void **state)
{
    size_t descriptors = 0;

    (void)state;
    for (int i = 0; i < choose(15, 100); i++) {
        wcl_container *container = test_start("round");
        run_true(container);
        test_end(container);
        /* The first round may leave what the C library keeps. */
        if (i == 0)
            descriptors = entries_of("/proc/self/fd");
    }
    assert_int_equal(entries_of("/proc/self/fd"), descriptors);
}

static void many_containers_live_at_once(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    int count = choose(20, 50);
    wcl_container *containers[50];
    wcl_container_properties **list;
    size_t list_count;
    char id[32];

    (void)state;
    for (int i = 0; i < count; i++) {
        snprintf(id, sizeof(id), "many-%d", i);
        containers[i] = test_start(id);
    }
    for (int i = 0; i < count; i++)
        run_true(containers[i]);
    assert_ok(wcl_containers_query(NULL, NULL, &list, &list_count, &error), &error);
    assert_int_equal(list_count, count);
    wcl_free(list);
    for (int i = 0; i < count; i++)
        test_end(containers[i]);
}

/* ---- Threads -------------------------------------------------------------------------------- */

static void *work_in(void *context)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_container *container = context;

    for (int i = 0; i < choose(3, 20); i++) {
        wcl_container_properties *properties;
        run_true(container);
        test_prints(container, "echo x", "x\n");
        assert_ok(wcl_container_statistics(container, &properties, &error), &error);
        wcl_free(properties);
    }
    return NULL;
}

static void *wait_for(void *context)
{
    wcl_error error = WCL_ERROR_INIT;

    assert_ok(wcl_container_wait(context, &error), &error);
    return NULL;
}

static void ten_threads_share_a_handle(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_container *container = test_start("threads");
    pthread_t workers[10], waiter;

    (void)state;
    assert_int_equal(pthread_create(&waiter, NULL, wait_for, container), 0);
    for (int i = 0; i < 10; i++)
        assert_int_equal(pthread_create(&workers[i], NULL, work_in, container), 0);
    for (int i = 0; i < 10; i++)
        pthread_join(workers[i], NULL);
    assert_int_equal(wcl_container_terminate(container, &error), WCL_PENDING);
    pthread_join(waiter, NULL);
    wcl_container_free(container);
}

/* ---- Kills ---------------------------------------------------------------------------------- */

/* Makes, uses and ends containers until it is killed. */
static void role_churn(const char *id)
{
    for (;;) {
        wcl_container *container = test_start(id);
        wcl_process *process = test_run(container, "sleep 0.01", TEST_OUT);
        test_exit_code(process);
        wcl_process_free(process);
        test_end(container);
    }
}

/* Ends what a killed creator left, as a program that cleans up would. */
static void end_all(void)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_container_properties **list;
    size_t list_count;

    assert_ok(wcl_containers_query(NULL, NULL, &list, &list_count, &error), &error);
    for (size_t i = 0; i < list_count; i++) {
        wcl_container *container = NULL;
        const char *id = list[i]->id;
        if (wcl_container_open(NULL, id, &container, &error) != WCL_OK) {
            /* One that had stopped goes by itself. */
            assert_true(wcl_error_is_not_exist(&error));
            continue;
        }
        test_end(container);
    }
    wcl_free(list);
}

static void kills_at_random_points_leave_what_can_be_cleaned_up(void **state)
{
    unsigned seed = (unsigned)time(NULL);
    char id[32];

    (void)state;
    print_message("seed %u\n", seed);
    for (int i = 0; i < choose(12, 100); i++) {
        snprintf(id, sizeof(id), "churn-%d", i);
        pid_t child = fork();
        if (child == 0) {
            execl(program, program, "churn", id, (char *)NULL);
            _exit(127);
        }
        test_sleep_ms(rand_r(&seed) % 250);
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, NULL, 0), child);
        if (i % 4 == 3)
            end_all();
    }
    /* What was on its way when its creator was killed gets there first. */
    test_sleep_ms(1000);
    end_all();
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rounds_leave_nothing),
        cmocka_unit_test(many_containers_live_at_once),
        cmocka_unit_test(ten_threads_share_a_handle),
        cmocka_unit_test(kills_at_random_points_leave_what_can_be_cleaned_up),
    };

    program = argv[0];
    if (argc > 2 && strcmp(argv[1], "churn") == 0)
        role_churn(argv[2]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
