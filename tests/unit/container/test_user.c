/* Users of a container, whose files of users may be anything. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/beneath.h"
#include "container/oci/user.h"

static char root[64], passwd[96], group[96];

static void put(const char *path, const char *text)
{
    WCL_CLEANUP_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static int make_root(void **state)
{
    char etc[80];

    (void)state;
    strcpy(root, "/tmp/wcl-user-XXXXXX");
    if (!mkdtemp(root))
        return -1;
    strcat(strcpy(etc, root), "/etc");
    strcat(strcpy(passwd, etc), "/passwd");
    strcat(strcpy(group, etc), "/group");
    if (mkdir(etc, 0755) != 0)
        return -1;
    put(passwd, "root:x:0:0::/:\nsomeone:x:12:34::/:\r\nodd\nlast:x:56:78::/:");
    put(group, "root:x:0:\nthose:x:90:someone,last\nothers:x:91:last\n");
    return 0;
}

static int remove_root(void **state)
{
    (void)state;
    return wcl_beneath_remove_tree(AT_FDCWD, root, NULL) == WCL_OK ? 0 : -1;
}

static uint32_t code_of(const char *name)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_user user;

    return wcl_user_find(root, name, &user, &error) == WCL_OK ? 0 : error.code;
}

static void users_are_found_by_name_and_number(void **state)
{
    wcl_user user;

    (void)state;
    assert_int_equal(wcl_user_find(root, "someone", &user, NULL), WCL_OK);
    assert_int_equal(user.uid, 12);
    assert_int_equal(user.gid, 34);
    assert_int_equal(user.group_count, 1);
    assert_int_equal(user.groups[0], 90);
    assert_int_equal(wcl_user_find(root, "56", &user, NULL), WCL_OK);
    assert_int_equal(user.gid, 78);
    assert_int_equal(user.group_count, 2);
    assert_int_equal(wcl_user_find(root, "last:others", &user, NULL), WCL_OK);
    assert_int_equal(user.gid, 91);
    assert_int_equal(user.group_count, 0);
    assert_int_equal(wcl_user_find(root, "1000:7", &user, NULL), WCL_OK);
    assert_int_equal(user.uid, 1000);
    assert_int_equal(user.gid, 7);
}

static void who_is_missing_has_codes_of_their_own(void **state)
{
    (void)state;
    assert_int_equal(code_of("nobody"), WCL_CODE_NO_SUCH_USER);
    assert_int_equal(code_of("someone:nobody"), WCL_CODE_NO_SUCH_GROUP);
    assert_int_equal(unlink(passwd), 0);
    assert_int_equal(code_of("someone"), WCL_CODE_NO_SUCH_USER);
    assert_int_equal(code_of("root"), 0);
    assert_int_equal(code_of("12"), 0);
    const wcl_error error = { .code = WCL_CODE_NO_SUCH_USER };
    assert_false(wcl_error_is_not_exist(&error));
    assert_false(wcl_error_is_already_stopped(&error));
}

static void only_a_regular_file_of_some_size_is_read(void **state)
{
    (void)state;
    assert_int_equal(truncate(passwd, (off_t)64 << 20), 0);
    assert_int_equal(code_of("nobody"), WCL_CODE_FILE_TOO_LARGE);
    assert_int_equal(unlink(passwd), 0);
    assert_int_equal(mkfifo(passwd, 0644), 0);
    assert_int_equal(code_of("nobody"), WCL_CODE_INVALID_DATA);
    assert_int_equal(unlink(passwd), 0);
    /* /dev/zero, where it can be made */
    if (mknod(passwd, S_IFCHR | 0644, makedev(1, 5)) == 0) {
        assert_int_equal(code_of("nobody"), WCL_CODE_INVALID_DATA);
        assert_int_equal(unlink(passwd), 0);
    }
    assert_int_equal(symlink("/etc/group", passwd), 0);
    assert_int_equal(code_of("root"), 0);
    assert_int_equal(unlink(group), 0);
    assert_int_equal(mkfifo(group, 0644), 0);
    assert_int_equal(code_of("1:nobody"), WCL_CODE_INVALID_DATA);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(users_are_found_by_name_and_number, make_root, remove_root),
        cmocka_unit_test_setup_teardown(who_is_missing_has_codes_of_their_own, make_root,
                                        remove_root),
        cmocka_unit_test_setup_teardown(only_a_regular_file_of_some_size_is_read, make_root,
                                        remove_root),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
