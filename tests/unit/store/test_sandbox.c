/* Sandboxes: mounted, written to, limited, shared, and asked out of turn. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layer/store/mount/mount.h"
#include "layer/store/sandbox/sandbox.h"
#include "unit/store/home.h"
#include "tests/tools/outcome.h"

static const wcl_parents none = { NULL, 0 };

/* A base and a layer on it, of Linux. */
static void import_linux(const test_home *home)
{
    char tar[128];
    const char *const parents[] = { "base" };

    test_shell(
        home,
        "mkdir -p $H/../$(basename $H).src && cd $H/../$(basename $H).src &&"
        " mkdir -p etc usr/bin usr/lib && echo base >etc/name && echo keep >etc/keep &&"
        " seq 20000 >usr/lib/large && ln usr/lib/large usr/lib/twin &&"
        " ln -s ../etc usr/link && chmod 4755 usr/lib/large && chown 7:8 etc/keep &&"
        " setfattr -n user.note -v hello etc/keep && mknod usr/null c 1 3 &&"
        " chmod 751 . && touch -d '2001-02-03 04:05:06.789' etc/keep . &&"
        " tar --xattrs --format=pax -cf $H/../$(basename $H).base.tar . &&"
        " echo child >etc/name && tar --format=pax -cf $H/../$(basename $H).child.tar ./etc/name &&"
        " cd / && rm -rf $H/../$(basename $H).src");
    snprintf(tar, sizeof(tar), "%s.base.tar", home->path);
    test_import(home, "base", NULL, 0, tar);
    snprintf(tar, sizeof(tar), "%s.child.tar", home->path);
    test_import(home, "child", parents, 1, tar);
    test_shell(home, "rm $H.base.tar $H.child.tar");
}

static void mount_sandbox(const test_home *home, const char *id, const char *parent, uint64_t size)
{
    wcl_error error = WCL_ERROR_INIT;

    assert_ok(wcl_store_create_sandbox(&home->driver, id, parent, none, size, &error), &error);
    assert_ok(wcl_store_activate(&home->driver, id, &error), &error);
    assert_ok(wcl_store_prepare(&home->driver, id, none, &error), &error);
}

static void unmount_sandbox(const test_home *home, const char *id)
{
    wcl_error error = WCL_ERROR_INIT;

    assert_ok(wcl_store_unprepare(&home->driver, id, &error), &error);
    assert_ok(wcl_store_deactivate(&home->driver, id, &error), &error);
}

static void a_sandbox_shows_the_chain_and_keeps_what_is_written(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    const test_home *home = *state;
    char *path = NULL;

    import_linux(home);
    mount_sandbox(home, "box", "child", 0);
    assert_ok(wcl_store_mount_path(&home->driver, "box", &path, &error), &error);
    assert_string_equal(strrchr(path, '/'), "/merged");
    wcl_free(path);
    test_shell(home,
               "cd $H/box/merged; [ $(cat etc/name) = child ]; [ $(stat -c %%a:%%u .) = 751:0 ];"
               " [ \"$(stat -c '%%u %%g %%y' etc/keep | cut -c1-33)\" = '7 8 2001-02-03 "
               "04:05:06.789000000' ];"
               " [ $(stat -c %%t:%%T usr/null) = 1:3 ]; [ $(stat -c %%h usr/lib/twin) = 2 ];"
               " echo more >>etc/keep; rm -r usr/lib; mkdir usr/lib; echo new >usr/lib/new;"
               " mv etc/name etc/renamed; mv usr/bin usr/programs; ln etc/keep etc/hard");
    unmount_sandbox(home, "box");
    assert_int_equal(test_mounts(home), 0);
    assert_ok(wcl_store_mount_path(&home->driver, "box", &path, &error), &error);
    assert_string_equal(strrchr(path, '/'), "/box");
    wcl_free(path);
    assert_ok(wcl_store_activate(&home->driver, "box", &error), &error);
    assert_ok(wcl_store_prepare(&home->driver, "box", none, &error), &error);
    test_shell(home,
               "cd $H/box/merged; [ $(tail -n1 etc/keep) = more ]; [ $(cat usr/lib/new) = new ];"
               " [ ! -e usr/lib/large ]; [ $(cat etc/renamed) = child ]; [ ! -e etc/name ];"
               " [ -d usr/programs ]; [ $(getfattr -n user.note --only-values etc/keep) = hello ]");
    unmount_sandbox(home, "box");
}

