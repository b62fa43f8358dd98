/* A home that is not there: what only asks does not make it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "tests/tools/store_home.h"

static void asking_makes_no_home(void **state)
{
    const home *home = *state;
    char missing[80];
    wcl_error error = WCL_ERROR_INIT;
    wcl_driver driver = home->driver;
    wcl_layer_info *info = NULL;
    struct stat there;
    bool exists = true;
    char **ids = NULL;
    size_t count;

    snprintf(missing, sizeof(missing), "%s/missing", home->folder);
    driver.home_dir = missing;
    assert_int_equal(wcl_layer_exists(&driver, "layer", &exists, &error), WCL_OK);
    assert_false(exists);
    assert_int_equal(wcl_layer_list(&driver, &ids, &count, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_PATH_NOT_FOUND);
    assert_non_null(strstr(error.message, "there is no store at"));
    assert_int_equal(wcl_layer_get_info(&driver, "layer", &info, &error), WCL_FAILED);
    assert_int_equal(wcl_layer_destroy(&driver, "layer", &error), WCL_FAILED);
    assert_int_equal(stat(missing, &there), -1);
    assert_int_equal(errno, ENOENT);
}

static void asking_makes_nothing_in_another_folder(void **state)
{
    const home *home = *state;
    wcl_error error = WCL_ERROR_INIT;
    struct stat there;
    char staging[80];
    char **ids = NULL;
    size_t count;

    snprintf(staging, sizeof(staging), "%s/.staging", home->folder);
    assert_int_equal(wcl_layer_list(&home->driver, &ids, &count, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_PATH_NOT_FOUND);
    assert_int_equal(stat(staging, &there), -1);
    assert_int_equal(wcl_layer_create(&home->driver, "layer", NULL, &error), WCL_OK);
    assert_int_equal(stat(staging, &there), 0);
    assert_int_equal(wcl_layer_list(&home->driver, &ids, &count, &error), WCL_OK);
    assert_int_equal(count, 1);
    wcl_free(ids);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(asking_makes_no_home, make_home, remove_home),
        cmocka_unit_test_setup_teardown(asking_makes_nothing_in_another_folder, make_home,
                                        remove_home),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
