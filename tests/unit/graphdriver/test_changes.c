/* Changes and diffs of every kind of change, there and back. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "unit/graphdriver/fixture.h"
#include "tests/tools/outcome.h"

static void expect_changes(const test_driver *test, const char *id, const char *parent,
                           const char *expected)
{
    WCL_CLEANUP_BUFFER wcl_buffer changes = test_changes(test, id, parent);

    assert_string_equal(wcl_buffer_text(&changes), expected);
}

/* A base, a box on it in which `command` runs, and the changes that come of it. */
static void change(const test_driver *test, const char *command, const char *expected)
{
    wcl_error error = WCL_ERROR_INIT;

    test_layer(test, "base", NULL,
               "mkdir d d/deep e; echo a > a; echo b > d/b; echo c > d/deep/c; ln -s a link; "
               "chmod 600 a; touch -d 2001-01-01 a d/b d/deep/c d/deep d e");
    assert_ok(wcl_graphdriver_create_read_write(test->driver, "box", "base", NULL, &error), &error);
    test_in(test, "box", command);
    expect_changes(test, "box", "base", expected);
}

static void nothing_done_is_nothing_changed(void **state)
{
    change(*state, "cat a d/b >/dev/null; ls d", "");
}

static void touching_modifies(void **state)
{
    change(*state, "touch -d 2002-02-02 a", "C /a\n");
}

static void changing_a_mode_modifies(void **state)
{
    change(*state, "chmod 755 d/b", "C /d\nC /d/b\n");
}

static void making_adds_and_modifies_the_folder(void **state)
{
    change(*state, "echo n > d/new; mkdir d/newdir; echo m > d/newdir/file",
           "C /d\nA /d/new\nA /d/newdir\nA /d/newdir/file\n");
}

static void deleting_deletes(void **state)
{
    change(*state, "rm d/b; rm -r d/deep", "C /d\nD /d/b\nD /d/deep\n");
}

static void renaming_deletes_and_adds(void **state)
{
    change(*state, "mv a d/moved", "D /a\nC /d\nA /d/moved\n");
}

static void replacing_a_folder_modifies_it_and_deletes_what_was_in_it(void **state)
{
    const test_driver *test = *state;

    change(test, "rm -r d; mkdir d; echo fresh > d/fresh", "C /d\nD /d/b\nD /d/deep\nA /d/fresh\n");
}

static void a_file_in_the_place_of_a_folder_modifies(void **state)
{
    change(*state, "rm -r d; echo file > d; rm a; mkdir a", "C /a\nC /d\n");
}

/* What a box looks like must come back from its diff on the same parent. */
static void a_diff_applied_elsewhere_is_the_same(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    const test_driver *test = *state;
    uint64_t told = 0, size = 0;
    static const char look[] =
        "find . -mindepth 1 -printf '%p %y %m %U:%G %l ' "
        "\\( -type f -printf '%n %s %T@' -o -type c -printf '%s' -o -printf '' \\) -printf '\\n' "
        "| sort; find . -type f -exec sha256sum {} + | sort; getfattr -R -m '^(user|security)' -d "
        ".";
    char command[1024];

    test_layer(
        test, "base", NULL,
        "mkdir d d/deep e; echo a > a; echo b > d/b; echo c > d/deep/c; for i in $(seq 200); "
        "do echo $i > e/$i; done");
    assert_ok(wcl_graphdriver_create_read_write(test->driver, "box", "base", NULL, &error), &error);
    test_in(test, "box",
            "echo new > new; ln new second; ln -s new third; mknod node c 1 3; mknod block b 7 0; "
            "mkfifo pipe; chown 5:6 new; chmod 4711 new; truncate -s 9M holes; "
            "echo middle | dd of=holes bs=1M seek=4 conv=notrunc 2>/dev/null; rm -r d; mkdir d; "
            "echo fresh > d/fresh; rm e/1 e/20; echo more >> e/30; mv e/40 e/forty; "
            "setfattr -n user.mark -v x e; setcap cap_net_raw+ep e/50 2>/dev/null || "
            "setfattr -n security.capability -v 0sAQAAAgAgAAAAAAAAAAAAAAAAAAA= e/50; "
            "python3 -c \"import socket; socket.socket(socket.AF_UNIX).bind('socket')\"");
    WCL_CLEANUP_BUFFER wcl_buffer diff = test_diff(test, "box", "base");
    assert_ok(wcl_graphdriver_create(test->driver, "again", "base", NULL, &error), &error);
    assert_ok(test_apply(test, "again", "base", diff.data, diff.size, &size, &error), &error);
    assert_ok(wcl_graphdriver_diff_size(test->driver, "again", "base", &told, &error), &error);
    assert_true(told == size && size >= 9 * 1024 * 1024);
    assert_ok(wcl_graphdriver_diff_size(test->driver, "box", "base", &told, &error), &error);
    assert_true(told == size);
    test_in(test, "box", "rm socket");
    snprintf(command, sizeof(command), "{ %s; } > %s/.before", look, test->home);
    test_in(test, "box", command);
    snprintf(command, sizeof(command), "{ %s; } > %s/.after", look, test->home);
    test_in(test, "again", command);
    test_shell("diff %s/.before %s/.after && grep -q security.capability %s/.after && "
               "! grep -q socket %s/.after",
               test->home, test->home, test->home, test->home);
}

