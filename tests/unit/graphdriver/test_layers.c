/* Making, mounting, filling and removing layers through the driver. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "unit/graphdriver/fixture.h"
#include "tests/tools/outcome.h"

#define DEEP 125

/* The calls of the driver, which is linked with these in place of the C library's own. */
static atomic_uint syncs, folders_made, links_read;

int fsync(int fd)
{
    syncs++;
    return (int)syscall(SYS_fsync, fd);
}

int mkdir(const char *path, mode_t mode)
{
    folders_made++;
    return mkdirat(AT_FDCWD, path, mode);
}

ssize_t readlink(const char *path, char *buffer, size_t size)
{
    links_read++;
    return readlinkat(AT_FDCWD, path, buffer, size);
}

static void an_empty_layer_is_there_at_once(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    const test_driver *test = *state;
    bool exists = false;

    assert_ok(wcl_graphdriver_create(test->driver, "empty", "", NULL, &error), &error);
    assert_ok(wcl_graphdriver_exists(test->driver, "empty", &exists, &error), &error);
    assert_true(exists);
    test_in(test, "empty", "[ -z \"$(ls -A)\" ]");
    assert_ok(wcl_graphdriver_remove(test->driver, "empty", &error), &error);
    assert_ok(wcl_graphdriver_exists(test->driver, "empty", &exists, &error), &error);
    assert_false(exists);
}

static void an_empty_layer_that_was_looked_at_can_be_filled(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    const test_driver *test = *state;
    WCL_CLEANUP_BUFFER wcl_buffer tar = test_tar("echo a > a");
    uint64_t size = 0;

    assert_ok(wcl_graphdriver_create(test->driver, "later", NULL, NULL, &error), &error);
    test_in(test, "later", "[ -z \"$(ls -A)\" ]");
    assert_ok(test_apply(test, "later", NULL, tar.data, tar.size, &size, &error), &error);
    assert_int_equal(size, 2);
    test_in(test, "later", "[ \"$(cat a)\" = a ]");
}

static void a_writable_layer_needs_no_parent(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    const test_driver *test = *state;

    assert_ok(wcl_graphdriver_create_read_write(test->driver, "base", NULL, NULL, &error), &error);
    test_in(test, "base",
            "mkdir a_subdir; chmod 705 a_subdir; chown 1:2 a_subdir; echo x > a_file; "
            "chmod 4644 a_file");
    test_in(test, "base",
            "[ $(stat -c %a:%u:%g a_subdir) = 705:1:2 ] && [ $(stat -c %a a_file) = 4644 ]");
    assert_ok(wcl_graphdriver_remove(test->driver, "base", &error), &error);
    test_shell("[ -z \"$(ls %s)\" ]", test->home);
}

static void a_snapshot_does_not_change_its_base(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    const test_driver *test = *state;

    test_layer(test, "base", NULL, "echo base > file; mkdir folder");
    assert_ok(wcl_graphdriver_create_read_write(test->driver, "snap", "base", NULL, &error),
              &error);
    test_in(test, "snap", "[ \"$(cat file)\" = base ]; echo changed > file; rmdir folder");
    test_in(test, "base", "[ \"$(cat file)\" = base ] && [ -d folder ]");
    test_in(test, "snap", "[ \"$(cat file)\" = changed ] && [ ! -e folder ]");
}

static void a_writable_layer_stands_on_an_init_layer(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    const test_driver *test = *state;

    test_layer(test, "image", NULL, "echo image > file");
    assert_ok(wcl_graphdriver_create_read_write(test->driver, "box-init", "image", NULL, &error),
              &error);
    test_in(test, "box-init", "mkdir etc; : > etc/hosts");
    test_in(test, "box-init", "[ -e etc/hosts ] && [ \"$(cat file)\" = image ]");
    assert_ok(wcl_graphdriver_create_read_write(test->driver, "box", "box-init", NULL, &error),
              &error);
    test_in(test, "box",
            "[ -e etc/hosts ] && [ \"$(cat file)\" = image ]; echo 127.0.0.1 > etc/hosts");
    WCL_CLEANUP_BUFFER wcl_buffer changes = test_changes(test, "box", "box-init");
    assert_string_equal(wcl_buffer_text(&changes), "C /etc\nC /etc/hosts\n");
    assert_fails(WCL_CODE_SHARING_VIOLATION,
                 wcl_graphdriver_remove(test->driver, "box-init", &error), &error);
    assert_ok(wcl_graphdriver_remove(test->driver, "box", &error), &error);
    assert_ok(wcl_graphdriver_remove(test->driver, "box-init", &error), &error);
    assert_ok(wcl_graphdriver_remove(test->driver, "image", &error), &error);
}

