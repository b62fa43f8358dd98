/* Changes to folders that a power cut does not undo. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/durable.h"
#include "tests/tools/synced.h"

typedef struct scratch {
    char path[64];
    int fd;
} scratch;

static int set_up(void **state)
{
    scratch *made = calloc(1, sizeof(*made));

    snprintf(made->path, sizeof(made->path), "/tmp/wcl-durable-XXXXXX");
    if (!mkdtemp(made->path))
        return -1;
    made->fd = open(made->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *state = made;
    return made->fd >= 0 ? 0 : -1;
}

static int tear_down(void **state)
{
    scratch *made = *state;
    wcl_status status = wcl_beneath_remove_tree(AT_FDCWD, made->path, NULL);

    close(made->fd);
    free(made);
    return status == WCL_OK ? 0 : -1;
}

static const char *in(const scratch *scratch, const char *name)
{
    static char path[256];

    snprintf(path, sizeof(path), "%s/%s", scratch->path, name);
    return path;
}

static void put(const scratch *scratch, const char *path, const char *text)
{
    assert_int_equal(wcl_durable_write(scratch->fd, path, text, strlen(text), 0600, NULL), WCL_OK);
}

static void assert_holds(const scratch *scratch, const char *path, const char *text)
{
    char got[64];
    WCL_CLEANUP_FD int fd = openat(scratch->fd, path, O_RDONLY | O_CLOEXEC);
    ssize_t size = read(fd, got, sizeof(got));

    assert_int_equal(size, strlen(text));
    assert_memory_equal(got, text, strlen(text));
}

static void a_written_file_is_on_disk_under_its_name(void **state)
{
    put(*state, "file", "one");
    assert_true(synced_is_there(in(*state, "file")));
    put(*state, "file", "another");
    assert_true(synced_is_there(in(*state, "file")));
    assert_holds(*state, "file", "another");
    assert_true(synced_is_gone(in(*state, WCL_DURABLE_UNFINISHED)));
}

static void what_was_left_unfinished_is_in_nobody_s_way(void **state)
{
    const scratch *scratch = *state;

    put(scratch, WCL_DURABLE_UNFINISHED, "longer than what comes");
    put(scratch, "file", "short");
    assert_holds(scratch, "file", "short");
}

static void a_file_that_cannot_be_put_in_place_leaves_nothing(void **state)
{
    const scratch *scratch = *state;
    wcl_error error = WCL_ERROR_INIT;

    assert_int_equal(mkdirat(scratch->fd, "folder", 0700), 0);
    assert_int_equal(wcl_durable_write(scratch->fd, "folder", "x", 1, 0600, &error), WCL_FAILED);
    assert_non_null(strstr(error.message, "folder"));
    assert_int_not_equal(access(in(scratch, WCL_DURABLE_UNFINISHED), F_OK), 0);
    assert_int_equal(wcl_durable_write(scratch->fd, "none/file", "x", 1, 0600, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_FILE_NOT_FOUND);
}

static void a_link_in_the_place_of_the_unfinished_file_is_not_followed(void **state)
{
    const scratch *scratch = *state;

    put(scratch, "target", "mine");
    assert_int_equal(symlinkat("target", scratch->fd, WCL_DURABLE_UNFINISHED), 0);
    assert_int_equal(wcl_durable_write(scratch->fd, "file", "x", 1, 0600, NULL), WCL_FAILED);
    assert_holds(scratch, "target", "mine");
    put(scratch, "file", "x");
}

static void a_removed_name_does_not_come_back(void **state)
{
    const scratch *scratch = *state;

    put(scratch, "file", "one");
    assert_int_equal(wcl_durable_remove(scratch->fd, "file", NULL), WCL_OK);
    assert_true(synced_is_gone(in(scratch, "file")));
    assert_int_equal(wcl_durable_remove(scratch->fd, "file", NULL), WCL_END);
    assert_int_equal(mkdirat(scratch->fd, "folder", 0700), 0);
    assert_int_equal(wcl_durable_remove(scratch->fd, "folder", NULL), WCL_FAILED);
}

static void a_renamed_file_is_on_disk_in_one_place(void **state)
{
    const scratch *scratch = *state;

    assert_int_equal(wcl_durable_make_folders(scratch->fd, "a", 0700, 0700, NULL), WCL_OK);
    put(scratch, "a/file", "one");
    assert_int_equal(wcl_durable_rename(scratch->fd, "a/file", "file", NULL), WCL_OK);
    assert_true(synced_is_there(in(scratch, "file")));
    assert_true(synced_is_gone(in(scratch, "a/file")));
}

static void folders_are_made_as_deep_as_they_are_missing(void **state)
{
    const scratch *scratch = *state;
    struct stat info;

    for (int i = 0; i < 2; i++)
        assert_int_equal(wcl_durable_make_folders(scratch->fd, "a/b/c//", 0711, 0700, NULL),
                         WCL_OK);
    assert_true(synced_is_there(in(scratch, "a")));
    assert_true(synced_is_there(in(scratch, "a/b")));
    assert_true(synced_is_there(in(scratch, "a/b/c")));
    assert_int_equal(stat(in(scratch, "a/b"), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0711);
    assert_int_equal(stat(in(scratch, "a/b/c"), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    assert_int_equal(wcl_durable_make_folders(AT_FDCWD, in(scratch, "d/e"), 0700, 0700, NULL),
                     WCL_OK);
    assert_true(synced_is_there(in(scratch, "d/e")));
}

static void folders_that_cannot_be_made_are_refused(void **state)
{
    const scratch *scratch = *state;
    wcl_error error = WCL_ERROR_INIT;

    put(scratch, "file", "");
    assert_int_equal(wcl_durable_make_folders(scratch->fd, "file/b", 0700, 0700, &error),
                     WCL_FAILED);
    assert_non_null(strstr(error.message, "file/b"));
    assert_int_equal(wcl_durable_make_folders(scratch->fd, "", 0700, 0700, &error), WCL_FAILED);
    assert_int_equal(symlinkat("nowhere/at/all", scratch->fd, "link"), 0);
    assert_int_equal(wcl_durable_make_folders(scratch->fd, "link/b", 0700, 0700, &error),
                     WCL_FAILED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_written_file_is_on_disk_under_its_name),
        TEST(what_was_left_unfinished_is_in_nobody_s_way),
        TEST(a_file_that_cannot_be_put_in_place_leaves_nothing),
        TEST(a_link_in_the_place_of_the_unfinished_file_is_not_followed),
        TEST(a_removed_name_does_not_come_back),
        TEST(a_renamed_file_is_on_disk_in_one_place),
        TEST(folders_are_made_as_deep_as_they_are_missing),
        TEST(folders_that_cannot_be_made_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