static void a_diff_comes_back_byte_for_byte(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    const test_driver *test = *state;
    WCL_CLEANUP_BUFFER wcl_buffer tar = test_tar("mkdir d; echo b > d/b; ln d/b c");
    uint64_t size;

    assert_ok(wcl_graphdriver_create(test->driver, "base", NULL, NULL, &error), &error);
    assert_ok(test_apply(test, "base", NULL, tar.data, tar.size, &size, &error), &error);
    WCL_CLEANUP_BUFFER wcl_buffer back = test_diff(test, "base", "");
    assert_int_equal(back.size, tar.size);
    assert_memory_equal(back.data, tar.data, tar.size);
    assert_true(wcl_graphdriver_reproduces_exact_diffs(test->driver));
}

static void a_read_only_layer_tells_its_changes_of_any_other(void **state)
{
    const test_driver *test = *state;

    test_layer(test, "one", NULL, "echo a > a; echo b > b; touch -d 2001-01-01 a b");
    test_layer(test, "two", "one", "echo c > c; : > .wh.a");
    test_layer(test, "three", "two", "echo d > d; touch -d 2001-01-01 d");
    expect_changes(test, "three", "two", "A /d\n");
    expect_changes(test, "three", "one", "D /a\nA /c\nA /d\n");
    expect_changes(test, "one", "", "A /a\nA /b\n");
}

/* docker build --squash */
static void a_diff_of_several_layers_is_what_they_change_together(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    const test_driver *test = *state;
    uint64_t size, squashed;

    test_layer(test, "one", NULL,
               "mkdir d e; echo a > a; echo b > d/b; ln a e/a; echo g > e/gone; echo k > keep; "
               "touch -d 2001-01-01 a d/b d e e/gone keep");
    test_layer(test, "two", "one", "mkdir d; echo temporary > d/t; echo c > d/c; : > .wh.keep");
    assert_ok(wcl_graphdriver_create_read_write(test->driver, "box", "two", NULL, &error), &error);
    test_in(test, "box",
            "rm d/t e/gone; ln -s a link; echo more >> a; mkdir keep; echo n > keep/n");
    WCL_CLEANUP_BUFFER wcl_buffer top = test_diff(test, "box", "two");
    assert_ok(wcl_graphdriver_create(test->driver, "three", "two", NULL, &error), &error);
    assert_ok(test_apply(test, "three", "two", top.data, top.size, &size, &error), &error);
    WCL_CLEANUP_BUFFER wcl_buffer all = test_diff(test, "three", "one");
    assert_ok(wcl_graphdriver_create(test->driver, "squashed", "one", NULL, &error), &error);
    assert_ok(test_apply(test, "squashed", "one", all.data, all.size, &squashed, &error), &error);
    assert_ok(wcl_graphdriver_diff_size(test->driver, "three", "one", &size, &error), &error);
    assert_int_equal(size, squashed);
    /* a, d/c, keep/n and the link; e/a, the other name of what a was, is as before */
    assert_int_equal(size, 7 + 2 + 2 + 1);
    expect_changes(test, "three", "squashed", "");
    expect_changes(test, "squashed", "three", "");
    test_in(test, "squashed",
            "[ ! -e d/t ] && [ ! -e e/gone ] && [ -f keep/n ] && [ $(cat d/c) = c ]");
}

/* What moby's own tests of its drivers do. */
static void an_empty_parent_means_all_that_a_layer_shows(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    const test_driver *test = *state;
    uint64_t size, applied;

    assert_ok(wcl_graphdriver_create(test->driver, "base", NULL, NULL, &error), &error);
    test_in(test, "base", "echo one > a; echo two > b; echo gone > gone; mkdir -p var/lib");
    assert_ok(wcl_graphdriver_create(test->driver, "upper", "base", NULL, &error), &error);
    test_in(test, "upper", "echo ONE > a; echo TWO > b; rm gone; rm -r var/lib; ln -s a link");
    assert_ok(wcl_graphdriver_diff_size(test->driver, "upper", "", &size, &error), &error);
    assert_ok(wcl_graphdriver_create(test->driver, "diff", "base", NULL, &error), &error);
    test_in(test, "diff", "[ $(cat a) = one ] && [ -d var/lib ]");
    WCL_CLEANUP_BUFFER wcl_buffer diff = test_diff(test, "upper", "base");
    assert_ok(test_apply(test, "diff", "base", diff.data, diff.size, &applied, &error), &error);
    assert_int_equal(size, applied);
    assert_int_equal(size, 4 + 4 + 1);
    test_in(test, "diff", "[ $(cat a) = ONE ] && [ ! -e gone ] && [ ! -e var/lib ] && [ -h link ]");
    WCL_CLEANUP_BUFFER wcl_buffer all = test_diff(test, "upper", "");
    assert_ok(wcl_graphdriver_create(test->driver, "alone", "", NULL, &error), &error);
    assert_ok(test_apply(test, "alone", "", all.data, all.size, &applied, &error), &error);
    assert_int_equal(size, applied);
    expect_changes(test, "alone", "upper", "");
}