static void references_are_counted(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    const test_driver *test = *state;
    char *first = NULL, *second = NULL;

    test_layer(test, "base", NULL, "echo a > a");
    assert_ok(wcl_graphdriver_create_read_write(test->driver, "box", "base", NULL, &error), &error);
    assert_ok(wcl_graphdriver_get(test->driver, "box", "", &first, &error), &error);
    assert_ok(wcl_graphdriver_get(test->driver, "box", NULL, &second, &error), &error);
    assert_string_equal(first, second);
    assert_ok(wcl_graphdriver_put(test->driver, "box", &error), &error);
    test_shell("[ -e %s/a ]", first);
    assert_ok(wcl_graphdriver_put(test->driver, "box", &error), &error);
    test_shell("[ ! -e %s/a ]", first);
    assert_ok(wcl_graphdriver_put(test->driver, "box", &error), &error);
    wcl_free(first);
    wcl_free(second);
}

static void removing_ends_a_mount_that_is_in_use(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    const test_driver *test = *state;
    WCL_CLEANUP_FREE char *path = NULL;
    char here[512];

    test_layer(test, "base", NULL, "echo a > a");
    assert_ok(wcl_graphdriver_create_read_write(test->driver, "box", "base", NULL, &error), &error);
    assert_ok(wcl_graphdriver_get(test->driver, "box", "", &path, &error), &error);
    assert_non_null(getcwd(here, sizeof(here)));
    assert_int_equal(chdir(path), 0);
    assert_ok(wcl_graphdriver_remove(test->driver, "box", &error), &error);
    assert_int_equal(chdir(here), 0);
    assert_ok(wcl_graphdriver_remove(test->driver, "box", &error), &error);
    assert_ok(wcl_graphdriver_remove(test->driver, "base", &error), &error);
}

static void another_driver_goes_on_with_what_is_mounted(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    test_driver *test = *state;
    WCL_CLEANUP_FREE char *path = NULL;
    WCL_CLEANUP_FREE char *again = NULL;

    test_layer(test, "base", NULL, "echo a > a");
    assert_ok(wcl_graphdriver_create_read_write(test->driver, "box", "base", NULL, &error), &error);
    assert_ok(wcl_graphdriver_get(test->driver, "box", "", &path, &error), &error);
    wcl_graphdriver_free(test->driver);
    const wcl_graphdriver_options options = { .struct_size = sizeof(options), .home = test->home };
    assert_ok(wcl_graphdriver_open(&options, &test->driver, &error), &error);
    assert_ok(wcl_graphdriver_get(test->driver, "box", "", &again, &error), &error);
    assert_string_equal(path, again);
    test_shell("[ -e %s/a ]", path);
    /* Nobody lives there, so that what was found was of a call whose answer got lost. */
    assert_ok(wcl_graphdriver_put(test->driver, "box", &error), &error);
    test_shell("[ ! -e %s/a ]", path);
}

