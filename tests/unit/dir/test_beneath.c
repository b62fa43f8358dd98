/* Nothing outside a folder is reached from within it. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/staging.h"
#include "system/system.h"
#include "unit/dir/fixture.h"

typedef int (*opener)(int root, const char *path, int flags, mode_t mode);

static const opener openers[] = { wcl_beneath_open, wcl_beneath_open_by_component };

static int make_deep(int root, int depth)
{
    int folder = dup(root);

    for (int i = 0; i < depth; i++) {
        assert_int_equal(mkdirat(folder, "d", 0777), 0);
        int inner = openat(folder, "d", O_PATH | O_DIRECTORY);
        assert_true(inner >= 0);
        close(folder);
        folder = inner;
    }
    return folder;
}

static void files_inside_are_opened_and_made(void **state)
{
    char *folder = fixture_make_folder("/tmp");
    WCL_CLEANUP_FD int root = open(folder, O_RDONLY | O_DIRECTORY);

    (void)state;
    assert_int_equal(wcl_beneath_mkdir(root, "a", 0777), 0);
    assert_int_equal(wcl_beneath_mkdir(root, "a/b", 0777), 0);
    for (size_t i = 0; i < 2; i++) {
        WCL_CLEANUP_FD int made = openers[i](root, "a/b/file", O_RDWR | O_CREAT | O_EXCL, 0640);
        assert_true(made >= 0);
        assert_true(openers[i](root, "a/b/file", O_RDWR | O_CREAT | O_EXCL, 0640) < 0);
        assert_int_equal(errno, EEXIST);
        WCL_CLEANUP_FD int self = openers[i](root, "", O_RDONLY | O_DIRECTORY, 0);
        assert_true(self >= 0);
        assert_int_equal(wcl_beneath_unlink(root, "a/b/file", 0), 0);
    }
    fixture_remove_folder(folder);
}

static void links_and_dots_are_refused(void **state)
{
    static const char *const paths[] = { "out/file",  "out",     "file-link", "in/file", "../x",
                                         "a/../file", "/etc",    "a//file",   "./file",  "a/",
                                         "loop/x",    "a/../..", "" };
    char *folder = fixture_make_folder("/tmp");
    WCL_CLEANUP_FD int root = open(folder, O_RDONLY | O_DIRECTORY);

    (void)state;
    assert_int_equal(mkdirat(root, "a", 0777), 0);
    fixture_write_file(folder, "a/file", "x", 1);
    if (system_has_symlinks()) {
        assert_int_equal(symlinkat("/etc", root, "out"), 0);
        assert_int_equal(symlinkat("a", root, "in"), 0);
        assert_int_equal(symlinkat("a/file", root, "file-link"), 0);
        assert_int_equal(symlinkat("loop", root, "loop"), 0);
    }
    for (size_t i = 0; paths[i][0]; i++)
        for (size_t way = 0; way < 2; way++) {
            int fd = openers[way](root, paths[i], O_RDONLY, 0);
            if (fd >= 0)
                fail_msg("'%s' was opened", paths[i]);
        }
    fixture_remove_folder(folder);
}

static void paths_longer_than_the_kernel_takes_work(void **state)
{
    char *folder = fixture_make_folder("/tmp");
    WCL_CLEANUP_FD int root = open(folder, O_RDONLY | O_DIRECTORY);
    char path[8001] = "d";

    (void)state;
    int depth = system_depth(3000, 1);
    close(make_deep(root, depth));
    for (int i = 1; i < depth; i++)
        memcpy(path + 2 * i - 1, "/d", 3);
    int fd = wcl_beneath_open(root, path, O_RDONLY | O_DIRECTORY, 0);
    assert_true(fd >= 0);
    close(fd); /* or Windows keeps the folder */
    fixture_remove_folder(folder);
}

static void removal_follows_no_link_and_is_not_stopped_by_depth(void **state)
{
    char *folder = fixture_make_folder("/tmp");
    WCL_CLEANUP_FREE char *tree = fixture_path(folder, "tree");
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    fixture_write_file(folder, "keep", "x", 1);
    assert_int_equal(mkdir(tree, 0777), 0);
    int root = open(tree, O_RDONLY | O_DIRECTORY);
    int deepest = make_deep(root, system_depth(5000, 1));
    bool links = system_has_symlinks();
    if (links) {
        assert_int_equal(symlinkat("../keep", root, "link"), 0);
        assert_int_equal(symlinkat(folder, deepest, "up"), 0);
    }
    assert_int_equal(mkdirat(deepest, ".wcl-removing-0", 0777), 0);
    assert_int_equal(mkdirat(root, ".wcl-removing-1", 0777), 0);
    close(deepest); /* or Windows keeps the folders */
    close(root);
    WCL_CLEANUP_FD int parent = open(folder, O_RDONLY | O_DIRECTORY);
    fixture_assert_ok(wcl_beneath_remove_tree(parent, "tree", &error), &error);
    assert_int_equal(faccessat(parent, "keep", F_OK, 0), 0);
    assert_int_equal(fixture_count_names(folder), 1);
    if (links) {
        assert_int_equal(symlinkat(folder, parent, "link"), 0);
        assert_int_equal(wcl_beneath_remove_tree(parent, "link", &error), WCL_FAILED);
    }
    fixture_remove_folder(folder);
}

