/* A home of its own for each test, in a mount namespace of the test program's own, so that nothing
 * stays mounted whatever happens. */
#ifndef TESTS_UNIT_STORE_HOME_H
#define TESTS_UNIT_STORE_HOME_H

#include <wcl/layer.h>

typedef struct test_home {
    char path[64];
    wcl_driver driver;
} test_home;

/* Whether mounts can be made here; says on the standard output why not. */
bool test_can_mount(void);

/* cmocka's setup and teardown: *state becomes a test_home. The teardown fails where a mount or a
 * loop device was left. */
int test_home_make(void **state);
int test_home_remove(void **state);

/* Runs a shell command made as by printf, in which $H is the home; fails the test unless it exits
 * with 0. */
void test_shell(const test_home *home, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Its exit status. */
int test_shell_status(const test_home *home, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Imports a tar as the layer `id`; `parent` may be NULL, and is its whole chain otherwise. */
void test_import(const test_home *home, const char *id, const char *const *parents,
                 size_t parent_count, const char *tar);

/* What is mounted at or beneath the home, and loop devices on its files. */
int test_mounts(const test_home *home);
int test_loops(const test_home *home);

#endif