static void cleaning_up_spares_what_a_process_lives_in(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    const test_driver *test = *state;
    WCL_CLEANUP_FREE char *path = NULL;

    test_layer(test, "base", NULL, "mkdir bin; cp \"$(command -v busybox)\" bin/busybox");
    assert_ok(wcl_graphdriver_create_read_write(test->driver, "box", "base", NULL, &error), &error);
    assert_ok(wcl_graphdriver_get(test->driver, "box", "", &path, &error), &error);
    test_shell(
        "cd %s; mkdir old; "
        "unshare -m sh -c 'mount --bind . . && cd . && cd %s && pivot_root . old && "
        "exec /bin/busybox sh -c \"/bin/busybox umount -l /old; exec /bin/busybox sleep 30\"' "
        ">/dev/null 2>&1 & echo $! > %s/.pid; "
        "for i in $(seq 100); do grep -q ' / / ' /proc/$(cat %s/.pid)/mountinfo && "
        "[ $(wc -l < /proc/$(cat %s/.pid)/mountinfo) -lt 5 ] && break; sleep 0.05; done",
        path, path, test->home, test->home, test->home);
    assert_ok(wcl_graphdriver_cleanup(test->driver, &error), &error);
    test_shell("[ -e %s/bin ]", path);
    wcl_free(path);
    assert_ok(wcl_graphdriver_get(test->driver, "box", "", &path, &error), &error);
    assert_ok(wcl_graphdriver_put(test->driver, "box", &error), &error);
    test_shell("[ -e %s/bin ]", path);
    test_shell("kill $(cat %s/.pid); while [ -e /proc/$(cat %s/.pid) ]; do sleep 0.05; done",
               test->home, test->home);
    assert_ok(wcl_graphdriver_put(test->driver, "box", &error), &error);
    test_shell("[ ! -e %s/bin ]", path);
}

static void asking_again_for_what_is_new_succeeds(void **state)
{
    const test_driver *test = *state;
    wcl_error error = WCL_ERROR_INIT;

    test_layer(test, "base", NULL, "echo a > a");
    for (int i = 0; i < 2; i++) {
        assert_ok(wcl_graphdriver_create(test->driver, "next", "base", NULL, &error), &error);
        assert_ok(wcl_graphdriver_create_read_write(test->driver, "box", "base", NULL, &error),
                  &error);
        assert_ok(wcl_graphdriver_create_read_write(test->driver, "alone", NULL, NULL, &error),
                  &error);
    }
    assert_fails(WCL_CODE_ALREADY_EXISTS,
                 wcl_graphdriver_create(test->driver, "next", NULL, NULL, &error), &error);
    assert_fails(WCL_CODE_ALREADY_EXISTS,
                 wcl_graphdriver_create_read_write(test->driver, "box", NULL, NULL, &error),
                 &error);
    test_in(test, "box", "touch used");
    assert_fails(WCL_CODE_ALREADY_EXISTS,
                 wcl_graphdriver_create_read_write(test->driver, "box", "base", NULL, &error),
                 &error);
    assert_fails(WCL_CODE_ALREADY_EXISTS,
                 wcl_graphdriver_create(test->driver, "base", NULL, NULL, &error), &error);
}

static void deep_layers_are_read_through(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    const test_driver *test = *state;
    char id[32], parent[32] = "", command[128];

    for (int i = 0; i < DEEP; i++) {
        snprintf(id, sizeof(id), "layer%d", i);
        snprintf(command, sizeof(command),
                 "echo %d > file%d; echo %d > top; mkdir d; echo %d > d/%d", i, i, i, i, i);
        test_layer(test, id, parent, command);
        strcpy(parent, id);
    }
    assert_ok(wcl_graphdriver_create_read_write(test->driver, "box", parent, NULL, &error), &error);
    test_in(test, "box",
            "for i in $(seq 0 124); do [ $(cat file$i) = $i ] && [ $(cat d/$i) = $i ] || exit 1; "
            "done; [ $(cat top) = 124 ]; [ $(ls d | wc -l) = 125 ]");
}

static void a_limit_holds_and_a_file_up_to_it_fits(void **state)
{
    const test_driver *test = *state;
    static const char *const size = "size=50M";
    const wcl_graphdriver_create_options options = { .struct_size = sizeof(options),
                                                     .storage_options = &size,
                                                     .storage_option_count = 1 };
    wcl_error error = WCL_ERROR_INIT;

    test_layer(test, "base", NULL, "echo a > a");
    assert_ok(wcl_graphdriver_create_read_write(test->driver, "box", "base", &options, &error),
              &error);
    test_in(test, "box",
            "head -c 40M /dev/zero > fits; ! head -c 60M /dev/zero > too-much 2>/dev/null");
    assert_fails(WCL_CODE_NOT_SUPPORTED,
                 wcl_graphdriver_create(test->driver, "other", "base", &options, &error), &error);
}