static void a_diff_is_applied_onto_what_is_written_to(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    const test_driver *test = *state;
    uint64_t size;
    WCL_CLEANUP_BUFFER wcl_buffer tar =
        test_tar("mkdir -p d/new o sub; echo A > a; ln a d/link; echo n > d/new/n; : > .wh.gone; "
                 ": > o/.wh..wh..opq; echo o > o/o; ln -s a s; echo file > was-folder; "
                 "mkdir was-link; echo x > was-link/x; chmod 711 sub; chown 3:4 sub; mkfifo p; "
                 "setfattr -n user.mark -v x a; touch -d 2001-01-01 d");
    static const char made[] =
        "mkdir -p d o/deep was-folder/in sub; echo a > a; echo kept > d/kept; echo g > gone; "
        "echo o > o/deep/old; echo s > sub/s; ln -s / was-link";

    test_layer(test, "base", NULL, made);
    assert_ok(wcl_graphdriver_create_read_write(test->driver, "box", "base", NULL, &error), &error);
    assert_ok(wcl_graphdriver_create(test->driver, "open", "", NULL, &error), &error);
    test_in(test, "box", "echo m > mine");
    test_in(test, "open", made);
    test_in(test, "open", "echo m > mine");
    for (int i = 0; i < 2; i++) {
        const char *id = i ? "open" : "box", *parent = i ? "" : "base";
        assert_ok(test_apply(test, id, parent, tar.data, tar.size, &size, &error), &error);
        assert_int_equal(size, 2 + 2 + 2 + 1 + 5 + 2);
        test_in(
            test, id,
            "[ \"$(echo *)\" = 'a d mine o p s sub was-folder was-link' ]; [ $(cat a) = A ]; "
            "[ a -ef d/link ]; [ \"$(ls d | tr '\\n' ' ')\" = 'kept link new ' ]; "
            "[ $(ls -A o) = o ]; [ -f was-folder ]; [ $(cat was-link/x) = x ]; [ -p p ]; "
            "[ $(stat -c %a:%u:%g sub) = 711:3:4 ]; [ $(cat sub/s) = s ]; ! ls -d .w* 2>/dev/null; "
            "[ $(getfattr --only-values -n user.mark a) = x ]; [ $(stat -c %Y d) = $(date -d "
            "2001-01-01 +%s) ]; [ ! -e /x ]");
    }
    WCL_CLEANUP_BUFFER wcl_buffer diff = test_diff(test, "box", "base");
    assert_ok(wcl_graphdriver_create(test->driver, "again", "base", NULL, &error), &error);
    assert_ok(test_apply(test, "again", "base", diff.data, diff.size, &size, &error), &error);
    test_in(test, "again", "[ ! -e gone ] && [ a -ef d/link ] && [ $(cat mine) = m ]");
    test_shell("[ \"$(ls %s | tr '\\n' ' ')\" = 'again base box open open.scratch ' ]", test->home);
}

static void what_cannot_be_told_is_said(void **state)
{
    const test_driver *test = *state;
    wcl_error error = WCL_ERROR_INIT;
    uint64_t size;

    test_layer(test, "one", NULL, "echo a > a");
    test_layer(test, "two", "one", "echo b > b");
    assert_ok(wcl_graphdriver_create_read_write(test->driver, "box", "two", NULL, &error), &error);
    assert_int_equal(wcl_graphdriver_diff_size(test->driver, "box", "one", &size, &error),
                     WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_NOT_SUPPORTED);
    assert_non_null(strstr(error.message, "two"));
}

int main(void)
{
#define WITH_DRIVER(test)                                                                          \
    cmocka_unit_test_setup_teardown(test, test_driver_make, test_driver_remove)
    const struct CMUnitTest tests[] = {
        WITH_DRIVER(nothing_done_is_nothing_changed),
        WITH_DRIVER(touching_modifies),
        WITH_DRIVER(changing_a_mode_modifies),
        WITH_DRIVER(making_adds_and_modifies_the_folder),
        WITH_DRIVER(deleting_deletes),
        WITH_DRIVER(renaming_deletes_and_adds),
        WITH_DRIVER(replacing_a_folder_modifies_it_and_deletes_what_was_in_it),
        WITH_DRIVER(a_file_in_the_place_of_a_folder_modifies),
        WITH_DRIVER(a_diff_applied_elsewhere_is_the_same),
        WITH_DRIVER(a_diff_comes_back_byte_for_byte),
        WITH_DRIVER(a_read_only_layer_tells_its_changes_of_any_other),
        WITH_DRIVER(a_diff_of_several_layers_is_what_they_change_together),
        WITH_DRIVER(an_empty_parent_means_all_that_a_layer_shows),
        WITH_DRIVER(a_diff_is_applied_onto_what_is_written_to),
        WITH_DRIVER(what_cannot_be_told_is_said),
    };
    if (!test_can_mount())
        return 77;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
