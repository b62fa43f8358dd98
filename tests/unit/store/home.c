/* Homes for tests that mount. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "unit/store/home.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "layer/store/import/import.h"

bool test_can_mount(void)
{
    if (geteuid() != 0) {
        printf("skipped: only root can mount\n");
        return false;
    }
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
        printf("skipped: cannot make a mount namespace here\n");
        return false;
    }
    return true;
}

static int run(const test_home *home, const char *format, va_list arguments)
{
    char command[8192];

    int length = snprintf(command, sizeof(command), "set -e; H='%s'; ", home->path);
    vsnprintf(command + length, sizeof(command) - (size_t)length, format, arguments);
    int result = system(command); /* NOLINT(cert-env33-c): tests are scripts */
    return WIFEXITED(result) ? WEXITSTATUS(result) : -1;
}

void test_shell(const test_home *home, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int result = run(home, format, arguments);
    va_end(arguments);
    if (result != 0)
        print_error("exit %d of: %s\n", result, format);
    assert_int_equal(result, 0);
}

int test_shell_status(const test_home *home, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int result = run(home, format, arguments);
    va_end(arguments);
    return result;
}

int test_home_make(void **state)
{
    test_home *home = calloc(1, sizeof(*home));

    if (!home)
        return -1;
    snprintf(home->path, sizeof(home->path), "/var/tmp/wcl-test-XXXXXX");
    if (!mkdtemp(home->path))
        return -1;
    home->driver = (wcl_driver)WCL_DRIVER_INIT;
    home->driver.home_dir = home->path;
    *state = home;
    return 0;
}

static int count_lines(const char *command)
{
    char text[32] = "";
    FILE *pipe = popen(command, "re"); /* NOLINT(cert-env33-c): tests are scripts */

    if (!pipe)
        return -1;
    const char *got = fgets(text, sizeof(text), pipe);
    pclose(pipe);
    return got ? atoi(text) : -1;
}

int test_mounts(const test_home *home)
{
    char command[256];

    snprintf(command, sizeof(command), "grep -c ' %s/' /proc/self/mountinfo", home->path);
    return count_lines(command);
}

int test_loops(const test_home *home)
{
    char command[256];

    /* A device lets go of its file a moment after its last user. */
    snprintf(command, sizeof(command),
             "for i in 1 2 3 4 5 6 7 8 9 10; do"
             " n=$(cat /sys/block/loop*/loop/backing_file 2>/dev/null | grep -c '^%s/');"
             " [ $n = 0 ] && break; sleep 0.1; done; echo $n",
             home->path);
    return count_lines(command);
}

int test_home_remove(void **state)
{
    test_home *home = *state;
    int mounts = test_mounts(home);

    if (mounts > 0)
        test_shell_status(home,
                          "while m=$(grep -o \" $H/[^ ]*\" /proc/self/mountinfo | tail -n1) &&"
                          " [ -n \"$m\" ]; do umount -l $m; done");
    int loops = test_loops(home);
    test_shell_status(home, "rm -rf \"$H\"");
    free(home);
    if (mounts > 0 || loops > 0)
        print_error("%d mounts and %d loop devices were left\n", mounts, loops);
    return mounts == 0 && loops == 0 ? 0 : -1;
}

static wcl_status read_fd(void *context, void *buffer, size_t size, size_t *got, wcl_error *error)
{
    const int *fd = context;
    ssize_t count = read(*fd, buffer, size);

    (void)error;
    *got = count > 0 ? (size_t)count : 0;
    return count < 0 ? WCL_FAILED : WCL_OK;
}

void test_import(const test_home *home, const char *id, const char *const *parents,
                 size_t parent_count, const char *tar)
{
    wcl_error error = WCL_ERROR_INIT;
    char text[1400];
    int fd = open(tar, O_RDONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    wcl_status status =
        wcl_layer_import_tar(&home->driver, id, (wcl_parents) { parents, parent_count }, read_fd,
                             &fd, NULL, NULL, &error);
    close(fd);
    if (status != WCL_OK)
        print_error("%s\n", wcl_error_format(&error, text, sizeof(text)));
    assert_int_equal(status, WCL_OK);
}