static void what_cannot_be_is_refused_and_leaves_nothing(void **state)
{
    const test_driver *test = *state;
    WCL_CLEANUP_BUFFER wcl_buffer tar = test_tar("echo a > a");
    wcl_error error = WCL_ERROR_INIT;
    uint64_t size;
    char *path = NULL;

    assert_fails(WCL_CODE_PATH_NOT_FOUND,
                 wcl_graphdriver_create(test->driver, "x", "nobody", NULL, &error), &error);
    assert_fails(WCL_CODE_INVALID_NAME,
                 wcl_graphdriver_create(test->driver, "../x", NULL, NULL, &error), &error);
    assert_fails(WCL_CODE_FILE_NOT_FOUND,
                 wcl_graphdriver_get(test->driver, "x", NULL, &path, &error), &error);
    assert_fails(WCL_CODE_FILE_NOT_FOUND, wcl_graphdriver_put(test->driver, "x", &error), &error);
    assert_fails(WCL_CODE_FILE_NOT_FOUND,
                 test_apply(test, "x", NULL, tar.data, tar.size, &size, &error), &error);
    test_layer(test, "base", NULL, "echo a > a");
    assert_fails(WCL_CODE_ALREADY_EXISTS,
                 test_apply(test, "base", NULL, tar.data, tar.size, &size, &error), &error);
    assert_ok(wcl_graphdriver_create_read_write(test->driver, "box", "base", NULL, &error), &error);
    assert_fails(WCL_CODE_INVALID_PARAMETER,
                 test_apply(test, "box", "", tar.data, tar.size, &size, &error), &error);
    assert_ok(wcl_graphdriver_create(test->driver, "cut", "base", NULL, &error), &error);
    assert_int_equal(test_apply(test, "cut", "base", tar.data, 600, &size, &error), WCL_FAILED);
    test_shell("[ \"$(echo $(ls %s))\" = 'base box' ]", test->home);
}

/* As docker makes, starts, stops and removes one. */
static void live(const test_driver *test)
{
    wcl_error error = WCL_ERROR_INIT;

    assert_ok(wcl_graphdriver_create_read_write(test->driver, "box-init", "image", NULL, &error),
              &error);
    test_in(test, "box-init", "mkdir etc; : > etc/hosts");
    assert_ok(wcl_graphdriver_create_read_write(test->driver, "box", "box-init", NULL, &error),
              &error);
    test_in(test, "box", "echo x > x");
    assert_ok(wcl_graphdriver_remove(test->driver, "box", &error), &error);
    assert_ok(wcl_graphdriver_remove(test->driver, "box-init", &error), &error);
}

static void a_life_of_a_container_waits_for_the_disk_twice(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    const test_driver *test = *state;
    bool exists = true;

    test_layer(test, "image", NULL, "echo image > file");
    live(test);
    syncs = folders_made = links_read = 0;
    live(test);
    assert_int_equal(syncs, 2);
    assert_int_equal(folders_made, 0);
    assert_in_range(links_read, 0, 60);
    assert_ok(wcl_graphdriver_exists(test->driver, "box", &exists, &error), &error);
    assert_false(exists);
}

static void what_is_removed_behind_is_gone_when_the_driver_is(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    test_driver *test = *state;

    test_layer(test, "image", NULL, "echo image > file");
    for (int i = 0; i < 20; i++) {
        assert_ok(wcl_graphdriver_create_read_write(test->driver, "box", "image", NULL, &error),
                  &error);
        test_in(test, "box", "mkdir -p a/b/c; for i in $(seq 100); do : > a/b/c/$i; done");
        assert_ok(wcl_graphdriver_remove(test->driver, "box", &error), &error);
        test_shell("[ \"$(ls %s)\" = image ]", test->home);
    }
    wcl_graphdriver_free(test->driver);
    test->driver = NULL;
    test_shell("[ -z \"$(ls -A %s/.staging)\" ]", test->home);
}

/* ---- As BuildKit does it --------------------------------------------------------------------- */

