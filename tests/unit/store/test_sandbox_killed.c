/* Whoever is killed while changing mounts leaves nothing that the next one to open the home does
 * not clear up. WCL_KILL_ROUNDS says how often it is tried. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "layer/store/mount/mount.h"
#include "layer/store/sandbox/sandbox.h"
#include "unit/store/home.h"

#define LIMIT (UINT64_C(16) << 20)

static const wcl_parents none = { NULL, 0 };

/* All changes of mounts there are, over and over. */
static void change_mounts(const wcl_driver *driver)
{
    uint64_t limit = LIMIT;

    for (unsigned round = 0;; round++) {
        wcl_store_activate(driver, "limited", NULL);
        wcl_store_prepare(driver, "limited", none, NULL);
        wcl_store_activate(driver, "box", NULL);
        wcl_store_prepare(driver, "box", none, NULL);
        wcl_store_prepare(driver, "win", none, NULL);
        wcl_store_expand_sandbox(driver, "limited", limit += 4096, NULL);
        wcl_store_unprepare(driver, "box", NULL);
        wcl_store_unprepare(driver, "limited", NULL);
        wcl_store_deactivate(driver, "limited", NULL);
        wcl_store_expand_sandbox(driver, "limited", limit += 4096, NULL);
        wcl_store_deactivate(driver, "box", NULL);
        wcl_store_unprepare(driver, "win", NULL);
    }
}

static void kill_at_random(const wcl_driver *driver, long most_ns)
{
    pid_t child = fork();

    if (child == 0) {
        change_mounts(driver);
        _exit(0);
    }
    assert_true(child > 0);
    const struct timespec wait = { 0, random() % most_ns };
    nanosleep(&wait, NULL);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

/* What calls in turn have built up is allowed to stand; then it can be undone in turn. */
static void undo(const test_home *home)
{
    static const char *const layers[] = { "box", "limited", "win" };
    wcl_error error = WCL_ERROR_INIT;
    char text[1400];

    for (size_t i = 0; i < 3; i++) {
        wcl_status status = wcl_store_unprepare(&home->driver, layers[i], &error);
        if (status != WCL_OK && error.code != WCL_CODE_INVALID_STATE)
            fail_msg("%s", wcl_error_format(&error, text, sizeof(text)));
        status = wcl_store_deactivate(&home->driver, layers[i], &error);
        if (status != WCL_OK && error.code != WCL_CODE_INVALID_STATE)
            fail_msg("%s", wcl_error_format(&error, text, sizeof(text)));
    }
}

static void check_nothing_is_left(const test_home *home)
{
    assert_int_equal(test_mounts(home), 0);
    assert_int_equal(test_loops(home), 0);
    test_shell(home, "[ -z \"$(ls $H/.staging)\" ]; [ ! -e $H/win/unpacked.new ]");
}

static void check_usable(const test_home *home)
{
    wcl_error error = WCL_ERROR_INIT;
    char text[1400];

    if (wcl_store_activate(&home->driver, "limited", &error) != WCL_OK ||
        wcl_store_prepare(&home->driver, "limited", none, &error) != WCL_OK)
        fail_msg("%s", wcl_error_format(&error, text, sizeof(text)));
    test_shell(home, "echo x >>$H/limited/merged/log");
    undo(home);
}

static void kill_rounds(const test_home *home, int rounds)
{
    int interrupted = 0;

    for (int round = 0; round < rounds; round++) {
        wcl_store store;
        kill_at_random(&home->driver, 60 * 1000 * 1000);
        interrupted += test_shell_status(home, "[ -n \"$(ls $H/.staging)\" ]") == 0;
        assert_int_equal(wcl_store_open(&home->driver, &store, NULL), WCL_OK);
        wcl_store_close(&store);
        test_shell(home, "[ -z \"$(ls $H/.staging)\" ]");
        undo(home);
        check_nothing_is_left(home);
        if (round % 10 == 9)
            check_usable(home);
    }
    print_message("%d of %d were killed in the middle of a change\n", interrupted, rounds);
}

static void make_layers(const test_home *home)
{
    test_import(home, "win", NULL, 0, "tests/data/vectors/layer.tar");
    assert_int_equal(wcl_store_create_sandbox(&home->driver, "limited", "win", none, LIMIT, NULL),
                     WCL_OK);
    assert_int_equal(wcl_store_create_sandbox(&home->driver, "box", "win", none, 0, NULL), WCL_OK);
}

static int rounds(void)
{
    const char *text = getenv("WCL_KILL_ROUNDS");

    return text ? atoi(text) : 20;
}

static void a_kill_leaves_nothing_of_mounts_on_files(void **state)
{
    make_layers(*state);
    kill_rounds(*state, rounds());
}

static void a_kill_leaves_nothing_of_mounts_on_loop_devices(void **state)
{
    setenv("WCL_MOUNT", "loop", 1);
    make_layers(*state);
    kill_rounds(*state, rounds());
    unsetenv("WCL_MOUNT");
}

static void a_kill_leaves_nothing_of_an_unpacking(void **state)
{
    const test_home *home = *state;

    setenv("WCL_MOUNT", "unpack", 1);
    make_layers(home);
    for (int round = 0; round < rounds(); round++) {
        wcl_store store;
        kill_at_random(&home->driver, 5 * 1000 * 1000);
        assert_int_equal(wcl_store_open(&home->driver, &store, NULL), WCL_OK);
        wcl_store_close(&store);
        undo(home);
        check_nothing_is_left(home);
        test_shell(home, "rm -rf $H/win/unpacked");
    }
    unsetenv("WCL_MOUNT");
}

int main(void)
{
    if (!test_can_mount())
        return 77;
    srandom((unsigned)time(NULL));
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_kill_leaves_nothing_of_mounts_on_files, test_home_make,
                                        test_home_remove),
        cmocka_unit_test_setup_teardown(a_kill_leaves_nothing_of_mounts_on_loop_devices,
                                        test_home_make, test_home_remove),
        cmocka_unit_test_setup_teardown(a_kill_leaves_nothing_of_an_unpacking, test_home_make,
                                        test_home_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
