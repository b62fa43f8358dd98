/* Folders that cannot be listed to their end: what was not seen is not taken for what is not there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/staging.h"
#include "tests/tools/broken_listing.h"
#include "tests/tools/store_home.h"

/* More names than any folder here has. */
#define MOST_NAMES 12

static char said[1024];

static void hear(void *context, wcl_log_level level, const char *message)
{
    (void)context;
    if (level == WCL_LOG_WARNING)
        snprintf(said, sizeof(said), "%s", message);
}

static void make_path(const home *home, const char *name, char path[200])
{
    snprintf(path, 200, "%s/%s", home->folder, name);
}

static void make_folder(const home *home, const char *name)
{
    char path[200];

    make_path(home, name, path);
    assert_int_equal(mkdir(path, 0700), 0);
}

static bool is_there(const home *home, const char *name)
{
    char path[200];
    struct stat info;

    make_path(home, name, path);
    return stat(path, &info) == 0;
}

static void a_folder_is_not_taken_for_emptied(void **state)
{
    const home *home = *state;
    wcl_error error = WCL_ERROR_INIT;
    char path[200];

    make_folder(home, "full");
    make_folder(home, "full/inner");
    make_path(home, "full", path);
    names_before_failure = 0;
    assert_int_equal(wcl_beneath_remove_tree(AT_FDCWD, path, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_IO);
    assert_true(is_there(home, "full/inner"));
    assert_int_equal(wcl_beneath_remove_tree(AT_FDCWD, path, &error), WCL_OK);
}

static void a_folder_is_not_taken_for_empty(void **state)
{
    const home *home = *state;
    wcl_error error = WCL_ERROR_INIT;
    wcl_staging *staging = NULL;
    char path[200];

    make_folder(home, "full");
    make_folder(home, "full/inner");
    make_path(home, "full", path);
    names_before_failure = 0;
    assert_int_equal(wcl_staging_open(path, &staging, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_DIRECTORY_NOT_EMPTY);
    names_before_failure = -1;
}

/* Wherever the listing breaks off, what was left is cleared up, or it is said why not. */
static void what_was_left_is_cleared_up_or_told_of(void **state)
{
    home *home = *state;
    const wcl_hooks hooks = { .struct_size = sizeof(hooks), .log = hear };
    wcl_error error = WCL_ERROR_INIT;
    unsigned told = 0;
    char **ids;
    size_t count;

    assert_int_equal(wcl_layer_create(&home->driver, "layer", NULL, &error), WCL_OK);
    home->driver.hooks = &hooks;
    for (int names = 0; names < MOST_NAMES; names++) {
        make_folder(home, ".staging/left-over");
        said[0] = '\0';
        names_before_failure = names;
        if (wcl_layer_list(&home->driver, &ids, &count, &error) == WCL_OK)
            wcl_free(ids);
        names_before_failure = -1;
        told += strstr(said, "left: ") || strstr(said, "left-over") ? 1 : 0;
        assert_true(!is_there(home, ".staging/left-over") || *said);
        if (is_there(home, ".staging/left-over")) {
            char path[200];
            make_path(home, ".staging/left-over", path);
            assert_int_equal(rmdir(path), 0);
        }
    }
    assert_true(told > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_folder_is_not_taken_for_emptied, make_home, remove_home),
        cmocka_unit_test_setup_teardown(a_folder_is_not_taken_for_empty, make_home, remove_home),
        cmocka_unit_test_setup_teardown(what_was_left_is_cleared_up_or_told_of, make_home,
                                        remove_home),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