static void a_created_layer_is_written_to_until_something_stands_on_it(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    const test_driver *test = *state;

    assert_ok(wcl_graphdriver_create(test->driver, "one", NULL, NULL, &error), &error);
    test_in(test, "one", "mkdir d; echo 1 > d/one; echo a > a");
    test_in(test, "one", "echo 2 > d/two; rm a; ln d/two d/second; ln -s two d/link");
    assert_ok(wcl_graphdriver_create(test->driver, "two", "one", NULL, &error), &error);
    test_in(test, "two", "[ \"$(cat d/one)\" = 1 ]; rm d/one; echo 3 > d/three");
    test_in(test, "one", "[ d/two -ef d/second ] && [ -h d/link ] && ! touch x 2>/dev/null");
    assert_ok(wcl_graphdriver_create_read_write(test->driver, "box", "two", NULL, &error), &error);
    test_in(test, "box", "[ \"$(ls d | tr '\\n' ' ')\" = 'link second three two ' ]");
    WCL_CLEANUP_BUFFER wcl_buffer changes = test_changes(test, "two", "one");
    assert_string_equal(wcl_buffer_text(&changes), "C /d\nD /d/one\nA /d/three\n");
    assert_ok(wcl_graphdriver_remove(test->driver, "box", &error), &error);
    assert_ok(wcl_graphdriver_remove(test->driver, "two", &error), &error);
    assert_ok(wcl_graphdriver_remove(test->driver, "one", &error), &error);
    test_shell("[ -z \"$(ls %s)\" ]", test->home);
}

static void the_first_diff_of_a_created_layer_stays_its_diff(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    const test_driver *test = *state;
    uint64_t size = 0;

    test_layer(test, "base", NULL, "echo a > a");
    assert_ok(wcl_graphdriver_create(test->driver, "made", "base", NULL, &error), &error);
    test_in(test, "made", "echo b > b; ln -s b link");
    assert_ok(wcl_graphdriver_diff_size(test->driver, "made", "base", &size, &error), &error);
    assert_int_equal(size, 3);
    test_in(test, "made", "echo more > c");
    WCL_CLEANUP_BUFFER wcl_buffer first = test_diff(test, "made", "base");
    test_in(test, "made", "[ \"$(cat a b c | tr '\\n' ' ')\" = 'a b more ' ] && ! touch x 2>&-");
    WCL_CLEANUP_BUFFER wcl_buffer again = test_diff(test, "made", "base");
    assert_int_equal(first.size, again.size);
    assert_memory_equal(first.data, again.data, first.size);
    assert_ok(wcl_graphdriver_create(test->driver, "same", "base", NULL, &error), &error);
    assert_ok(test_apply(test, "same", "base", first.data, first.size, &size, &error), &error);
    assert_int_equal(size, 8);
    test_in(test, "same", "[ \"$(cat link c | tr '\\n' ' ')\" = 'b more ' ]");
}

/* BuildKit reads one stage's result while it goes on with the next: the diffs are the same later.
 */
