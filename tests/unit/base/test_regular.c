/* Of a folder that others fill, nothing but regular files is opened, and no more is read of them
 * than was said. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/regular.h"

static char folder[64];
static int root = -1;

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/wcl-regular-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    root = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return root < 0 ? -1 : mkdirat(root, "etc", 0755);
}

static int remove_folder(void **state)
{
    (void)state;
    close(root);
    return wcl_beneath_remove_tree(AT_FDCWD, folder, NULL) == WCL_OK ? 0 : -1;
}

static void put(const char *path, const char *text)
{
    WCL_CLEANUP_FD int fd = openat(root, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static uint32_t code_of_read(const char *path, wcl_links links, size_t limit)
{
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;
    wcl_error error = WCL_ERROR_INIT;
    wcl_status status = wcl_regular_read(root, path, links, limit, &text, &error);

    assert_true((status == WCL_OK) == (error.code == 0));
    return error.code;
}

static void a_file_is_read_up_to_its_limit(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;
    WCL_CLEANUP_FD int sparse = openat(root, "sparse", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

    (void)state;
    put("etc/file", "12345");
    assert_int_equal(wcl_buffer_append_text(&text, "before ", NULL), WCL_OK);
    assert_int_equal(wcl_regular_read(root, "etc/file", WCL_LINKS_REFUSED, 5, &text, NULL), WCL_OK);
    assert_string_equal(wcl_buffer_text(&text), "before 12345");
    assert_int_equal(code_of_read("etc/file", WCL_LINKS_REFUSED, 4), WCL_CODE_FILE_TOO_LARGE);
    assert_int_equal(code_of_read("etc/none", WCL_LINKS_REFUSED, 4), WCL_CODE_FILE_NOT_FOUND);
    assert_int_equal(ftruncate(sparse, (off_t)1 << 40), 0);
    assert_int_equal(code_of_read("sparse", WCL_LINKS_REFUSED, 1 << 20), WCL_CODE_FILE_TOO_LARGE);
}

/* Whether something in the folder was opened since the watch began. */
static bool was_opened(int watch)
{
    char events[4096];
    return read(watch, events, sizeof(events)) > 0;
}

static void what_is_no_regular_file_is_not_even_opened(void **state)
{
    WCL_CLEANUP_FD int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

    (void)state;
    assert_int_equal(mkfifoat(root, "etc/fifo", 0644), 0);
    if (inotify_add_watch(watch, folder, IN_OPEN) < 0)
        fail_msg("no watch");
    assert_int_equal(mkfifoat(root, "fifo", 0644), 0);
    assert_int_equal(code_of_read("fifo", WCL_LINKS_REFUSED, 10), WCL_CODE_INVALID_DATA);
    assert_int_equal(code_of_read("fifo", WCL_LINKS_IN_ROOT, 10), WCL_CODE_INVALID_DATA);
    assert_int_equal(code_of_read("etc", WCL_LINKS_REFUSED, 10), WCL_CODE_INVALID_DATA);
    assert_false(was_opened(watch));
    /* /dev/zero, which never ends; as who may make no devices, the test is of FIFOs alone */
    if (mknodat(root, "zero", S_IFCHR | 0644, makedev(1, 5)) == 0) {
        assert_int_equal(code_of_read("zero", WCL_LINKS_REFUSED, 10), WCL_CODE_INVALID_DATA);
        assert_int_equal(code_of_read("/zero", WCL_LINKS_IN_ROOT, 10), WCL_CODE_INVALID_DATA);
    }
    put("file", "x");
    assert_true(was_opened(watch));
}

static void links_stay_inside_or_are_refused(void **state)
{
    (void)state;
    put("etc/target", "in the root");
    assert_int_equal(symlinkat("/etc/target", root, "absolute"), 0);
    assert_int_equal(symlinkat("../../../etc/target", root, "etc/up"), 0);
    assert_int_equal(symlinkat("/etc/hostname", root, "outside"), 0);
    assert_int_equal(symlinkat("loop", root, "loop"), 0);
    assert_int_equal(code_of_read("absolute", WCL_LINKS_IN_ROOT, 100), 0);
    assert_int_equal(code_of_read("/etc/up", WCL_LINKS_IN_ROOT, 100), 0);
    assert_int_equal(code_of_read("outside", WCL_LINKS_IN_ROOT, 100), WCL_CODE_FILE_NOT_FOUND);
    assert_int_not_equal(code_of_read("loop", WCL_LINKS_IN_ROOT, 100), 0);
    assert_int_not_equal(code_of_read("absolute", WCL_LINKS_REFUSED, 100), 0);
    assert_int_not_equal(code_of_read("etc/up", WCL_LINKS_REFUSED, 100), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_is_read_up_to_its_limit, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(what_is_no_regular_file_is_not_even_opened, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(links_stay_inside_or_are_refused, make_folder,
                                        remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