static void calls_out_of_turn_fail_and_change_nothing(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    const test_home *home = *state;
    const wcl_driver *driver = &home->driver;
    const char *const wrong[] = { "base" };
    const char *const right[] = { "/elsewhere/child", "/elsewhere/base" };

    import_linux(home);
    assert_fails(WCL_CODE_FILE_NOT_FOUND,
                 wcl_store_create_sandbox(driver, "box", "nothing", none, 0, &error), &error);
    assert_fails(WCL_CODE_INVALID_PARAMETER,
                 wcl_store_create_sandbox(driver, "box", "", none, 0, &error), &error);
    assert_fails(
        WCL_CODE_INVALID_PARAMETER,
        wcl_store_create_sandbox(driver, "box", "child", (wcl_parents) { wrong, 1 }, 0, &error),
        &error);
    assert_ok(wcl_store_create_sandbox(driver, "box", "/elsewhere/child",
                                       (wcl_parents) { right, 2 }, 0, &error),
              &error);
    assert_fails(WCL_CODE_ALREADY_EXISTS,
                 wcl_store_create_sandbox(driver, "box", "child", none, 0, &error), &error);
    assert_fails(WCL_CODE_INVALID_STATE, wcl_store_prepare(driver, "box", none, &error), &error);
    assert_fails(WCL_CODE_INVALID_STATE, wcl_store_unprepare(driver, "box", &error), &error);
    assert_fails(WCL_CODE_INVALID_STATE, wcl_store_deactivate(driver, "box", &error), &error);
    assert_fails(WCL_CODE_FILE_NOT_FOUND, wcl_store_activate(driver, "nothing", &error), &error);
    assert_ok(wcl_store_activate(driver, "box", &error), &error);
    assert_ok(wcl_store_activate(driver, "box", &error), &error);
    assert_fails(WCL_CODE_INVALID_PARAMETER,
                 wcl_store_prepare(driver, "box", (wcl_parents) { wrong, 1 }, &error), &error);
    assert_ok(wcl_store_prepare(driver, "box", (wcl_parents) { right, 2 }, &error), &error);
    assert_fails(WCL_CODE_INVALID_STATE, wcl_store_prepare(driver, "box", none, &error), &error);
    assert_fails(WCL_CODE_INVALID_STATE, wcl_store_deactivate(driver, "box", &error), &error);
    assert_int_equal(test_mounts(home), 2);
    unmount_sandbox(home, "box");
    assert_fails(WCL_CODE_INVALID_STATE, wcl_store_unprepare(driver, "box", &error), &error);
    assert_fails(WCL_CODE_INVALID_STATE, wcl_store_deactivate(driver, "box", &error), &error);
    test_shell(home, "[ -z \"$(ls $H/.staging)\" ]");
}