static void what_is_mounted_still_can_be_stood_on_and_told(void **state)
{
    const test_driver *test = *state;
    WCL_CLEANUP_FREE char *path = NULL;
    WCL_CLEANUP_FREE char *next_path = NULL;
    wcl_error error = WCL_ERROR_INIT;
    uint64_t size;

    test_layer(test, "base", NULL, "echo a > a");
    assert_ok(wcl_graphdriver_create(test->driver, "stage", "base", NULL, &error), &error);
    assert_ok(wcl_graphdriver_get(test->driver, "stage", NULL, &path, &error), &error);
    test_shell("echo s > %s/s", path);
    assert_ok(wcl_graphdriver_create(test->driver, "next", "stage", NULL, &error), &error);
    assert_ok(wcl_graphdriver_get(test->driver, "next", NULL, &next_path, &error), &error);
    test_shell("[ $(cat %s/s) = s ] && echo n > %s/n && [ ! -e %s/n ]", next_path, next_path, path);
    WCL_CLEANUP_BUFFER wcl_buffer next = test_diff(test, "next", "stage");
    WCL_CLEANUP_BUFFER wcl_buffer stage = test_diff(test, "stage", "base");
    assert_ok(wcl_graphdriver_create(test->driver, "pulled", "stage", NULL, &error), &error);
    assert_fails(WCL_CODE_BUSY,
                 test_apply(test, "pulled", "stage", next.data, next.size, &size, &error), &error);
    assert_ok(wcl_graphdriver_put(test->driver, "stage", &error), &error);
    WCL_CLEANUP_BUFFER wcl_buffer in_use = test_diff(test, "stage", "base");
    test_shell("[ $(cat %s/s) = s ]", next_path);
    assert_ok(wcl_graphdriver_put(test->driver, "next", &error), &error);
    assert_ok(test_apply(test, "pulled", "stage", next.data, next.size, &size, &error), &error);
    WCL_CLEANUP_BUFFER wcl_buffer stage_again = test_diff(test, "stage", "base");
    WCL_CLEANUP_BUFFER wcl_buffer next_again = test_diff(test, "next", "stage");
    assert_int_equal(next.size, next_again.size);
    assert_memory_equal(next.data, next_again.data, next.size);
    assert_int_equal(stage.size, stage_again.size);
    assert_int_equal(stage.size, in_use.size);
    assert_memory_equal(stage.data, stage_again.data, stage.size);
    test_in(test, "next", "[ $(cat a s n | tr -d '\\n') = asn ] && ! touch x 2>/dev/null");
    assert_ok(wcl_graphdriver_remove(test->driver, "pulled", &error), &error);
    assert_ok(wcl_graphdriver_remove(test->driver, "next", &error), &error);
    assert_ok(wcl_graphdriver_remove(test->driver, "stage", &error), &error);
}

static void another_driver_goes_on_with_a_layer_that_is_written_to(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    test_driver *test = *state;

    assert_ok(wcl_graphdriver_create(test->driver, "made", NULL, NULL, &error), &error);
    test_in(test, "made", "echo a > a");
    wcl_graphdriver_free(test->driver);
    const wcl_graphdriver_options options = { .struct_size = sizeof(options), .home = test->home };
    assert_ok(wcl_graphdriver_open(&options, &test->driver, &error), &error);
    test_in(test, "made", "echo b > b");
    WCL_CLEANUP_BUFFER wcl_buffer changes = test_changes(test, "made", "");
    assert_string_equal(wcl_buffer_text(&changes), "A /a\nA /b\n");
    assert_ok(wcl_graphdriver_remove(test->driver, "made", &error), &error);
    test_shell("[ -z \"$(ls %s)$(ls %s/.graphdriver)\" ]", test->home, test->home);
}

int main(void)
{
#define WITH_DRIVER(test)                                                                          \
    cmocka_unit_test_setup_teardown(test, test_driver_make, test_driver_remove)
    const struct CMUnitTest tests[] = {
        WITH_DRIVER(an_empty_layer_is_there_at_once),
        WITH_DRIVER(an_empty_layer_that_was_looked_at_can_be_filled),
        WITH_DRIVER(a_writable_layer_needs_no_parent),
        WITH_DRIVER(a_snapshot_does_not_change_its_base),
        WITH_DRIVER(a_writable_layer_stands_on_an_init_layer),
        WITH_DRIVER(references_are_counted),
        WITH_DRIVER(removing_ends_a_mount_that_is_in_use),
        WITH_DRIVER(another_driver_goes_on_with_what_is_mounted),
        WITH_DRIVER(cleaning_up_spares_what_a_process_lives_in),
        WITH_DRIVER(asking_again_for_what_is_new_succeeds),
        WITH_DRIVER(deep_layers_are_read_through),
        WITH_DRIVER(a_life_of_a_container_waits_for_the_disk_twice),
        WITH_DRIVER(what_is_removed_behind_is_gone_when_the_driver_is),
        WITH_DRIVER(a_created_layer_is_written_to_until_something_stands_on_it),
        WITH_DRIVER(the_first_diff_of_a_created_layer_stays_its_diff),
        WITH_DRIVER(what_is_mounted_still_can_be_stood_on_and_told),
        WITH_DRIVER(another_driver_goes_on_with_a_layer_that_is_written_to),
        WITH_DRIVER(a_limit_holds_and_a_file_up_to_it_fits),
        WITH_DRIVER(what_cannot_be_is_refused_and_leaves_nothing),
    };
    if (!test_can_mount())
        return 77;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
