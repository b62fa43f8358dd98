/* Processes that mount and unmount sandboxes of one chain at once do not get into each other's way.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "layer/store/sandbox/sandbox.h"
#include "unit/store/home.h"

#define CROWD 8
#define ROUNDS 12

static const wcl_parents none = { NULL, 0 };

/* Prints the error and ends the process where a call fails with a code other than `allowed`. */
static void must(wcl_status status, const wcl_error *error, uint32_t allowed)
{
    char text[1400];

    if (status == WCL_OK || error->code == allowed)
        return;
    fprintf(stderr, "%s\n", wcl_error_format(error, text, sizeof(text)));
    _exit(1);
}

static void use_sandbox(const wcl_driver *driver, int number, int round)
{
    wcl_error error = WCL_ERROR_INIT;
    char id[32], path[160];

    snprintf(id, sizeof(id), "box%d-%d", number, round);
    must(wcl_store_create_sandbox(driver, id, "base", none, number % 4 ? 0 : 1 << 24, &error),
         &error, WCL_CODE_NONE);
    must(wcl_store_activate(driver, id, &error), &error, WCL_CODE_NONE);
    must(wcl_store_prepare(driver, id, none, &error), &error, WCL_CODE_NONE);
    snprintf(path, sizeof(path), "%s/%s/merged/file", driver->home_dir, id);
    FILE *file = fopen(path, "a+e");
    if (!file || fputs("more\n", file) < 0 || fclose(file) != 0)
        _exit(2);
    /* All mount the same read-only layer: another may have been faster. */
    must(wcl_store_prepare(driver, "base", none, &error), &error, WCL_CODE_INVALID_STATE);
    must(wcl_store_unprepare(driver, id, &error), &error, WCL_CODE_NONE);
    must(wcl_store_unprepare(driver, "base", &error), &error, WCL_CODE_INVALID_STATE);
    must(wcl_store_deactivate(driver, id, &error), &error, WCL_CODE_NONE);
}

static void a_crowd_mounts_and_unmounts(void **state)
{
    const test_home *home = *state;
    pid_t children[CROWD];
    char tar[128];

    test_shell(home, "mkdir $H.src && echo base >$H.src/file && tar -C $H.src -cf $H.tar .");
    snprintf(tar, sizeof(tar), "%s.tar", home->path);
    test_import(home, "base", NULL, 0, tar);
    test_shell(home, "rm -r $H.src $H.tar");
    for (int i = 0; i < CROWD; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] > 0)
            continue;
        for (int round = 0; round < ROUNDS; round++)
            use_sandbox(&home->driver, i, round);
        _exit(0);
    }
    int failed = 0;
    for (int i = 0; i < CROWD; i++) {
        int result;
        assert_int_equal(waitpid(children[i], &result, 0), children[i]);
        failed += !WIFEXITED(result) || WEXITSTATUS(result) != 0;
    }
    assert_int_equal(failed, 0);
    assert_int_equal(test_mounts(home), 0);
    assert_int_equal(test_loops(home), 0);
    test_shell(home, "[ -z \"$(ls $H/.staging)\" ]");
}

int main(void)
{
    if (!test_can_mount())
        return 77;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_crowd_mounts_and_unmounts, test_home_make,
                                        test_home_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