static void a_mount_in_use_stays_and_names_its_user(void **state)
{
    const test_home *home = *state;

    import_linux(home);
    mount_sandbox(home, "box", "child", 0);
    test_shell(home, "(cd $H/box/merged && exec sleep 100) & echo $! >$H/pid; sleep 0.2");
    wcl_error error = WCL_ERROR_INIT;
    assert_int_equal(wcl_store_unprepare(&home->driver, "box", &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_BUSY);
    assert_non_null(strstr(error.message, "sleep ("));
    assert_int_equal(test_mounts(home), 2);
    test_shell(home, "kill $(cat $H/pid); rm $H/pid; sleep 0.2");
    unmount_sandbox(home, "box");
}

static void sandboxes_of_a_chain_share_one_mount_until_the_last_goes(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    const test_home *home = *state;

    import_linux(home);
    mount_sandbox(home, "one", "child", 0);
    mount_sandbox(home, "two", "child", 0);
    assert_ok(wcl_store_prepare(&home->driver, "child", none, &error), &error);
    assert_int_equal(test_mounts(home), 3);
    test_shell(home, "echo 1 >$H/one/merged/mine; [ ! -e $H/two/merged/mine ]");
    unmount_sandbox(home, "one");
    assert_int_equal(test_mounts(home), 2);
    assert_ok(wcl_store_unprepare(&home->driver, "child", &error), &error);
    assert_int_equal(test_mounts(home), 2);
    assert_fails(WCL_CODE_INVALID_STATE, wcl_store_unprepare(&home->driver, "child", &error),
                 &error);
    unmount_sandbox(home, "two");
    assert_int_equal(test_mounts(home), 0);
}

static void markers_of_mounts_that_are_gone_are_void(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    const test_home *home = *state;

    import_linux(home);
    mount_sandbox(home, "one", "child", 0);
    mount_sandbox(home, "two", "child", 0);
    /* As if somebody had unmounted it by hand: the other one is the last user. */
    test_shell(home, "umount $H/one/merged");
    unmount_sandbox(home, "two");
    assert_int_equal(test_mounts(home), 0);
    /* As if the system had started anew. */
    mount_sandbox(home, "three", "child", 0);
    assert_ok(wcl_store_prepare(&home->driver, "child", none, &error), &error);
    test_shell(home, "umount $H/three/merged $H/child/merged");
    assert_ok(wcl_store_activate(&home->driver, "two", &error), &error);
    assert_ok(wcl_store_prepare(&home->driver, "two", none, &error), &error);
    assert_fails(WCL_CODE_INVALID_STATE, wcl_store_unprepare(&home->driver, "child", &error),
                 &error);
    unmount_sandbox(home, "two");
    assert_int_equal(test_mounts(home), 0);
}

static void a_read_only_layer_mounts_read_only(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    const test_home *home = *state;
    char *path = NULL;

    import_linux(home);
    assert_ok(wcl_store_activate(&home->driver, "child", &error), &error);
    assert_ok(wcl_store_mount_path(&home->driver, "child", &path, &error), &error);
    assert_string_equal(strrchr(path, '/'), "/child");
    wcl_free(path);
    assert_ok(wcl_store_prepare(&home->driver, "child", none, &error), &error);
    assert_fails(WCL_CODE_INVALID_STATE, wcl_store_prepare(&home->driver, "child", none, &error),
                 &error);
    assert_ok(wcl_store_mount_path(&home->driver, "child", &path, &error), &error);
    assert_string_equal(strrchr(path, '/'), "/merged");
    wcl_free(path);
    test_shell(home,
               "cd $H/child/merged; [ $(cat etc/name) = child ]; ! touch etc/new 2>/dev/null");
    assert_ok(wcl_store_unprepare(&home->driver, "child", &error), &error);
    assert_ok(wcl_store_deactivate(&home->driver, "child", &error), &error);
}

/* Everything about every file that a mount can show, but for what a file system decides. */
#define LIST_CHILD                                                                                 \
    "cd $H/child/merged; find . -type f -exec sha256sum {} + | sort;"                              \
    " find . -printf '%%p %%y %%m %%U %%G %%T@ %%l\\n' | sort;"                                    \
    " find . -not -type d -printf '%%p %%s %%n\\n' | sort;"                                        \
    " find . -type b,c -exec stat -c '%%n %%t %%T' {} + | sort;"                                   \
    " getfattr -R -d -h -m - -e hex . | sort"

static void every_way_of_mounting_shows_the_same(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    const test_home *home = *state;
    static const char *const ways[] = { "files", "loop", "unpack" };
    static const int loops[] = { 0, 3, 0 };

    import_linux(home);
    for (size_t i = 0; i < 3; i++) {
        setenv("WCL_MOUNT", ways[i], 1);
        assert_ok(wcl_store_prepare(&home->driver, "child", none, &error), &error);
        test_shell(home, "(" LIST_CHILD ") >$H.list.%zu; ! touch $H/child/merged/x 2>/dev/null", i);
        if (loops[i])
            assert_int_equal(test_loops(home), loops[i]);
        assert_ok(wcl_store_unprepare(&home->driver, "child", &error), &error);
        mount_sandbox(home, ways[i], "child", 0);
        test_shell(home, "cd $H/%s/merged; echo x >>etc/keep; [ $(tail -n1 etc/keep) = x ]",
                   ways[i]);
        unmount_sandbox(home, ways[i]);
        assert_int_equal(test_loops(home), 0);
    }
    unsetenv("WCL_MOUNT");
    test_shell(home, "[ $(wc -l <$H.list.0) -gt 20 ]; diff $H.list.0 $H.list.1;"
                     " diff $H.list.0 $H.list.2; rm $H.list.*");
}

static void an_unpacking_without_room_leaves_nothing(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    const test_home *home = *state;
    test_home inner = *home;
    char path[128], tar[128];

    test_shell(home, "mkdir $H/small && mount -t tmpfs -o size=6M tmpfs $H/small;"
                     " head -c 4M /dev/urandom >$H/file; tar -C $H -cf $H/tar file");
    snprintf(path, sizeof(path), "%s/small", home->path);
    inner.driver.home_dir = path;
    snprintf(tar, sizeof(tar), "%s/tar", home->path);
    test_import(&inner, "base", NULL, 0, tar);
    setenv("WCL_MOUNT", "unpack", 1);
    assert_fails(WCL_CODE_DISK_FULL, wcl_store_prepare(&inner.driver, "base", none, &error),
                 &error);
    test_shell(home, "[ ! -e $H/small/base/unpacked ]; [ ! -e $H/small/base/unpacked.new ];"
                     " [ -z \"$(ls $H/small/.staging)\" ]; mount -o remount,size=20M $H/small");
    assert_ok(wcl_store_prepare(&inner.driver, "base", none, &error), &error);
    unsetenv("WCL_MOUNT");
    test_shell(home, "cmp $H/file $H/small/base/merged/file");
    assert_ok(wcl_store_unprepare(&inner.driver, "base", &error), &error);
    test_shell(home, "umount $H/small");
}

static void an_unknown_way_is_refused(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    const test_home *home = *state;

    import_linux(home);
    setenv("WCL_MOUNT", "magic", 1);
    assert_fails(WCL_CODE_INVALID_PARAMETER,
                 wcl_store_prepare(&home->driver, "child", none, &error), &error);
    unsetenv("WCL_MOUNT");
    assert_int_equal(test_mounts(home), 0);
}

static void the_ways_are_found_by_trying(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    const test_home *home = *state;
    wcl_chain_backing way;
    char reason[200];
    wcl_store store;

    assert_ok(wcl_store_make(&home->driver, &store, &error), &error);
    assert_ok(wcl_mount_choose(store.home_fd, &way, reason, &error), &error);
    assert_in_range(way, WCL_MOUNT_FILES, WCL_MOUNT_UNPACK);
    assert_true(way == WCL_MOUNT_FILES ? reason[0] == '\0' : reason[0] != '\0');
    setenv("WCL_MOUNT", "loop", 1);
    assert_ok(wcl_mount_choose(store.home_fd, &way, reason, &error), &error);
    unsetenv("WCL_MOUNT");
    assert_int_equal(way, WCL_MOUNT_LOOP);
    assert_non_null(strstr(reason, "WCL_MOUNT"));
    wcl_store_close(&store);
    /* tmpfs cannot be mounted from file by file. */
    test_shell(home, "mkdir $H/tmpfs && mount -t tmpfs tmpfs $H/tmpfs");
    char path[128];
    wcl_driver driver = home->driver;
    snprintf(path, sizeof(path), "%s/tmpfs", home->path);
    driver.home_dir = path;
    assert_ok(wcl_store_make(&driver, &store, &error), &error);
    assert_ok(wcl_mount_choose(store.home_fd, &way, reason, &error), &error);
    wcl_store_close(&store);
    assert_int_equal(way, WCL_MOUNT_LOOP);
    assert_non_null(strstr(reason, "files: "));
    test_shell(home, "umount $H/tmpfs");
}

static void of_a_windows_layer_the_volume_is_mounted(void **state)
{
    const test_home *home = *state;
    static const char *const ways[] = { "files", "loop", "unpack" };

    test_import(home, "win", NULL, 0, "tests/data/vectors/layer.tar");
    for (size_t i = 0; i < 3; i++) {
        setenv("WCL_MOUNT", ways[i], 1);
        mount_sandbox(home, ways[i], "win", 0);
        assert_int_equal(test_mounts(home), 2);
        test_shell(home,
                   "cd $H/%s/merged; [ ! -e Files ]; [ ! -e Hives ]; [ $(ls | wc -l) -gt 0 ];"
                   " getfattr -n trusted.wcl.basic . >/dev/null 2>&1",
                   ways[i]);
        unmount_sandbox(home, ways[i]);
    }
    unsetenv("WCL_MOUNT");
}

static void a_limit_holds_and_grows_while_mounted(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    const test_home *home = *state;

    import_linux(home);
    assert_fails(WCL_CODE_INVALID_PARAMETER,
                 wcl_store_create_sandbox(&home->driver, "tiny", "child", none, 1024, &error),
                 &error);
    test_shell(home, "[ ! -e $H/tiny ]; [ -z \"$(ls $H/.staging)\" ]");
    mount_sandbox(home, "box", "child", UINT64_C(64) << 20);
    assert_int_equal(test_mounts(home), 3);
    test_shell(home,
               "cd $H/box/merged; head -c 128M /dev/zero >full 2>/dev/null && exit 1;"
               " s=$(stat -c %%s full); [ $s -le $((64<<20)) ]; [ $s -ge $((63<<20)) ]; rm full");
    assert_ok(wcl_store_expand_sandbox(&home->driver, "box", UINT64_C(128) << 20, &error), &error);
    test_shell(home,
               "cd $H/box/merged; head -c 256M /dev/zero >full 2>/dev/null && exit 1;"
               " s=$(stat -c %%s full); [ $s -le $((128<<20)) ]; [ $s -ge $((127<<20)) ]; sync");
    /* At least that size: it is. */
    assert_ok(wcl_store_expand_sandbox(&home->driver, "box", UINT64_C(32) << 20, &error), &error);
    test_shell(home, "grep -q '\"limit\":[[:space:]]*134217728' $H/box/layer.json");
    unmount_sandbox(home, "box");
    assert_int_equal(test_loops(home), 0);
    assert_ok(wcl_store_expand_sandbox(&home->driver, "box", UINT64_C(300) << 20, &error), &error);
    assert_int_equal(test_mounts(home), 0);
    assert_int_equal(test_loops(home), 0);
    assert_ok(wcl_store_activate(&home->driver, "box", &error), &error);
    assert_ok(wcl_store_prepare(&home->driver, "box", none, &error), &error);
    test_shell(home, "cd $H/box/merged; head -c 400M /dev/zero >>full 2>/dev/null && exit 1;"
                     " s=$(stat -c %%s full); [ $s -le $((300<<20)) ]; [ $s -ge $((298<<20)) ]");
    unmount_sandbox(home, "box");
    test_shell(home, "fsck.ext4 -fn $H/box/sandbox.img >/dev/null 2>&1");
}

static void only_sandboxes_grow(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    const test_home *home = *state;

    import_linux(home);
    assert_fails(WCL_CODE_INVALID_PARAMETER,
                 wcl_store_expand_sandbox(&home->driver, "child", 1 << 30, &error), &error);
    assert_ok(wcl_store_create_sandbox(&home->driver, "box", "child", none, 0, &error), &error);
    assert_ok(wcl_store_expand_sandbox(&home->driver, "box", 1 << 30, &error), &error);
    test_shell(home, "[ ! -e $H/box/sandbox.img ]");
}

static void a_home_may_have_any_name(void **state)
{
    const test_home *home = *state;
    char odd[600];

    /* Longer than an option of a mount may be, and with what means something in options. */
    for (int length = 1; length <= 201; length += 100) {
        test_home inner = *home;
        snprintf(odd, sizeof(odd), "%s/a:b,c\\d \"%0*d/%0*d", home->path, length, 0, length, 0);
        inner.driver.home_dir = odd;
        test_import(&inner, "win", NULL, 0, "tests/data/vectors/layer.tar");
        mount_sandbox(&inner, "box", "win", 1 << 24);
        test_shell(home, "cd $H/a*/*/box/merged; echo x >new; [ -d Windows ]");
        unmount_sandbox(&inner, "box");
        test_shell(home, "rm -r $H/a*");
    }
}

/* Opens the layer and asks whether it may be removed. */
static wcl_status check_unmounted(const test_home *home, const char *id, wcl_error *error)
{
    WCL_CLEANUP_STORE wcl_store store = WCL_STORE_INIT;
    WCL_CLEANUP_STORE_LAYER wcl_store_layer layer = WCL_STORE_LAYER_INIT;

    assert_ok(wcl_store_open(&home->driver, &store, error), error);
    assert_ok(wcl_store_layer_open(&store, id, WCL_LOCK_EXCLUSIVE, &layer, error), error);
    return wcl_sandbox_check_unmounted(&store, &layer, error);
}

static void what_is_mounted_may_not_be_removed(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    const test_home *home = *state;

    import_linux(home);
    assert_ok(check_unmounted(home, "child", &error), &error);
    mount_sandbox(home, "box", "child", UINT64_C(16) << 20);
    assert_fails(WCL_CODE_BUSY, check_unmounted(home, "box", &error), &error);
    assert_fails(WCL_CODE_BUSY, check_unmounted(home, "child", &error), &error);
    assert_ok(check_unmounted(home, "base", &error), &error);
    assert_ok(wcl_store_unprepare(&home->driver, "box", &error), &error);
    assert_fails(WCL_CODE_BUSY, check_unmounted(home, "box", &error), &error);
    assert_ok(check_unmounted(home, "child", &error), &error);
    assert_ok(wcl_store_deactivate(&home->driver, "box", &error), &error);
    assert_ok(check_unmounted(home, "box", &error), &error);
}

static void a_sandbox_can_stand_on_a_sandbox(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    const test_home *home = *state;

    import_linux(home);
    mount_sandbox(home, "init", "child", UINT64_C(16) << 20);
    test_shell(home, "cd $H/init/merged; echo init >etc/hosts; rm etc/keep");
    assert_ok(wcl_store_create_sandbox(&home->driver, "box", "init", none, 0, &error), &error);
    assert_ok(wcl_store_activate(&home->driver, "box", &error), &error);
    assert_fails(WCL_CODE_BUSY, wcl_store_prepare(&home->driver, "box", none, &error), &error);
    unmount_sandbox(home, "init");
    assert_ok(wcl_store_prepare(&home->driver, "box", none, &error), &error);
    test_shell(home,
               "cd $H/box/merged; [ $(cat etc/hosts) = init ]; [ ! -e etc/keep ];"
               " [ $(cat etc/name) = child ]; [ $(stat -c %%a .) = 751 ]; echo box >etc/hosts");
    /* Its storage is used by the other: activating it again finds it there. */
    assert_ok(wcl_store_activate(&home->driver, "init", &error), &error);
    assert_ok(wcl_store_deactivate(&home->driver, "init", &error), &error);
    test_shell(home, "[ $(cat $H/box/merged/etc/hosts) = box ]");
    unmount_sandbox(home, "box");
    assert_int_equal(test_mounts(home), 0);
}

int main(void)
{
    if (!test_can_mount())
        return 77;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_sandbox_shows_the_chain_and_keeps_what_is_written,
                                        test_home_make, test_home_remove),
        cmocka_unit_test_setup_teardown(calls_out_of_turn_fail_and_change_nothing, test_home_make,
                                        test_home_remove),
        cmocka_unit_test_setup_teardown(a_mount_in_use_stays_and_names_its_user, test_home_make,
                                        test_home_remove),
        cmocka_unit_test_setup_teardown(sandboxes_of_a_chain_share_one_mount_until_the_last_goes,
                                        test_home_make, test_home_remove),
        cmocka_unit_test_setup_teardown(markers_of_mounts_that_are_gone_are_void, test_home_make,
                                        test_home_remove),
        cmocka_unit_test_setup_teardown(a_read_only_layer_mounts_read_only, test_home_make,
                                        test_home_remove),
        cmocka_unit_test_setup_teardown(every_way_of_mounting_shows_the_same, test_home_make,
                                        test_home_remove),
        cmocka_unit_test_setup_teardown(an_unknown_way_is_refused, test_home_make,
                                        test_home_remove),
        cmocka_unit_test_setup_teardown(the_ways_are_found_by_trying, test_home_make,
                                        test_home_remove),
        cmocka_unit_test_setup_teardown(of_a_windows_layer_the_volume_is_mounted, test_home_make,
                                        test_home_remove),
        cmocka_unit_test_setup_teardown(a_limit_holds_and_grows_while_mounted, test_home_make,
                                        test_home_remove),
        cmocka_unit_test_setup_teardown(an_unpacking_without_room_leaves_nothing, test_home_make,
                                        test_home_remove),
        cmocka_unit_test_setup_teardown(a_home_may_have_any_name, test_home_make, test_home_remove),
        cmocka_unit_test_setup_teardown(only_sandboxes_grow, test_home_make, test_home_remove),
        cmocka_unit_test_setup_teardown(what_is_mounted_may_not_be_removed, test_home_make,
                                        test_home_remove),
        cmocka_unit_test_setup_teardown(a_sandbox_can_stand_on_a_sandbox, test_home_make,
                                        test_home_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