static void removal_ends_though_a_folder_is_held_open(void **state)
{
    char *folder = fixture_make_folder("/tmp");
    WCL_CLEANUP_FREE char *tree = fixture_path(folder, "tree");
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    assert_int_equal(mkdir(tree, 0777), 0);
    int root = open(tree, O_RDONLY | O_DIRECTORY);
    int held = make_deep(root, 3);
    close(root);
    WCL_CLEANUP_FD int parent = open(folder, O_RDONLY | O_DIRECTORY);
    /* Windows says that it is in use, or takes it off the names at once as POSIX does. */
    if (wcl_beneath_remove_tree(parent, "tree", &error) == WCL_OK)
        assert_int_equal(fixture_count_names(folder), 0);
    else
        assert_non_null(strstr(error.message, "'tree'"));
    close(held);
    fixture_remove_folder(folder);
}

static void staging_takes_the_place_of_an_empty_folder_only(void **state)
{
    static const char *const bad[] = { "full", "file", "missing/x", ".", "..", "", "/", "link" };
    bool links = system_has_symlinks();
    char *folder = fixture_make_folder("/tmp");
    WCL_CLEANUP_FREE char *full = fixture_path(folder, "full"),
                          *empty = fixture_path(folder, "empty/");
    WCL_CLEANUP_FD int root = open(folder, O_RDONLY | O_DIRECTORY);
    wcl_error error = WCL_ERROR_INIT;
    wcl_staging *staging;
    struct stat status;

    (void)state;
    assert_int_equal(mkdir(full, 0777), 0);
    fixture_write_file(full, "something", "", 0);
    fixture_write_file(folder, "file", "", 0);
    assert_int_equal(mkdir(empty, 0700), 0);
    if (links)
        assert_int_equal(symlinkat("empty", root, "link"), 0);
    for (size_t i = 0; i < (links ? 8 : 7); i++) {
        WCL_CLEANUP_FREE char *path = fixture_path(folder, bad[i]);
        const char *given = i == 5 || i == 6 ? bad[i] : path;
        assert_int_equal(wcl_staging_open(given, &staging, &error), WCL_FAILED);
    }
    fixture_assert_ok(wcl_staging_open(empty, &staging, &error), &error);
    assert_int_equal(mkdirat(wcl_staging_root(staging), "inside", 0777), 0);
    fixture_assert_ok(wcl_staging_commit(staging, &error), &error);
    wcl_staging_free(staging);
    assert_int_equal(fstatat(root, "empty/inside", &status, 0), 0);
    assert_int_equal(fstatat(root, "empty", &status, 0), 0);
    if (system_keeps_modes())
        assert_int_equal(status.st_mode & 0777, 0700);
    assert_int_equal(fixture_count_names(folder), links ? 4 : 3);
    fixture_remove_folder(folder);
}

static void staging_does_not_replace_what_came_meanwhile(void **state)
{
    char *folder = fixture_make_folder("/tmp");
    WCL_CLEANUP_FREE char *out = fixture_path(folder, "out");
    wcl_error error = WCL_ERROR_INIT;
    wcl_staging *staging;

    (void)state;
    fixture_assert_ok(wcl_staging_open(out, &staging, &error), &error);
    fixture_write_file(folder, "out", "theirs", 6);
    assert_int_equal(wcl_staging_commit(staging, &error), WCL_FAILED);
    wcl_staging_free(staging);
    WCL_CLEANUP_BUFFER wcl_buffer theirs = fixture_read_file(folder, "out");
    assert_int_equal(theirs.size, 6);
    assert_int_equal(fixture_count_names(folder), 1);
    fixture_remove_folder(folder);
}

static void what_was_left_of_staging_goes_and_what_is_at_work_stays(void **state)
{
    char *folder = fixture_make_folder("/tmp");
    WCL_CLEANUP_FREE char *one = fixture_path(folder, "one"), *other = fixture_path(folder, "two"),
                          *left = fixture_path(folder, ".wcl-staging-0123456789abcdef");
    WCL_CLEANUP_FD int root = open(folder, O_RDONLY | O_DIRECTORY);
    wcl_error error = WCL_ERROR_INIT;
    wcl_staging *first, *second;

    (void)state;
    assert_int_equal(mkdir(left, 0777), 0);
    fixture_write_file(left, "something", "", 0);
    fixture_assert_ok(wcl_staging_open(one, &first, &error), &error);
    assert_int_equal(fixture_count_names(folder), 1);
    fixture_assert_ok(wcl_staging_open(other, &second, &error), &error);
    assert_int_equal(fixture_count_names(folder), 2);
    fixture_assert_ok(wcl_staging_commit(first, &error), &error);
    wcl_staging_free(second);
    wcl_staging_free(first);
    assert_int_equal(fixture_count_names(folder), 1);
    assert_int_equal(faccessat(root, "one", F_OK, 0), 0);
    fixture_remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_inside_are_opened_and_made),
        cmocka_unit_test(links_and_dots_are_refused),
        cmocka_unit_test(paths_longer_than_the_kernel_takes_work),
        cmocka_unit_test(removal_follows_no_link_and_is_not_stopped_by_depth),
        cmocka_unit_test(removal_ends_though_a_folder_is_held_open),
        cmocka_unit_test(staging_takes_the_place_of_an_empty_folder_only),
        cmocka_unit_test(staging_does_not_replace_what_came_meanwhile),
        cmocka_unit_test(what_was_left_of_staging_goes_and_what_is_at_work_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
